import { type Func, GoError, integerOf, Num, type Value } from '../../values.ts'
import { ANYTHING, define, text } from '../define.ts'
import { durationText, parseDuration } from '../time/duration.ts'
import { Instant, instantAt } from '../time/instant.ts'
import { parsedTime } from '../time/parse.ts'

const SECOND = 1_000_000_000n

/** A time that is given without a zone is one of UTC here, wherever the machine stands. */
export function dateFunctions(now: () => number): readonly Func[] {
  const present = () => instantAt(BigInt(Math.floor(now())) * 1_000_000n)

  return [
    text('toDate', 2, (layout, s) => {
      try {
        return new Instant(parsedTime(layout, s))
      } catch (error) {
        if (error instanceof GoError) return instantAt(-62_135_596_800n * SECOND)
        throw error
      }
    }),
    text('mustToDate', 2, (layout, s) => new Instant(parsedTime(layout, s))),
    ...['mustDateModify', 'must_date_modify'].map(name =>
      define<[string, Instant]>(name, ['string', 'time.Time'], ([duration, date]) =>
        date.plus(parseDuration(duration)),
      ),
    ),
    define<[Instant]>('unixEpoch', ['time.Time'], ([date]) => String(date.moment.seconds)),
    define<[Value]>('ago', [ANYTHING], ([date]) => {
      const elapsed = present().nanoseconds() - (momentOf(date) ?? present()).nanoseconds()
      return durationText(rounded(elapsed, SECOND))
    }),
    define<[Value]>('duration', [ANYTHING], ([value]) => durationText(BigInt.asIntN(64, secondsOf(value) * SECOND))),
    define<[Value]>('durationRound', [ANYTHING], ([value]) => coarse(durationIn(value, present))),
  ]
}

function momentOf(value: Value): Instant | undefined {
  if (value instanceof Instant) return value
  const seconds = isInt(value) ? integerOf(value) : undefined
  return seconds === undefined ? undefined : instantAt(seconds * SECOND)
}

/** int and int64 alone; any other number stands for no time at all. */
function isInt(value: Value): boolean {
  return typeof value === 'bigint' || isInt64(value)
}

function isInt64(value: Value): boolean {
  return value instanceof Num && value.kind === 'int64'
}

function secondsOf(value: Value): bigint {
  if (typeof value === 'string') return /^[+-]?\d+$/.test(value) ? BigInt(value.replace(/^\+/, '')) : 0n
  return isInt64(value) ? (integerOf(value) ?? 0n) : 0n
}

function durationIn(value: Value, present: () => Instant): bigint {
  if (value instanceof Instant) return present().nanoseconds() - value.nanoseconds()
  if (typeof value !== 'string') return isInt64(value) ? (integerOf(value) ?? 0n) : 0n
  try {
    return parseDuration(value)
  } catch (error) {
    if (error instanceof GoError) return 0n
    throw error
  }
}

/** Half goes away from zero. */
function rounded(value: bigint, unit: bigint): bigint {
  const size = value < 0n ? -value : value
  const whole = ((size + unit / 2n) / unit) * unit
  return value < 0n ? -whole : whole
}

/** The largest unit of which there is more than one, without a sign. */
function coarse(duration: bigint): string {
  const size = duration < 0n ? -duration : duration
  const hour = 3600n * SECOND
  const units: readonly (readonly [bigint, string])[] = [
    [hour * 24n * 365n, 'y'],
    [hour * 24n * 30n, 'mo'],
    [hour * 24n, 'd'],
    [hour, 'h'],
    [60n * SECOND, 'm'],
    [SECOND, 's'],
  ]
  const unit = units.find(([length]) => size > length)
  return unit === undefined ? '0s' : `${size / unit[0]}${unit[1]}`
}
