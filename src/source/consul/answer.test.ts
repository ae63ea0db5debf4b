import { describe, expect, it } from 'vitest'
import { waitFor } from './answer.ts'

describe('the time that Retry-After asks for', () => {
  const date = 'Fri, 02 Jan 2026 03:04:05 GMT'

  it.each([
    { title: 'seconds', text: '7', ms: 7_000 },
    { title: 'a date', text: 'Fri, 02 Jan 2026 03:04:15 GMT', ms: 10_000 },
    { title: 'no time at all', text: '0', ms: undefined },
    { title: 'a date that has passed', text: 'Fri, 02 Jan 2026 03:00:00 GMT', ms: undefined },
    { title: 'less than nothing', text: '-5', ms: undefined },
    { title: 'nonsense', text: 'soon', ms: undefined },
    { title: 'nothing', text: undefined, ms: undefined },
  ])('$title', ({ text, ms }) => {
    expect(waitFor({ date, ...(text !== undefined && { 'retry-after': text }) })).toBe(ms)
  })
  it('a date without one to compare it with', () => {
    expect(waitFor({ 'retry-after': date })).toBeUndefined()
  })
})
