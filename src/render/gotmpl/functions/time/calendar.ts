/** The proleptic Gregorian calendar, in whole seconds, without the wall clock of this machine. */
export interface Civil {
  readonly year: number
  readonly month: number // 1 to 12
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
}

const DAY = 86_400

export const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]
export const weekdays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']

export function civil(seconds: number): Civil {
  const days = Math.floor(seconds / DAY)
  const rest = seconds - days * DAY
  // Years begin in March here, so that the leap day is the last one.
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const ofEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  )
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const fromMarch = Math.floor((5 * ofYear + 2) / 153)
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: ofYear - Math.floor((153 * fromMarch + 2) / 5) + 1,
    hour: Math.floor(rest / 3600),
    minute: Math.floor(rest / 60) % 60,
    second: rest % 60,
  }
}

/** Whatever is too large runs over into what is above it, as in time.Date. */
export function secondsOf({ year, month, day, hour, minute, second }: Civil): number {
  const years = year + Math.floor((month - 1) / 12)
  const inYear = month - 12 * Math.floor((month - 1) / 12)
  const shifted = inYear <= 2 ? years - 1 : years
  const era = Math.floor(shifted / 400)
  const ofEra = shifted - era * 400
  const ofYear = Math.floor((153 * (inYear > 2 ? inYear - 3 : inYear + 9) + 2) / 5) + day - 1
  const days = era * 146_097 + ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear - 719_468
  return days * DAY + hour * 3600 + minute * 60 + second
}

export function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return [4, 6, 9, 11].includes(month) ? 30 : 31
}

export function weekday(seconds: number): number {
  return (((Math.floor(seconds / DAY) + 4) % 7) + 7) % 7
}

export function yearDay(seconds: number): number {
  const { year } = civil(seconds)
  const start = secondsOf({ year, month: 1, day: 1, hour: 0, minute: 0, second: 0 })
  return Math.floor((seconds - start) / DAY) + 1
}
