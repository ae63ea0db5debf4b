import type { Code } from '../errors.ts'

/** First pause after a failure, in ms: what may be over in a moment is tried again soon. */
const firstPause: Partial<Record<Code, number>> = {
  TARGET_EXITED: 250,
  TARGET_COMMAND_FAILED: 1_000,
  TARGET_STAGE_FAILED: 1_000,
  TARGET_TREE_BROKEN: 1_000,
  TARGET_ROLLBACK_FAILED: 1_000,
}
const USUAL_MS = 10_000
const LONGEST_MS = 300_000

/** When a template that was set aside because of its surroundings is tried again; doubles every time, up to this. */
const RECONSIDER_MS = 60_000
const RECONSIDER_LONGEST_MS = 16 * RECONSIDER_MS

/** The same generation is not tried again at once: what refused it is still there. It is, after a while: that may pass. */
export interface Retries {
  /** What this generation failed with, while it is too soon to try it again, and the ms until it is time. */
  tooSoon(digest: string): { readonly problem: string; readonly retryIn: number } | undefined
  /** Remembers a failure. Returns the ms after which to try again. */
  failed(digest: string, problem: string, code: Code): number
  succeeded(): void
  /** The last failure, of whatever generation. */
  lastProblem(): string | undefined
  /** Remembers that a template was set aside. Returns the ms after which to look at it again. */
  setAside(): number
  /** Are templates that were set aside to be looked at now? Before it is time, `again` is asked for another look then. */
  reconsider(again: (ms: number) => void): boolean
}

export function createRetries(now: () => number): Retries {
  let last: { digest: string; failures: number; at: number; problem: string } | undefined
  let reconsider = { at: Number.POSITIVE_INFINITY, delay: RECONSIDER_MS / 2 }

  return {
    tooSoon: digest =>
      last?.digest === digest && now() < last.at ? { problem: last.problem, retryIn: last.at - now() } : undefined,
    failed(digest, problem, code) {
      const failures = last?.digest === digest ? last.failures + 1 : 1
      const pause = Math.min((firstPause[code] ?? USUAL_MS) * 2 ** (failures - 1), LONGEST_MS)
      last = { digest, failures, at: now() + pause, problem }
      return pause
    },
    succeeded() {
      last = undefined
    },
    lastProblem: () => last?.problem,
    setAside() {
      const delay = Math.min(reconsider.delay * 2, RECONSIDER_LONGEST_MS)
      reconsider = { at: now() + delay, delay }
      return delay
    },
    reconsider(again) {
      if (!Number.isFinite(reconsider.at)) return false
      const wait = reconsider.at - now()
      if (wait > 0) again(wait + 1)
      else reconsider = { ...reconsider, at: Number.POSITIVE_INFINITY }
      return wait <= 0
    },
  }
}
