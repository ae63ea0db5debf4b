import { canBeNil, prepared, zeroOf } from './assign.ts'
import { byteLength, fromBytes, toBytes } from './bytes.ts'
import { quote } from './quote.ts'
import {
  Channel,
  elementType,
  type Func,
  GoError,
  GoMap,
  integerOf,
  type Key,
  keyType,
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

/** What `.name` is for a missing entry of a map: Go's option missingkey. */
export type MissingKey = 'default' | 'zero' | 'error'

export function methodOf(receiver: Value, name: string): Func | undefined {
  if (receiver instanceof Struct || receiver instanceof NamedSlice) return receiver.methods?.get(name)
  return receiver instanceof Opaque ? receiver.method(name) : undefined
}

/** `.name` of a struct or a map; undefined where there can be no such thing. */
export function fieldOf(receiver: Value, name: string, hasArgs: boolean, missing: MissingKey): Value | undefined {
  if (receiver instanceof Struct) {
    const value = receiver.fields.get(name)
    if (value !== undefined && hasArgs) throw new GoError(`${name} has arguments but cannot be invoked as function`)
    return value
  }
  if (!(receiver instanceof GoMap) || !hasNames(receiver)) return undefined
  if (hasArgs) throw new GoError(`${name} is not a method but has arguments`)
  const value = receiver.entries.get(name)
  if (value !== undefined) return value
  if (missing === 'error') throw new GoError(`map has no entry for key ${quote(name)}`)
  return missing === 'zero' ? zeroEntry(receiver) : NO_VALUE
}

function hasNames({ type }: GoMap): boolean {
  return type.startsWith('map[string]') || type.startsWith('map[interface {}]')
}

/** The builtin `index`. */
export function index(item: Value, indexes: readonly Value[]): Value {
  if (item === null || item === NO_VALUE) throw new GoError('index of untyped nil')
  let found: Value = item
  for (const at of indexes) {
    if (found === null || found instanceof Nil) throw new GoError('index of nil pointer')
    found = indexOnce(found, at)
  }
  return found
}

function indexOnce(item: Value, at: Value): Value {
  if (typeof item === 'string') {
    const length = byteLength(item)
    const position = indexArg(at, length)
    if (position === length) throw new GoError('reflect: string index out of range')
    return new Num('uint8', BigInt(toBytes(item)[position] ?? 0))
  }
  if (item instanceof Slice) {
    const found = item.items[indexArg(at, item.items.length)]
    if (found === undefined) throw new GoError('reflect: slice index out of range')
    return found
  }
  if (item instanceof GoMap) return item.entries.get(keyOf(prepared(at, keyType(item.type)))) ?? zeroEntry(item)
  throw new GoError(`can't index item of type ${typeOf(item).replace(/^\*/, '')}`)
}

/** The builtin `slice`. */
export function slice(item: Value, indexes: readonly Value[]): Value {
  if (item === null || item === NO_VALUE) throw new GoError('slice of untyped nil')
  if (item instanceof Nil) throw new GoError('slice of nil pointer')
  if (indexes.length > 3) throw new GoError(`too many slice indexes: ${indexes.length}`)
  if (typeof item === 'string') {
    if (indexes.length === 3) throw new GoError('cannot 3-index slice a string')
    const bytes = toBytes(item)
    const [from, to] = bounds(indexes, bytes.length, bytes.length)
    return fromBytes(bytes.subarray(from, to))
  }
  if (!(item instanceof Slice)) throw new GoError(`can't slice item of type ${typeOf(item).replace(/^\*/, '')}`)
  const { items, room } = item
  const [from, to, end] = bounds(indexes, items.length, room.length)
  return item.with(room.slice(from, to), item.isNil, room.slice(from, end))
}

function bounds(indexes: readonly Value[], length: number, capacity: number): [number, number, number] {
  const [from = 0, to = length, end = capacity] = indexes.map(at => indexArg(at, capacity))
  if (from > to) throw new GoError(`invalid slice index: ${from} > ${to}`)
  if (to > end) throw new GoError(`invalid slice index: ${to} > ${end}`)
  return [from, to, end]
}

/** The builtin `len`. */
export function lengthOf(item: Value): bigint {
  if (typeof item === 'string') return BigInt(byteLength(item))
  if (item instanceof Slice) return BigInt(item.items.length)
  if (item instanceof GoMap) return BigInt(item.entries.size)
  if (item instanceof Channel) return 0n // nothing waits in a channel without a buffer
  if (item === null || (item instanceof Nil && item.type.startsWith('*'))) throw new GoError('len of nil pointer')
  if (item === NO_VALUE) throw new GoError('reflect: call of reflect.Value.Type on zero Value')
  throw new GoError(`len of type ${typeOf(item).replace(/^\*/, '')}`)
}

function indexArg(at: Value, most: number): number {
  if (at === null || at === NO_VALUE) throw new GoError('cannot index slice/array with nil')
  const position = integerOf(at)
  if (position === undefined) throw new GoError(`cannot index slice/array with type ${typeOf(at)}`)
  if (position < 0n || position > BigInt(most)) {
    throw new GoError(`index out of range: ${BigInt.asIntN(64, position)}`)
  }
  return Number(position)
}

function keyOf(value: Value): Key {
  if (value instanceof Num) return value.value
  if (value === null || typeof value !== 'object') return value === NO_VALUE ? null : (value as Key)
  throw new GoError(`runtime error: hash of unhashable type ${typeOf(value)}`)
}

function zeroEntry(map: GoMap): Value {
  const type = elementType(map.type)
  return map.zero ?? zeroOf(type) ?? (canBeNil(type) ? null : NO_VALUE)
}
