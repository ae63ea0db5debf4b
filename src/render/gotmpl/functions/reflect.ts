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
} from '../values.ts'
import type { Charge } from './define.ts'

/** Go's reflect.Kind, by name. */
export function kindName(value: Value): string {
  if (value === null || value === NO_VALUE) return 'invalid'
  if (typeof value !== 'object') return typeOf(value)
  if (value instanceof Num) return value.kind
  if (value instanceof Complex) return 'complex128'
  if (value instanceof Slice) return 'slice'
  if (value instanceof GoMap) return 'map'
  if (value instanceof Channel) return 'chan'
  if (value instanceof Func) return 'func'
  if (value instanceof Struct) return value.type.startsWith('*') ? 'ptr' : 'struct'
  if (value instanceof Nil) return value.type.startsWith('*') ? 'ptr' : (/^\w+/.exec(value.type)?.[0] ?? 'interface')
  if (value instanceof Opaque) return value.goType.startsWith('*') ? 'ptr' : kindOfOpaque(value)
  return 'invalid'
}

function kindOfOpaque(value: Opaque): string {
  const underlying = value.underlying()
  if (underlying === undefined) return 'struct'
  return typeof underlying === 'bigint' ? 'int64' : kindName(underlying)
}

/** reflect.DeepEqual: values of two types are never equal, nor are two functions, nor NaN and itself. */
export function deepEqual(a: Value, b: Value, charge: Charge): boolean {
  charge(1)
  if (a instanceof Num && b instanceof Num) return a.kind === b.kind && a.value === b.value
  if (a instanceof Complex && b instanceof Complex) return a.re === b.re && a.im === b.im
  if (a instanceof Slice && b instanceof Slice) {
    if (typeOf(a) !== typeOf(b) || a.isNil !== b.isNil || a.items.length !== b.items.length) return false
    return a.items.every((item, at) => deepEqual(item, b.items[at] ?? null, charge))
  }
  if (a instanceof GoMap && b instanceof GoMap) {
    if (a.type !== b.type || a.isNil !== b.isNil || a.entries.size !== b.entries.size) return false
    return [...a.entries].every(
      ([key, value]) => b.entries.has(key) && deepEqual(value, b.entries.get(key) ?? null, charge),
    )
  }
  if (a instanceof Struct && b instanceof Struct) {
    return (
      a.type === b.type && [...a.fields].every(([name, value]) => deepEqual(value, b.fields.get(name) ?? null, charge))
    )
  }
  if (a instanceof Nil && b instanceof Nil) return a.type === b.type
  if (a instanceof Opaque) return a.equals(b)
  return a === b && !(a instanceof Func)
}
