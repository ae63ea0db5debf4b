import { quote } from '../../quote.ts'
import { type Func, GoError, integerOf, Opaque, type Value } from '../../values.ts'
import { define, int64 } from '../define.ts'

const units: readonly (readonly [string, bigint])[] = [
  ['ns', 1n],
  ['us', 1_000n],
  ['µs', 1_000n],
  ['μs', 1_000n],
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
]

/** time.Duration: an int64 of nanoseconds with a face of its own. */
export class Duration extends Opaque {
  readonly goType = 'time.Duration'
  readonly nanoseconds: bigint

  constructor(nanoseconds: bigint) {
    super()
    this.nanoseconds = BigInt.asIntN(64, nanoseconds)
  }

  override print(verb: string): string {
    return /^[dxXobc]$/.test(verb) ? String(this.nanoseconds) : durationText(this.nanoseconds)
  }

  override underlying(): Value {
    return this.nanoseconds
  }

  override equals(other: Value): boolean {
    return other instanceof Duration && other.nanoseconds === this.nanoseconds
  }

  override method(name: string): Func | undefined {
    const { nanoseconds } = this
    const answers: Record<string, () => Value> = {
      String: () => durationText(nanoseconds),
      Nanoseconds: () => int64(nanoseconds),
      Microseconds: () => int64(nanoseconds / 1_000n),
      Milliseconds: () => int64(nanoseconds / 1_000_000n),
      Seconds: () => Number(nanoseconds) / 1e9,
      Minutes: () => Number(nanoseconds) / 6e10,
      Hours: () => Number(nanoseconds) / 3.6e12,
      Abs: () => new Duration(nanoseconds < 0n ? -nanoseconds : nanoseconds),
    }
    const answer = Object.hasOwn(answers, name) ? answers[name] : undefined
    return answer === undefined ? undefined : define(name, [], answer)
  }
}

export function durationOf(value: Value): bigint {
  return value instanceof Duration ? value.nanoseconds : (integerOf(value) ?? 0n)
}

/** 1h2m3.5s: the largest units that are needed, below a second one of ms, µs and ns. */
export function durationText(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return '0s'
  const [sign, value] = nanoseconds < 0n ? ['-', -nanoseconds] : ['', nanoseconds]
  if (value < 1_000n) return `${sign}${value}ns`
  if (value < 1_000_000n) return `${sign}${decimal(value, 1_000n)}µs`
  if (value < 1_000_000_000n) return `${sign}${decimal(value, 1_000_000n)}ms`

  const minutes = value / 60_000_000_000n
  const seconds = `${decimal(value % 60_000_000_000n, 1_000_000_000n)}s`
  if (minutes === 0n) return sign + seconds
  return sign + (minutes < 60n ? `${minutes}m${seconds}` : `${minutes / 60n}h${minutes % 60n}m${seconds}`)
}

function decimal(value: bigint, unit: bigint): string {
  const fraction = String(value % unit)
    .padStart(String(unit).length - 1, '0')
    .replace(/0+$/, '')
  return fraction === '' ? String(value / unit) : `${value / unit}.${fraction}`
}

/** time.ParseDuration */
export function parseDuration(text: string): bigint {
  const match = /^([+-]?)(.*)$/s.exec(text)
  const [, sign = '', rest = ''] = match ?? []
  if (rest === '0') return 0n
  if (rest === '') throw new GoError(`time: invalid duration ${quote(text)}`)
  let [total, at] = [0n, 0]
  while (at < rest.length) {
    const [whole = '', integer = '', fraction = '', unit = ''] =
      /^(\d*)(?:\.(\d*))?([^\d.]*)/.exec(rest.slice(at)) ?? []
    if (integer + fraction === '') throw new GoError(`time: invalid duration ${quote(text)}`)
    if (unit === '') throw new GoError(`time: missing unit in duration ${quote(text)}`)
    const size = units.find(([name]) => name === unit)?.[1]
    if (size === undefined) throw new GoError(`time: unknown unit ${quote(unit)} in duration ${quote(text)}`)
    total += BigInt(integer || '0') * size + (BigInt(fraction || '0') * size) / 10n ** BigInt(fraction.length)
    if (total > 2n ** 63n) throw new GoError(`time: invalid duration ${quote(text)}`)
    at += whole.length
  }
  return sign === '-' ? -total : total
}
