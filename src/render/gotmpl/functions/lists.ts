import { Channel, type Func, GoError, integerOf, Num, Slice, typeOf, type Value } from '../values.ts'
import { ANYTHING, define, int64, LIST, wrapping } from './define.ts'
import { parseInteger } from './strconv.ts'

export const listFunctions: readonly Func[] = [
  define<[Value, Value]>('in', [ANYTHING, ANYTHING], ([list, value]) => isIn(list, value)),
  define<[Value, Value]>('contains', [ANYTHING, ANYTHING], ([value, list]) => isIn(list, value)),
  ofAll('containsAll', (list, values) => values.every(value => isIn(list, value))),
  ofAll('containsAny', (list, values) => values.some(value => isIn(list, value))),
  ofAll('containsNone', (list, values) => !values.some(value => isIn(list, value))),
  ofAll('containsNotAll', (list, values) => !values.every(value => isIn(list, value))),
  define<Value[]>('loop', ['...interface {}'], args => {
    if (args.length !== 1 && args.length !== 2) {
      throw new GoError(`loop: wrong number of arguments, expected 1 or 2, but got ${args.length}`)
    }
    const [first = null, second] = args
    const start = second === undefined ? 0n : bound(first)
    const stop = bound(second === undefined ? first : second)
    return new Channel('<-chan int64', counting(start, stop))
  }),
]

function ofAll(name: string, holds: (list: Value, values: readonly Value[]) => boolean): Func {
  return define<[Slice, Value]>(name, [LIST, ANYTHING], ([values, list]) => holds(list, values.items))
}

/** Of the same kind and equal: signed whole numbers, floats or texts; a text in a text. Anything else is not there. */
function isIn(list: Value, value: Value): boolean {
  if (value === null && (typeof list === 'string' || (list instanceof Slice && list.items.some(isText)))) {
    throw new GoError('reflect: call of reflect.Value.Type on zero Value')
  }
  if (typeof list === 'string') return typeof value === 'string' && list.includes(value)
  if (!(list instanceof Slice)) return false
  if (typeof value === 'string') return list.items.includes(value)
  const integer = signed(value)
  if (integer !== undefined) return list.items.some(item => signed(item) === integer)
  const float = floating(value)
  return float !== undefined && list.items.some(item => floating(item) === float)
}

function isText(value: Value): boolean {
  return typeof value === 'string'
}

function signed(value: Value): bigint | undefined {
  return value instanceof Num && value.kind.startsWith('u') ? undefined : integerOf(value)
}

function floating(value: Value): number | undefined {
  if (typeof value === 'number') return value
  return value instanceof Num && typeof value.value === 'number' ? value.value : undefined
}

function* counting(start: bigint, stop: bigint): Generator<Value> {
  for (let at = start; at < stop; at++) yield int64(at)
}

function bound(value: Value): bigint {
  const integer = integerOf(value)
  if (integer !== undefined) return BigInt.asIntN(64, integer)
  if (typeof value === 'string') return value === '' ? 0n : wrapping('parseInt', () => parseInteger(value, 10))
  throw new GoError(`loop: bad argument type: ${typeOf(value)}`)
}
