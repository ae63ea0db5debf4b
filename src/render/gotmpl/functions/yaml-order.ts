import { Num, type Value } from '../values.ts'
import { kindName } from './reflect.ts'

/** The order of keys in yaml.v2: numbers in texts count as numbers, `a2` comes before `a10`, and letters come last. */
export function naturally(a: Value, b: Value): number {
  const [x, y] = [numberOf(a), numberOf(b)]
  if (x !== undefined && y !== undefined) return x - y || rank(a) - rank(b)
  if (typeof a !== 'string' || typeof b !== 'string') return rank(a) - rank(b)
  return inNature(Array.from(a), Array.from(b))
}

function inNature(a: readonly string[], b: readonly string[]): number {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) {
    const [x = '', y = ''] = [a[at], b[at]]
    if (x === y) continue
    const [xLetter, yLetter] = [/\p{L}/u.test(x), /\p{L}/u.test(y)]
    if (xLetter && yLetter) return points(x, y)
    if (xLetter || yLetter) return yLetter ? -1 : 1
    return byNumber(a, b, at) || points(x, y)
  }
  return a.length - b.length
}

function byNumber(a: readonly string[], b: readonly string[], at: number): number {
  // Within a number that began before, zeros count.
  const began = (a[at] === '0' || b[at] === '0') && endsNumber(a, at) ? '1' : ''
  const [x, y] = [digitsFrom(a, at), digitsFrom(b, at)]
  const difference = BigInt(began + x || '0') - BigInt(began + y || '0')
  if (difference !== 0n) return difference < 0n ? -1 : 1
  return x.length - y.length
}

function endsNumber(chars: readonly string[], end: number): boolean {
  for (let at = end - 1; at >= 0 && /\d/.test(chars[at] ?? ''); at--) if (chars[at] !== '0') return true
  return false
}

function digitsFrom(chars: readonly string[], start: number): string {
  let end = start
  while (/^\d$/.test(chars[end] ?? '')) end++
  return chars.slice(start, end).join('')
}

function points(a: string, b: string): number {
  return (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0)
}

function numberOf(value: Value): number | undefined {
  if (typeof value === 'boolean' || typeof value === 'number' || typeof value === 'bigint') return Number(value)
  return value instanceof Num ? Number(value.value) : undefined
}

/** reflect.Kind as a number. */
function rank(value: Value): number {
  const kinds = 'invalid bool int int8 int16 int32 int64 uint uint8 uint16 uint32 uint64 uintptr float32 float64'
  return kinds.split(' ').indexOf(kindName(value)) + (typeof value === 'string' ? 100 : 0)
}
