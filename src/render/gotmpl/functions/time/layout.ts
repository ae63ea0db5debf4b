import { civil, months, weekday, weekdays, yearDay } from './calendar.ts'

/** A moment as Go's time.Time has it: when, and how far from UTC its clock is. */
export interface Moment {
  readonly seconds: number // since 1970, UTC
  readonly nanoseconds: number
  readonly offset: number // in seconds, east of UTC
  readonly zone: string // "UTC", or empty when nobody gave it a name
}

export const RFC3339 = '2006-01-02T15:04:05Z07:00'
export const RFC3339_NANO = '2006-01-02T15:04:05.999999999Z07:00'

const elements =
  /January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|002|0[1-6]|15|1|2006|2|_(?=2006)|__2|_2|3|4|5|PM|pm|[-Z]07(?:00(?:00)?|:00(?::00)?)?|[.,](?:0+|9+)(?!\d)/g

/** The parts of a layout: those that stand for something, and the text between. */
export function partsOf(layout: string): { readonly text: string; readonly isElement: boolean }[] {
  const parts: { text: string; isElement: boolean }[] = []
  let at = 0
  for (const match of layout.matchAll(elements)) {
    if (match[0] === '_') continue
    if (match.index > at) parts.push({ text: layout.slice(at, match.index), isElement: false })
    parts.push({ text: match[0], isElement: true })
    at = match.index + match[0].length
  }
  if (at < layout.length) parts.push({ text: layout.slice(at), isElement: false })
  return parts
}

/** time.Format: the layout shows how Monday, January 2nd 2006, 15:04:05 would be written. */
export function formatted(moment: Moment, layout: string): string {
  const local = moment.seconds + moment.offset
  const { year, month, day, hour, minute, second } = civil(local)
  const hour12 = hour % 12 === 0 ? 12 : hour % 12

  function written(element: string): string {
    switch (element) {
      case 'January':
        return months[month - 1] ?? ''
      case 'Jan':
        return months[month - 1]?.slice(0, 3) ?? ''
      case 'Monday':
        return weekdays[weekday(local)] ?? ''
      case 'Mon':
        return weekdays[weekday(local)]?.slice(0, 3) ?? ''
      case 'MST':
        return moment.zone === '' ? offset(moment.offset, '-0700') : moment.zone
      case '2006':
        return year < 0 ? `-${zeros(-year, 4)}` : zeros(year, 4)
      case '06':
        return zeros(((year % 100) + 100) % 100, 2)
      case '01':
        return zeros(month, 2)
      case '1':
        return String(month)
      case '02':
        return zeros(day, 2)
      case '_2':
        return String(day).padStart(2)
      case '2':
        return String(day)
      case '002':
        return zeros(yearDay(local), 3)
      case '__2':
        return String(yearDay(local)).padStart(3)
      case '15':
        return zeros(hour, 2)
      case '03':
        return zeros(hour12, 2)
      case '3':
        return String(hour12)
      case '04':
        return zeros(minute, 2)
      case '4':
        return String(minute)
      case '05':
        return zeros(second, 2)
      case '5':
        return String(second)
      case 'PM':
        return hour >= 12 ? 'PM' : 'AM'
      case 'pm':
        return hour >= 12 ? 'pm' : 'am'
    }
    return /^[-Z]/.test(element) ? offset(moment.offset, element) : fraction(moment.nanoseconds, element)
  }

  const parts = partsOf(layout).map(({ text, isElement }) => (isElement ? written(text) : text))
  return parts.join('')
}

function fraction(nanoseconds: number, element: string): string {
  const digits = zeros(nanoseconds, 9).slice(0, element.length - 1)
  if (element[1] === '0') return element[0] + digits.padEnd(element.length - 1, '0')
  const short = digits.replace(/0+$/, '')
  return short === '' ? '' : element[0] + short
}

function offset(seconds: number, element: string): string {
  if (element.startsWith('Z') && seconds === 0) return 'Z'
  const [hours, minutes, rest] = hoursOf(Math.abs(seconds))
  const parts = [zeros(hours, 2), zeros(minutes, 2), zeros(rest, 2)]
  const count = element.replace(/[^0-9]/g, '').length / 2
  return (seconds < 0 ? '-' : '+') + parts.slice(0, count).join(element.includes(':') ? ':' : '')
}

function hoursOf(seconds: number): [number, number, number] {
  return [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
}

function zeros(value: number, width: number): string {
  return String(value).padStart(width, '0')
}
