import {
  Complex,
  GoError,
  GoMap,
  type IntegerKind,
  integerOf,
  NamedSlice,
  Nil,
  NO_VALUE,
  Num,
  Opaque,
  Slice,
  Struct,
  typeOf,
  type Value,
} from './values.ts'

/** What any value may be given for. */
export const ANY = 'interface {}'
/** What a builtin asks for that looks at values itself. */
export const REFLECT = 'reflect.Value'

export const SIGNED: ReadonlyMap<string, number> = new Map([
  ['int', 64],
  ['int8', 8],
  ['int16', 16],
  ['int32', 32],
  ['int64', 64],
])
export const UNSIGNED: ReadonlyMap<string, number> = new Map([
  ['uint', 64],
  ['uint8', 8],
  ['uint16', 16],
  ['uint32', 32],
  ['uint64', 64],
  ['uintptr', 64],
])

export function canBeNil(type: string): boolean {
  return type === ANY || type === REFLECT || /^(\[\]|map\[|\*|func\(|chan |<-chan |error$)/.test(type)
}

/** Go's zero value of a type; undefined for structs, whose fields a name does not tell. */
export function zeroOf(type: string): Value | undefined {
  if (type === ANY || type === 'error') return null
  if (type === REFLECT) return NO_VALUE
  if (type === 'string') return ''
  if (type === 'bool') return false
  if (type === 'float64') return 0
  if (type === 'float32') return new Num('float32', 0)
  if (type === 'complex128') return new Complex(0, 0)
  if (type.startsWith('[]')) return new Slice(type, [], true)
  if (type.startsWith('map[')) return new GoMap(type, [], true)
  return canBeNil(type) ? new Nil(type) : toInteger(0n, type)
}

/** The value as one of this type; undefined where Go could not assign it. */
export function assigned(value: Value, type: string): Value | undefined {
  if (type === REFLECT) return value
  if (type === ANY) return value === NO_VALUE ? null : value
  if (value === null || value === NO_VALUE) return undefined
  const own = typeOf(value)
  if (own === type || (value instanceof NamedSlice && value.type === type)) return value
  // What a pointer points to is the same value here.
  return (value instanceof Struct || value instanceof Opaque) && own === `*${type}` ? value : undefined
}

/** For a call by value (`call`): integers become those of the kind that is wanted. */
export function prepared(value: Value, type: string): Value {
  if (value === null || value === NO_VALUE) {
    if (canBeNil(type)) return zeroOf(type) ?? null
    throw new GoError(`value is nil; should be of type ${type}`)
  }
  const integer = integerOf(value)
  const converted = integer === undefined ? undefined : toInteger(integer, type)
  const result = assigned(value, type) ?? converted
  if (result === undefined) throw new GoError(`value has type ${typeOf(value)}; should be ${type}`)
  return result
}

/** The integer as one of this type, cut to its size; undefined for a type of another sort. */
export function toInteger(value: bigint, type: string): Value | undefined {
  const signed = SIGNED.get(type)
  const unsigned = UNSIGNED.get(type)
  if (type === 'int') return BigInt.asIntN(64, value)
  if (signed !== undefined) return new Num(type as IntegerKind, BigInt.asIntN(signed, value))
  return unsigned === undefined ? undefined : new Num(type as IntegerKind, BigInt.asUintN(unsigned, value))
}
