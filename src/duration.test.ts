import { describe, expect, it } from 'vitest'
import { duration, formatDuration, parseDuration } from './duration.ts'

describe('a duration is written as in Go', () => {
  it.each([
    { text: '0', ms: 0 },
    { text: '250ms', ms: 250 },
    { text: '5s', ms: 5_000 },
    { text: '1m30s', ms: 90_000 },
    { text: '1h', ms: 3_600_000 },
    { text: '1.5s', ms: 1_500 },
    { text: '500us', ms: 0.5 },
    { text: '500µs', ms: 0.5 },
  ])('$text', ({ text, ms }) => {
    expect(parseDuration(text)).toBe(ms)
    expect(duration.parse(text)).toBe(ms)
  })

  it.each(['', '5', 's', '-5s', '5 s', '5S', '1d', '5s!', 'five seconds', '1.s'])('%j is none', text => {
    expect(parseDuration(text)).toBeUndefined()
    expect(duration.safeParse(text).error?.issues[0]?.message).toBe(
      `"${text}" is not a duration such as 250ms, 5s or 1m30s`,
    )
  })
})

it.each([
  { ms: 0, text: '0 ms' },
  { ms: 41.4, text: '41 ms' },
  { ms: 999, text: '999 ms' },
  { ms: 1_000, text: '1 s' },
  { ms: 3_449, text: '3.4 s' },
  { ms: 119_000, text: '119 s' },
  { ms: 300_000, text: '5 min' },
  { ms: 7 * 3_600_000, text: '7 h' },
  { ms: 3 * 86_400_000, text: '3 d' },
])('people read $ms milliseconds as $text', ({ ms, text }) => {
  expect(formatDuration(ms)).toBe(text)
})
