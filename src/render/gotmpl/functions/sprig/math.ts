import { type Func, GoError, Slice, type Value } from '../../values.ts'
import { ANYTHING, define, int64, text } from '../define.ts'
import { printed } from '../print.ts'
import { parseInteger, wrapped } from '../strconv.ts'
import { toFloat64, toInt64 } from './cast.ts'
import { added, divided, multiplied, subtracted } from './decimal.ts'

const ANY = '...interface {}'

export const mathFunctions: readonly Func[] = [
  define<[Value]>('int64', [ANYTHING], ([value]) => int64(toInt64(value))),
  define<[Value]>('int', [ANYTHING], ([value]) => toInt64(value)),
  define<[Value]>('float64', [ANYTHING], ([value]) => toFloat64(value)),
  text('atoi', 1, atoi),
  define<[Value]>('toDecimal', [ANYTHING], ([value], { charge }) => {
    return int64(orElse(() => parseInteger(printed(value, charge), 8), 0n))
  }),
  define<[Value]>('add1', [ANYTHING], ([value]) => int64(toInt64(value) + 1n)),
  define<Value[]>('add', [ANY], args => int64(args.reduce((sum: bigint, arg) => sum + toInt64(arg), 0n))),
  define<[Value, Value]>('sub', [ANYTHING, ANYTHING], ([a, b]) => int64(toInt64(a) - toInt64(b))),
  define<[Value, Value]>('div', [ANYTHING, ANYTHING], ([a, b]) => int64(toInt64(a) / divisor(toInt64(b)))),
  define<[Value, Value]>('mod', [ANYTHING, ANYTHING], ([a, b]) => int64(toInt64(a) % divisor(toInt64(b)))),
  folded('mul', (a, b) => wrapped(a * b)),
  ...['max', 'biggest'].map(name => folded(name, (a, b) => (b > a ? b : a))),
  folded('min', (a, b) => (b < a ? b : a)),
  foldedFloat('maxf', Math.max),
  foldedFloat('minf', Math.min),
  define<[Value]>('add1f', [ANYTHING], ([value]) => added(toFloat64(value), 1)),
  define<Value[]>('addf', [ANY], args => args.map(toFloat64).reduce(added, 0)),
  foldedFloat('subf', subtracted),
  foldedFloat('mulf', multiplied),
  foldedFloat('divf', divided),
  define<[Value]>('ceil', [ANYTHING], ([value]) => Math.ceil(toFloat64(value))),
  define<[Value]>('floor', [ANYTHING], ([value]) => Math.floor(toFloat64(value))),
  define<[Value, bigint, ...number[]]>('round', [ANYTHING, 'int', '...float64'], ([value, places, limit = 0.5]) => {
    const power = Number(`1e${places}`)
    const digits = power * toFloat64(value)
    return (digits - Math.trunc(digits) >= limit ? Math.ceil(digits) : Math.floor(digits)) / power
  }),
  define<[bigint]>('until', ['int'], ([count], { charge }) => range(0n, count, count < 0n ? -1n : 1n, charge)),
  define<[bigint, bigint, bigint]>('untilStep', ['int', 'int', 'int'], ([start, stop, step], { charge }) => {
    return range(start, stop, step, charge)
  }),
  define<bigint[]>('seq', ['...int'], (args, { charge }) => sequence(args, charge)),
  define<[bigint, bigint]>('randInt', ['int', 'int'], ([least, most]) => {
    if (most <= least) throw new GoError('invalid argument to Intn')
    return least + BigInt(Math.floor(Math.random() * Number(most - least)))
  }),
]

function folded(name: string, combine: (a: bigint, b: bigint) => bigint): Func {
  return define<[Value, ...Value[]]>(name, [ANYTHING, ANY], ([first, ...rest]) => {
    return int64(rest.map(toInt64).reduce(combine, toInt64(first)))
  })
}

function foldedFloat(name: string, combine: (a: number, b: number) => number): Func {
  return define<[Value, ...Value[]]>(name, [ANYTHING, ANY], ([first, ...rest]) => {
    return rest.map(toFloat64).reduce((a, b) => combine(a, b), toFloat64(first))
  })
}

function divisor(value: bigint): bigint {
  if (value === 0n) throw new GoError('runtime error: integer divide by zero')
  return value
}

/** What is too large is the largest there is, and what is no number is none. */
function atoi(text: string): bigint {
  if (!/^[+-]?\d+$/.test(text)) return 0n
  const value = BigInt(text.replace(/^\+/, ''))
  const largest = 2n ** 63n - 1n
  return value > largest ? largest : value < -largest - 1n ? -largest - 1n : value
}

function range(start: bigint, stop: bigint, step: bigint, charge: (bytes: number) => void): Slice {
  const isUp = stop >= start
  if (isUp ? step <= 0n : step >= 0n) return new Slice('[]int', [])
  charge(8 * Math.ceil(Math.abs(Number(stop - start) / Number(step))))
  const items: bigint[] = []
  for (let at = start; isUp ? at < stop : at > stop; at += step) items.push(at)
  return new Slice('[]int', items)
}

/** As the program seq: one, two (from, to) or three (from, step, to) numbers. */
function sequence(args: readonly bigint[], charge: (bytes: number) => void): string {
  const [first = 0n, second = 0n, third = 0n] = args
  const [start, step, end] =
    args.length === 1 ? [1n, undefined, first] : args.length === 2 ? [first, undefined, second] : [first, second, third]
  if (args.length === 0 || args.length > 3) return ''
  const direction = end < start ? -1n : 1n
  if (step !== undefined && end < start && step > 0n) return ''
  return range(start, end + direction, step ?? direction, charge).items.join(' ')
}

function orElse<T>(read: () => T, otherwise: T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof GoError) return otherwise
    throw error
  }
}
