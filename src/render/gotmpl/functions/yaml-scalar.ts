import { parseFloat64, parseInteger } from '../number.ts'
import { Num, type Value } from '../values.ts'

/** What yaml.v2 takes a plain scalar for. */
export interface Resolved {
  readonly tag: 'null' | 'bool' | 'int' | 'float' | 'timestamp' | 'str'
  readonly value: Value
}

const words = new Map<string, Resolved>([
  ...[
    { names: 'y yes true on', value: true },
    { names: 'n no false off', value: false },
  ].flatMap(({ names, value }) => {
    const spellings = names
      .split(' ')
      .flatMap(name => [name, name[0]?.toUpperCase() + name.slice(1), name.toUpperCase()])
    return spellings.map(name => [name, { tag: 'bool', value }] as const)
  }),
  ...['', '~', 'null', 'Null', 'NULL'].map(name => [name, { tag: 'null', value: null }] as const),
  ...floats(Number.NaN, ['.nan', '.NaN', '.NAN']),
  ...floats(Infinity, ['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF']),
  ...floats(-Infinity, ['-.inf', '-.Inf', '-.INF']),
])

export function resolved(text: string): Resolved {
  return words.get(text) ?? (/^[-+.0-9]/.test(text) ? number(text) : undefined) ?? { tag: 'str', value: text }
}

function number(text: string): Resolved | undefined {
  if (text.startsWith('.')) return float(parseFloat64(text))
  if (isTimestamp(text)) return { tag: 'timestamp', value: text }
  const plain = text.replaceAll('_', '')
  const integer = parseInteger(plain)
  if (integer !== undefined && integer >= -(2n ** 63n) && integer < 2n ** 64n) {
    return { tag: 'int', value: integer < 2n ** 63n ? integer : new Num('uint64', integer) }
  }
  return /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/.test(plain) ? float(parseFloat64(plain)) : undefined
}

function float(value: number | undefined): Resolved | undefined {
  return value === undefined ? undefined : { tag: 'float', value }
}

function floats(value: number, names: readonly string[]): (readonly [string, Resolved])[] {
  return names.map(name => [name, { tag: 'float', value }])
}

/** A day, or a day and a time as the four forms of yaml.v2 have it. */
function isTimestamp(text: string): boolean {
  const match = /^(\d{4})-(\d\d?)-(\d\d?)(?:([Tt ])(\d\d?):(\d\d?):(\d\d?)([.,]\d+)?(Z|[+-]\d\d:\d\d)?)?$/.exec(text)
  if (match === null) return false
  const [, year = '', month = '', day = '', separator, hour = '0', minute = '0', second = '0', , zone] = match
  if (separator !== undefined && (separator === ' ') !== (zone === undefined)) return false
  const [hours, minutes, seconds] = [Number(hour), Number(minute), Number(second)]
  return daysIn(Number(year), Number(month)) >= Number(day) && day !== '0' && hours < 24 && minutes < 60 && seconds < 60
}

function daysIn(year: number, month: number): number {
  if (month < 1 || month > 12) return 0
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return [4, 6, 9, 11].includes(month) ? 30 : 31
}
