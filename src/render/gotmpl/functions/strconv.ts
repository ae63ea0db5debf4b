import { parseFloat64, parseInteger as parseLiteral } from '../number.ts'
import { quote } from '../quote.ts'
import { GoError } from '../values.ts'

/** Numbers written as text, by Go's rules and with its words for what is wrong. */

const smallest = -(2n ** 63n)
const largest = 2n ** 63n - 1n

/** strconv.ParseInt. Base 0 reads prefixes and underscores as Go's source does: 0x1F, 0b1, 017, 1_000. */
export function parseInteger(text: string, base: 0 | 8 | 10, name = 'ParseInt'): bigint {
  const value = integer(text, base)
  if (value === undefined) throw wrong(name, text, 'invalid syntax')
  if (value < smallest || value > largest) throw wrong(name, text, 'value out of range')
  return value
}

export function parseUnsigned(text: string): bigint {
  const value = /^[+-]/.test(text) ? undefined : integer(text, 10)
  if (value === undefined) throw wrong('ParseUint', text, 'invalid syntax')
  if (value >= 2n ** 64n) throw wrong('ParseUint', text, 'value out of range')
  return value
}

export function parseFloating(text: string): number {
  const value = floating(text)
  if (value === undefined) throw wrong('ParseFloat', text, 'invalid syntax')
  if (!Number.isFinite(value) && /\d/.test(text)) throw wrong('ParseFloat', text, 'value out of range')
  return value
}

export function parseBoolean(text: string): boolean {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true
  if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text)) return false
  throw wrong('ParseBool', text, 'invalid syntax')
}

/** As an int64 keeps it: the bits that do not fit are lost. */
export function wrapped(value: bigint): bigint {
  return BigInt.asIntN(64, value)
}

/** int64(f): what no int64 can hold becomes the smallest one, as on amd64. */
export function truncated(value: number): bigint {
  const whole = Math.trunc(value)
  return whole >= -(2 ** 63) && whole < 2 ** 63 ? BigInt(whole) : smallest
}

function wrong(name: string, text: string, reason: string): GoError {
  return new GoError(`strconv.${name}: parsing ${quote(text)}: ${reason}`)
}

function integer(text: string, base: 0 | 8 | 10): bigint | undefined {
  if (base === 0) return parseLiteral(text)
  if (!(base === 8 ? /^[+-]?[0-7]+$/ : /^[+-]?[0-9]+$/).test(text)) return undefined
  const value = BigInt((base === 8 ? '0o' : '') + text.replace(/^[+-]/, ''))
  return text.startsWith('-') ? -value : value
}

function floating(text: string): number | undefined {
  if (/^[+-]?inf(inity)?$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity
  if (/^nan$/i.test(text)) return Number.NaN
  // A number too large is told apart from a text that is none.
  return parseFloat64(text) ?? (/^[+-]?[\d._]+(e\+?\d+)$/i.test(text) ? Infinity : undefined)
}
