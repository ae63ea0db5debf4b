import { sortedEntries } from './order.ts'
import {
  Channel,
  GoMap,
  type IntegerKind,
  integerOf,
  keyValue,
  Nil,
  NO_VALUE,
  Num,
  Slice,
  type Value,
} from './values.ts'

/** Is given each element; answers whether there shall be more. */
type Visit = (element: Value, index: Value, holder: GoMap | Slice | undefined) => boolean

/** Visits what `range` goes through; says whether there was anything, and undefined for what cannot be gone through. */
export function visitEach(value: Value, visit: Visit): boolean | undefined {
  if (value === NO_VALUE || value === null) return false
  if (value instanceof Slice) return visitSlice(value, visit)
  if (value instanceof GoMap) {
    for (const [key, element] of sortedEntries(value)) {
      if (!visit(element, keyValue(value.type, key), value)) break
    }
    return value.entries.size > 0
  }
  if (value instanceof Channel) return visitChannel(value, visit)
  if (value instanceof Nil && value.type.includes('chan')) return false
  const count = integerOf(value)
  return count === undefined ? undefined : visitNumbers(count, value instanceof Num ? value.kind : 'int', visit)
}

function visitSlice(slice: Slice, visit: Visit): boolean {
  const { items } = slice
  for (let at = 0; at < items.length; at++) {
    if (!visit(items[at] as Value, BigInt(at), slice)) break
  }
  return items.length > 0
}

function visitChannel(channel: Channel, visit: Visit): boolean {
  for (let at = 0n; ; at++) {
    const element = channel.receive()
    if (element === undefined) return at > 0n
    if (!visit(element, at, undefined)) return true
  }
}

function visitNumbers(count: bigint, kind: string, visit: Visit): boolean {
  for (let at = 0n; at < count; at++) {
    if (!visit(kind === 'int' ? at : new Num(kind as IntegerKind, at), NO_VALUE, undefined)) break
  }
  return count > 0n
}
