import {
  Channel,
  Complex,
  Func,
  GoMap,
  Nil,
  NO_VALUE,
  Num,
  Opaque,
  Slice,
  Struct,
  typeOf,
  type Value,
} from './values.ts'

/** A value that a template compares: what it is made of, whatever its type is called. */
export type Basic =
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'int' | 'uint'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'complex'; readonly value: Complex }
  | { readonly kind: 'string'; readonly value: string }

export function basicOf(value: Value): Basic | undefined {
  switch (typeof value) {
    case 'string':
      return { kind: 'string', value }
    case 'bigint':
      return { kind: 'int', value }
    case 'number':
      return { kind: 'float', value }
    case 'boolean':
      return { kind: 'bool', value }
  }
  if (value instanceof Num) return basicNumber(value)
  if (value instanceof Complex) return { kind: 'complex', value }
  const underlying = value instanceof Opaque ? value.underlying() : undefined
  return underlying === undefined ? undefined : basicOf(underlying)
}

function basicNumber({ kind, value }: Num): Basic {
  if (typeof value === 'number') return { kind: 'float', value }
  return { kind: kind.startsWith('int') ? 'int' : 'uint', value }
}

/** Go's idea of truth: false is what is zero, empty or nil. */
export function isTrue(value: Value): boolean {
  switch (typeof value) {
    case 'string':
      return value !== ''
    case 'bigint':
      return value !== 0n
    case 'number':
      return value !== 0 // NaN is not zero
    case 'boolean':
      return value
    case 'symbol':
      return false
  }
  if (value === null || value instanceof Nil) return false
  if (value instanceof Slice) return value.items.length > 0
  if (value instanceof GoMap) return value.entries.size > 0
  if (value instanceof Num) return Number(value.value) !== 0
  if (value instanceof Complex) return value.re !== 0 || value.im !== 0
  const underlying = value instanceof Opaque ? value.underlying() : undefined
  return underlying === undefined || isTrue(underlying)
}

export type Kind = 'invalid' | 'slice' | 'map' | 'struct' | 'pointer' | 'channel' | 'func' | 'basic'

export function kindOf(value: Value): Kind {
  if (value === null || value === NO_VALUE) return 'invalid'
  if (typeof value !== 'object') return 'basic'
  if (value instanceof Slice) return 'slice'
  if (value instanceof GoMap) return 'map'
  if (value instanceof Struct) return value.type.startsWith('*') ? 'pointer' : 'struct'
  if (value instanceof Channel) return 'channel'
  if (value instanceof Func) return 'func'
  if (value instanceof Nil)
    return value.type.startsWith('*') ? 'pointer' : value.type.startsWith('func') ? 'func' : 'channel'
  if (value instanceof Opaque && value.underlying() === undefined)
    return value.goType.startsWith('*') ? 'pointer' : 'struct'
  return 'basic'
}

/** Is it nil, or nothing at all? */
export function isNil(value: Value): boolean {
  if (value === null || value === NO_VALUE || value instanceof Nil) return true
  return (value instanceof Slice || value instanceof GoMap) && value.isNil
}

/** reflect.Value's String: a text itself, of anything else the type. */
export function stringOf(value: Value): string {
  return typeof value === 'string' ? value : `<${value === NO_VALUE ? 'invalid' : typeOf(value)} Value>`
}
