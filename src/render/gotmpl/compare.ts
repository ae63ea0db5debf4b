import { sprintf } from './format.ts'
import { type Basic, basicOf, isNil, kindOf } from './kinds.ts'
import { compareText } from './order.ts'
import type { Charge } from './print.ts'
import { GoError, Opaque, Struct, typeOf, type Value } from './values.ts'

const BAD_TYPE = 'invalid type for comparison'

/** eq: is the first one equal to one of the others? Types are compared strictly, but for the sign of integers. */
export function equal(first: Value, others: readonly Value[], charge: Charge): boolean {
  if (others.length === 0) throw new GoError('missing argument for comparison')
  return others.some(other => equalTo(first, other, charge))
}

/** lt */
export function less(one: Value, other: Value): boolean {
  const [a, b] = [basicOf(one), basicOf(other)]
  if (a === undefined || b === undefined) throw new GoError(BAD_TYPE)
  if (isInteger(a) && isInteger(b)) return a.value < b.value
  if (a.kind !== b.kind) throw incompatible(one, other)
  if (a.kind === 'string' && b.kind === 'string') return compareText(a.value, b.value) < 0
  if (a.kind === 'float' && b.kind === 'float') return a.value < b.value
  throw new GoError(BAD_TYPE)
}

function equalTo(one: Value, other: Value, charge: Charge): boolean {
  const [a, b] = [basicOf(one), basicOf(other)]
  if (a === undefined && b === undefined) return equalObjects(one, other, charge)
  if (a !== undefined && b !== undefined) {
    if (isInteger(a) && isInteger(b)) return a.value === b.value
    if (a.kind === 'complex' && b.kind === 'complex') return a.value.re === b.value.re && a.value.im === b.value.im
    if (a.kind === b.kind) return a.value === b.value
  }
  if (kindOf(one) === 'invalid' || kindOf(other) === 'invalid') return false
  throw incompatible(one, other)
}

function equalObjects(one: Value, other: Value, charge: Charge): boolean {
  const [a, b] = [kindOf(one), kindOf(other)]
  if (a !== b && a !== 'invalid' && b !== 'invalid') {
    // Go's words, and Go's mistake: the types stand where the values should.
    const shown = sprintf('non-comparable types %s: %v, %s: %v', [one, typeOf(one), typeOf(other), other], charge)
    throw new GoError(shown)
  }
  if (isNil(one) || isNil(other)) return isNil(one) && isNil(other)
  if (!isComparable(other)) {
    throw new GoError(sprintf('non-comparable type %s: %v', [other, typeOf(other)], charge))
  }
  if (one instanceof Opaque) return one.equals(other)
  if (b !== 'struct' || !(one instanceof Struct) || !(other instanceof Struct)) return one === other
  if (one.type !== other.type) return false
  return [...one.fields].every(([name, value]) => {
    const its = other.fields.get(name) ?? null
    return (
      value === its || (isNil(value) && isNil(its)) || (typeOf(value) === typeOf(its) && equalTo(value, its, charge))
    )
  })
}

/** A struct is not when one of its fields is not. */
function isComparable(value: Value): boolean {
  const kind = kindOf(value)
  if (kind === 'struct' && value instanceof Struct) return [...value.fields.values()].every(isComparable)
  return kind !== 'slice' && kind !== 'map' && kind !== 'func'
}

function isInteger(basic: Basic): basic is Basic & { kind: 'int' | 'uint' } {
  return basic.kind === 'int' || basic.kind === 'uint'
}

function incompatible(one: Value, other: Value): GoError {
  return new GoError(`incompatible types for comparison: ${typeOf(one)} and ${typeOf(other)}`)
}
