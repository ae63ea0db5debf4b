import { isOf } from '../errors.ts'
import { type Runtime, slept } from '../runtime.ts'
import type { Staged, Target } from '../target/target.ts'

/** So many reloads may come at once when there was none for a while. */
const BURST = 3
/** More draining generations than this are too many: each holds the memory of a whole configuration. */
const MOST_DRAINING = 4
const LONGEST_MS = 10_000

/** A token for every interval, and a burst of them when none was taken for a while. */
export interface Bucket {
  /** So many generations are draining. Returns the ms between two tokens from now on. */
  pace(draining: number): number
  /** The ms until there is a token; 0 when there is one. */
  wait(): number
  take(): void
}

export function createBucket(interval: number, now: () => number): Bucket {
  let tokens = BURST
  let spacing = interval
  let filled = now()

  function fill(): void {
    // While old workers pile up there is no burst: it would only add to them.
    const most = spacing > interval ? 1 : BURST
    tokens = Math.min(most, tokens + (now() - filled) / spacing)
    filled = now()
  }

  return {
    pace(draining) {
      fill()
      spacing = spacingFor(interval, draining)
      return spacing
    },
    wait() {
      fill()
      return tokens >= 1 ? 0 : Math.ceil((1 - tokens) * spacing)
    },
    take() {
      fill()
      tokens -= 1
    },
  }
}

/** Doubles with every generation too many, up to the longest; an interval that is longer already stays. */
function spacingFor(interval: number, draining: number): number {
  const tooMany = Math.max(0, draining - MOST_DRAINING)
  return Math.max(interval, Math.min(interval * 2 ** tooMany, LONGEST_MS))
}

/** The same target, which says how long a generation has to wait so that nginx is not told too often. */
export function withReloadBudget(target: Target, interval: number, runtime: Runtime): Target {
  if (interval === 0) return target
  const bucket = createBucket(interval, runtime.clock.now)
  let isStretched = false

  /** What runs, and the pace that follows from it. Undefined: nothing does, or it cannot be seen; `apply` tells why. */
  async function look() {
    try {
      const running = await target.running(runtime.signal)
      keepPace(running?.draining ?? 0)
      return running
    } catch (error) {
      if (runtime.signal.aborted || isOf('target', error)) return undefined
      throw error
    }
  }

  function keepPace(draining: number): void {
    const spacing = bucket.pace(draining)
    if (spacing > interval === isStretched) return
    isStretched = !isStretched
    runtime.emit(isStretched ? { type: 'reloads.stretched', draining, interval: spacing } : { type: 'reloads.eased' })
    if (isStretched) void lookUntilEased() // ends with that, or with the daemon
  }

  async function lookUntilEased(): Promise<void> {
    while (isStretched && (await slept(runtime, interval))) await look()
  }

  return {
    ...target,

    async readyIn(digest) {
      const running = await look()
      // A start is no reload, and what is live already is not told again.
      if (running === undefined || running.digest === digest) return 0
      // Not longer than the usual interval: until then a stretched one may be over.
      return Math.min(bucket.wait(), interval)
    },

    async stage(generation): Promise<Staged> {
      const staged = await target.stage(generation)
      return {
        ...staged,
        async activate(signal) {
          let isStart = false
          try {
            const activation = await staged.activate(signal)
            isStart = activation.kind === 'started'
            return activation
          } finally {
            if (!isStart) bucket.take()
          }
        },
      }
    },
  }
}
