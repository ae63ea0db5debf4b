import { fromBytes } from '../../bytes.ts'
import { GoError, integerOf, Num, Opaque, Slice, type Value } from '../../values.ts'
import { printed } from '../print.ts'
import { parseFloating, parseInteger, truncated, wrapped } from '../strconv.ts'

/** github.com/spf13/cast: whatever can be a number is made one, and whatever cannot is 0. */
export function toInt64(value: Value): bigint {
  if (typeof value === 'number') return truncated(value)
  if (typeof value === 'boolean') return value ? 1n : 0n
  if (typeof value === 'string') return orZero(() => parseInteger(withoutZeros(value), 0), 0n)
  if (value instanceof Num && typeof value.value === 'number') return truncated(value.value)
  return value instanceof Opaque ? 0n : wrapped(integerOf(value) ?? 0n)
}

export function toFloat64(value: Value): number {
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value === 'string') return orZero(() => parseFloating(value), 0)
  if (value instanceof Num) return Number(value.value)
  return value instanceof Opaque ? 0 : Number(integerOf(value) ?? 0n)
}

/** Sprig's strval: a text as it is, anything else as it prints. */
export function toText(value: Value, charge: (bytes: number) => void): string {
  if (typeof value === 'string') return value
  if (value instanceof Slice && value.type === '[]uint8') {
    return fromBytes(Buffer.from(value.items.map(item => Number(integerOf(item) ?? 0n))))
  }
  return printed(value, charge)
}

/** Sprig's strslice: each item as text, nil left out; what is no list is a list of one. */
export function toTexts(value: Value, charge: (bytes: number) => void): string[] {
  if (value === null) return []
  if (!(value instanceof Slice)) return [toText(value, charge)]
  return value.items.filter(item => item !== null).map(item => toText(item, charge))
}

/** `1.00` is 1, but `1.50` is no whole number. */
function withoutZeros(text: string): string {
  return text.replace(/\.0+$/, '')
}

function orZero<T>(read: () => T, zero: T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof GoError) return zero
    throw error
  }
}
