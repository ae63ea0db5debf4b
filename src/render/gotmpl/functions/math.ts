import { type Func, GoError, integerOf, Num, typeOf, type Value } from '../values.ts'
import { ANYTHING, type Charge, define, int64 } from './define.ts'
import { quoted } from './print.ts'

/** Two whole numbers make an int64 or, when both are unsigned, a uint64; with a float it is a float64. */
export const mathFunctions: readonly Func[] = [
  operation('add', { whole: (a, b) => a + b, float: (a, b) => a + b }),
  operation('subtract', { whole: (a, b) => a - b, float: (a, b) => a - b }),
  operation('multiply', { whole: (a, b) => a * b, float: (a, b) => a * b }),
  operation('divide', { whole: (a, b) => a / divisor(b), float: (a, b) => a / b }),
  operation('modulo', { whole: (a, b) => a % divisor(b) }),
  choice('minimum', (a, b) => a < b),
  choice('maximum', (a, b) => a > b),
]

interface Arithmetic {
  readonly whole: (a: bigint, b: bigint) => bigint
  readonly float?: (a: number, b: number) => number // absent where floats are refused
}

type Numeral =
  | { readonly kind: 'signed' | 'unsigned'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number }

/** The arguments come as they are read in a pipe: the second one is worked on with the first. */
function operation(name: string, { whole, float }: Arithmetic): Func {
  return define<[Value, Value]>(name, [ANYTHING, ANYTHING], ([b, a], { charge }) => {
    const [left, right] = numerals({ name, floats: float !== undefined, charge }, a, b)
    if (left.kind === 'float' || right.kind === 'float') return float?.(Number(left.value), Number(right.value)) ?? null
    if (left.kind === 'unsigned' && right.kind === 'unsigned') {
      return new Num('uint64', BigInt.asUintN(64, whole(left.value, right.value)))
    }
    return int64(whole(BigInt.asIntN(64, left.value), BigInt.asIntN(64, right.value)))
  })
}

/** The chosen one keeps its kind. */
function choice(name: string, isFirst: (a: bigint | number, b: bigint | number) => boolean): Func {
  return define<[Value, Value]>(name, [ANYTHING, ANYTHING], ([b, a], { charge }) => {
    const [left, right] = numerals({ name, floats: true, charge }, a, b)
    const { kind, value } = isFirst(left.value, right.value) ? left : right
    if (kind === 'float') return value
    return kind === 'unsigned' ? new Num('uint64', value) : int64(value)
  })
}

/** The function that is called: an error names it. */
interface Called {
  readonly name: string
  readonly floats: boolean // does it take them?
  readonly charge: Charge
}

function numerals(called: Called, a: Value, b: Value): [Numeral, Numeral] {
  return [numeral(called, a), numeral(called, b)]
}

function numeral({ name, floats, charge }: Called, value: Value): Numeral {
  const integer = integerOf(value)
  if (integer !== undefined) {
    return { kind: value instanceof Num && value.kind.startsWith('u') ? 'unsigned' : 'signed', value: integer }
  }
  const float = value instanceof Num ? value.value : value
  if (typeof float === 'number' && floats) return { kind: 'float', value: float }
  const shown = value === null ? '<invalid reflect.Value>' : quoted(value, charge)
  throw new GoError(`${name}: unknown type for ${shown} (${typeOf(value)})`)
}

function divisor(value: bigint): bigint {
  if (value === 0n) throw new GoError('runtime error: integer divide by zero')
  return value
}
