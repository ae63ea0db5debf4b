import { Func, Opaque, type Value } from '../../values.ts'
import { define, int64 } from '../define.ts'
import { civil, months, secondsOf, weekday, weekdays, yearDay } from './calendar.ts'
import { Duration, durationOf } from './duration.ts'
import { formatted, type Moment, RFC3339_NANO } from './layout.ts'

const SECOND = 1_000_000_000n

/** time.Time */
export class Instant extends Opaque {
  readonly goType: string = 'time.Time'
  readonly moment: Moment

  constructor(moment: Moment) {
    super()
    this.moment = moment
  }

  override print(verb: string): string {
    const layout = /^(json|yaml|toml)$/.test(verb) ? RFC3339_NANO : '2006-01-02 15:04:05.999999999 -0700 MST'
    return formatted(this.moment, layout)
  }

  override equals(other: Value): boolean {
    return other instanceof Instant && other.nanoseconds() === this.nanoseconds()
  }

  nanoseconds(): bigint {
    return BigInt(this.moment.seconds) * SECOND + BigInt(this.moment.nanoseconds)
  }

  plus(nanoseconds: bigint): Instant {
    return new Instant(withNanoseconds(this.moment, this.nanoseconds() + nanoseconds))
  }

  override method(name: string): Func | undefined {
    return plain(this, name) ?? withArguments(this, name)
  }
}

/** A moment of UTC. */
export function instantAt(nanoseconds: bigint): Instant {
  return new Instant(withNanoseconds({ seconds: 0, nanoseconds: 0, offset: 0, zone: 'UTC' }, nanoseconds))
}

function withNanoseconds(moment: Moment, nanoseconds: bigint): Moment {
  const rest = ((nanoseconds % SECOND) + SECOND) % SECOND
  return { ...moment, seconds: Number((nanoseconds - rest) / SECOND), nanoseconds: Number(rest) }
}

/** time.Month and time.Weekday: numbers that print their name. */
class Named extends Opaque {
  readonly goType: string
  readonly #number: number
  readonly #name: string

  constructor(goType: string, number: number, name: string) {
    super()
    this.goType = goType
    this.#number = number
    this.#name = name
  }

  override print(verb: string): string {
    return verb === 'd' ? String(this.#number) : this.#name
  }

  override underlying(): Value {
    return BigInt(this.#number)
  }

  override method(name: string): Func | undefined {
    return name === 'String' ? new Func(name, [], () => this.#name) : undefined
  }
}

function plain(instant: Instant, name: string): Func | undefined {
  const { moment } = instant
  const local = moment.seconds + moment.offset
  const answers: Record<string, () => Value> = {
    Year: () => BigInt(civil(local).year),
    Month: () => new Named('time.Month', civil(local).month, months[civil(local).month - 1] ?? ''),
    Day: () => BigInt(civil(local).day),
    Hour: () => BigInt(civil(local).hour),
    Minute: () => BigInt(civil(local).minute),
    Second: () => BigInt(civil(local).second),
    Nanosecond: () => BigInt(moment.nanoseconds),
    YearDay: () => BigInt(yearDay(local)),
    Weekday: () => new Named('time.Weekday', weekday(local), weekdays[weekday(local)] ?? ''),
    Unix: () => int64(BigInt(moment.seconds)),
    UnixMilli: () => int64(instant.nanoseconds() / 1_000_000n),
    UnixMicro: () => int64(instant.nanoseconds() / 1_000n),
    UnixNano: () => int64(instant.nanoseconds()),
    UTC: () => new Instant({ ...moment, offset: 0, zone: 'UTC' }),
    Local: () => new Instant({ ...moment, offset: 0, zone: 'UTC' }),
    String: () => instant.print('v'),
    IsZero: () => formatted(moment, RFC3339_NANO) === '0001-01-01T00:00:00Z',
  }
  const answer = Object.hasOwn(answers, name) ? answers[name] : undefined
  return answer === undefined ? undefined : define(name, [], answer)
}

function withArguments(instant: Instant, name: string): Func | undefined {
  const other = ['time.Time']
  const compare = (test: (difference: bigint) => boolean) =>
    define<[Instant]>(name, other, ([that]) => test(instant.nanoseconds() - that.nanoseconds()))
  switch (name) {
    case 'Format':
      return define<[string]>(name, ['string'], ([layout]) => formatted(instant.moment, layout))
    case 'Add':
      return define<[Value]>(name, ['time.Duration'], ([duration]) => instant.plus(durationOf(duration)))
    case 'Sub':
      return define<[Instant]>(name, other, ([that]) => new Duration(instant.nanoseconds() - that.nanoseconds()))
    case 'AddDate':
      return define<[bigint, bigint, bigint]>(name, ['int', 'int', 'int'], args => shifted(instant, args.map(Number)))
    case 'Before':
      return compare(difference => difference < 0n)
    case 'After':
      return compare(difference => difference > 0n)
    case 'Equal':
      return compare(difference => difference === 0n)
    default:
      return undefined
  }
}

function shifted({ moment }: Instant, [years = 0, months = 0, days = 0]: readonly number[]): Instant {
  const { year, month, day, ...time } = civil(moment.seconds + moment.offset)
  const seconds = secondsOf({ ...time, year: year + years, month: month + months, day: day + days })
  return new Instant({ ...moment, seconds: seconds - moment.offset })
}
