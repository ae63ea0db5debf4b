import { toBytes } from '../../bytes.ts'
import { GoError } from '../../values.ts'
import { daysIn, months, secondsOf, weekdays } from './calendar.ts'
import { type Moment, partsOf } from './layout.ts'

interface Fields {
  year?: number
  month?: number
  day?: number
  yearDay?: number
  hour?: number
  minute?: number
  second?: number
  nanoseconds?: number
  afternoon?: boolean
  offset?: number
  zone?: string
}

/** time.ParseInLocation with UTC as the location: what a text says when it was written with this layout. */
export function parsedTime(layout: string, value: string): Moment {
  const fields: Fields = {}
  let rest = value
  const parts = partsOf(layout)
  for (const [index, { text, isElement }] of parts.entries()) {
    if (isElement) {
      const match = readers[text]?.exec(rest) ?? (readers[text] ? null : generic(text, rest))
      if (match === null) throw cannot(layout, value, text, rest)
      const problem = take(fields, text, match[0])
      if (problem) throw outOfRange(value, problem)
      rest = rest.slice(match[0].length)
      if (/^0?5$/.test(text)) rest = fractionBehind(fields, rest, parts[index + 1]?.text)
    } else {
      const { left, isThere } = behind(rest, text)
      if (!isThere) throw cannot(layout, value, text, left)
      rest = left
    }
  }
  if (rest !== '') throw new GoError(`parsing time ${quote(value)}: extra text: ${quote(rest)}`)
  return moment(fields, value)
}

const two = /^\d\d/
const oneOrTwo = /^\d\d?/
const name = (names: readonly string[]) => new RegExp(`^(?:${names.join('|')})`, 'i')
const readers: Readonly<Record<string, RegExp>> = {
  January: name(months),
  Jan: name(months.map(month => month.slice(0, 3))),
  Monday: name(weekdays),
  Mon: name(weekdays.map(day => day.slice(0, 3))),
  MST: /^(?:UTC|GMT[+-]\d{1,2}|[A-Z]{3,5}|[+-]\d\d)/,
  '2006': /^\d{4}/,
  '06': two,
  '01': two,
  '1': oneOrTwo,
  '02': two,
  _2: /^ ?\d\d?/,
  '2': oneOrTwo,
  '002': /^\d{3}/,
  __2: /^ {0,2}\d{1,3}/,
  '15': oneOrTwo,
  '03': two,
  '3': oneOrTwo,
  '04': two,
  '4': oneOrTwo,
  '05': two,
  '5': oneOrTwo,
  PM: /^[AP]M/,
  pm: /^[ap]m/,
}

function generic(element: string, rest: string): RegExpExecArray | null {
  if (/^[.,]0/.test(element)) return new RegExp(`^[.,]\\d{${element.length - 1}}`).exec(rest)
  if (/^[.,]9/.test(element)) return /^(?:[.,]\d+)?/.exec(rest)
  const digits = element.slice(1).replace(/\d\d/g, '\\d\\d')
  return new RegExp(element.startsWith('Z') ? `^(?:Z|[+-]${digits})` : `^[+-]${digits}`).exec(rest)
}

/** Takes one element over; says what is out of range. */
function take(fields: Fields, element: string, text: string): string | undefined {
  const number = Number(text)
  const short = text.slice(0, 3).toLowerCase()
  if (element === '2006') fields.year = number
  else if (element === '06') fields.year = number >= 69 ? 1900 + number : 2000 + number
  else if (/^Jan/.test(element)) fields.month = 1 + months.findIndex(month => month.toLowerCase().startsWith(short))
  else if (/^0?1$/.test(element)) return within(fields, 'month', number, 1, 12)
  else if (/^[_0]?2$/.test(element)) fields.day = number
  else if (/^(002|__2)$/.test(element)) fields.yearDay = number
  else if (element === '15') return within(fields, 'hour', number, 0, 23)
  else if (/^0?3$/.test(element)) return within(fields, 'hour', number, 0, 12)
  else if (/^0?4$/.test(element)) return within(fields, 'minute', number, 0, 59)
  else if (/^0?5$/.test(element)) return within(fields, 'second', number, 0, 59)
  else if (/^pm$/i.test(element)) fields.afternoon = /^p/i.test(text)
  else if (element === 'MST') fields.zone = text
  else if (/^[-Z]/.test(element)) fields.offset = offsetOf(text)
  else if (/^[.,]/.test(element)) fields.nanoseconds = Number(text.slice(1).padEnd(9, '0').slice(0, 9))
  return undefined
}

