import type { UpstreamdError } from '../errors.ts'

const FIRST_RETRY_MS = 250
const LAST_RETRY_MS = 30_000

/** What somebody who is not well may be asked: so many questions at once, and then so many a second. */
const AT_ONCE = 3
const PER_SECOND = 2
const FIRST_DEBT_MS = 2_000

/** Milliseconds to wait after the nth failure in a row. What is forbidden stays so for a while; who asks for time gets it. */
export function delayAfter(attempt: number, error: UpstreamdError, random: number): number {
  if (error.retryAfter !== undefined) return Math.min(error.retryAfter, LAST_RETRY_MS) + random * FIRST_RETRY_MS
  if (error.code === 'SOURCE_DENIED') return LAST_RETRY_MS * (0.8 + 0.2 * random)

  return growingDelay(attempt, random)
}

/** Full jitter spreads the daemons of a site over the whole interval; the floor keeps one from spinning. */
export function growingDelay(attempt: number, random: number): number {
  return 100 + random * Math.min(FIRST_RETRY_MS * 2 ** (attempt - 1), LAST_RETRY_MS)
}

/**
 * Milliseconds until so many questions, put in so many milliseconds, are bearable. It is what holds where delays
 * alone do not: a try may cost one question or, with many nodes, hundreds. The first time it is short all the same:
 * most trouble passes.
 */
export function owed(questions: number, elapsed: number, times: number): number {
  const due = priceOf(questions - AT_ONCE) - elapsed
  return Math.max(0, Math.min(due, FIRST_DEBT_MS * 2 ** (times - 1), LAST_RETRY_MS))
}

/** Milliseconds that so many questions cost. */
export function priceOf(questions: number): number {
  return (questions / PER_SECOND) * 1_000
}
