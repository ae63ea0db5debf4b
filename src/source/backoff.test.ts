import { describe, expect, it } from 'vitest'
import { UpstreamdError } from '../errors.ts'
import { delayAfter, owed, priceOf } from './backoff.ts'

const lost = new UpstreamdError('SOURCE_UNREACHABLE', 'connection refused')
const denied = new UpstreamdError('SOURCE_DENIED', 'HTTP 403')

describe('the time until the next try', () => {
  it('grows with every failure in a row, up to half a minute', () => {
    const longest = [1, 2, 3, 8, 20, 500].map(attempt => delayAfter(attempt, lost, 1))

    expect(longest).toEqual([350, 600, 1_100, 30_100, 30_100, 30_100])
  })

  it('is spread over the whole interval, so that a site’s daemons do not come all at once', () => {
    expect([0, 0.25, 0.5].map(random => delayAfter(3, lost, random))).toEqual([100, 350, 600])
  })

  it('is never nothing', () => {
    for (const attempt of [1, 5, 50]) expect(delayAfter(attempt, lost, 0)).toBeGreaterThanOrEqual(100)
  })

  it('is the longest at once when the token is refused: knocking does not help', () => {
    expect(delayAfter(1, denied, 0)).toBe(24_000)
    expect(delayAfter(1, denied, 1)).toBe(30_000)
  })

  it('is what the other side asks for', () => {
    const busy = new UpstreamdError('SOURCE_UNREACHABLE', 'HTTP 429', { retryAfter: 7_000 })

    expect(delayAfter(1, busy, 0)).toBe(7_000)
    expect(delayAfter(9, busy, 1)).toBe(7_250)
  })

  it('but not if it asks for an hour', () => {
    const rude = new UpstreamdError('SOURCE_UNREACHABLE', 'HTTP 503', { retryAfter: 3_600_000 })

    expect(delayAfter(1, rude, 0)).toBe(30_000)
  })
})

describe('what is owed to somebody who is not well', () => {
  it('is nothing after three questions, then half a second for each', () => {
    expect([1, 3, 5, 9].map(questions => owed(questions, 0, 3))).toEqual([0, 0, 1_000, 3_000])
  })

  it('is paid with time', () => {
    expect([0, 500, 999, 1_000, 60_000].map(elapsed => owed(5, elapsed, 3))).toEqual([1_000, 500, 1, 0, 0])
  })

  it('is short at first, and never more than half a minute, however many nodes were read', () => {
    expect([1, 2, 3, 4, 5, 50].map(times => owed(10_000, 0, times))).toEqual([
      2_000, 4_000, 8_000, 16_000, 30_000, 30_000,
    ])
  })
})

it('a question costs half a second', () => {
  expect([0, 1, 4].map(priceOf)).toEqual([0, 500, 2_000])
})