function within(
  fields: Fields,
  part: 'month' | 'hour' | 'minute' | 'second',
  value: number,
  least: number,
  most: number,
) {
  fields[part] = value
  return value < least || value > most ? part : undefined
}

/** Where the layout has no fraction the text may still have one. */
function fractionBehind(fields: Fields, rest: string, next: string | undefined): string {
  const match = /^[.,]\d+/.exec(rest)
  if (match === null || /^[.,][09]/.test(next ?? '')) return rest
  fields.nanoseconds = Number(match[0].slice(1).padEnd(9, '0').slice(0, 9))
  return rest.slice(match[0].length)
}

/** What is left behind a piece of the layout that stands for itself; or where it stopped being the same. */
function behind(rest: string, text: string): { readonly left: string; readonly isThere: boolean } {
  let [left, wanted] = [rest, text]
  while (wanted !== '') {
    if (wanted.startsWith(' ')) {
      if (left !== '' && !left.startsWith(' ')) return { left, isThere: false }
      wanted = wanted.replace(/^ +/, '')
      left = left.replace(/^ +/, '')
    } else {
      if (left[0] !== wanted[0]) return { left, isThere: false }
      wanted = wanted.slice(1)
      left = left.slice(1)
    }
  }
  return { left, isThere: true }
}

function offsetOf(text: string): number {
  if (text === 'Z') return 0
  const [hours = 0, minutes = 0, seconds = 0] = (text.slice(1).match(/\d\d/g) ?? []).map(Number)
  return (text.startsWith('-') ? -1 : 1) * (hours * 3600 + minutes * 60 + seconds)
}

function moment(fields: Fields, value: string): Moment {
  const { year = 0, minute = 0, second = 0, nanoseconds = 0, offset = 0 } = fields
  const month = fields.month ?? 1
  const day = fields.yearDay ?? fields.day ?? 1
  const most = fields.yearDay === undefined ? daysIn(year, month) : 366
  if (day < 1 || day > most) throw outOfRange(value, fields.yearDay === undefined ? 'day' : 'day-of-year')
  const half = fields.afternoon
  const hour = half === undefined ? (fields.hour ?? 0) : ((fields.hour ?? 0) % 12) + (half ? 12 : 0)
  const seconds = secondsOf({ year, month: fields.yearDay === undefined ? month : 1, day, hour, minute, second })
  return { seconds: seconds - offset, nanoseconds, offset, zone: zoneOf(fields) }
}

function zoneOf({ zone, offset }: Fields): string {
  if (zone !== undefined) return zone
  return offset === undefined || offset === 0 ? 'UTC' : ''
}

function cannot(layout: string, value: string, element: string, rest: string): GoError {
  return new GoError(
    `parsing time ${quote(value)} as ${quote(layout)}: cannot parse ${quote(rest)} as ${quote(element)}`,
  )
}

function outOfRange(value: string, part: string): GoError {
  return new GoError(`parsing time ${quote(value)}: ${part} out of range`)
}

/** The time package quotes by itself: what is not printable ASCII is shown byte by byte. */
function quote(text: string): string {
  const chars = Array.from(toBytes(text), byte => {
    const char = String.fromCharCode(byte)
    if (char === '"' || char === '\\') return `\\${char}`
    return byte < 0x20 || byte >= 0x80 ? `\\x${byte.toString(16).padStart(2, '0')}` : char
  })
  return `"${chars.join('')}"`
}
