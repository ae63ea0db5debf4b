import { UpstreamdError, reasonOf } from '../../errors.ts'
import { type Runtime, slept } from '../../runtime.ts'
import type { Activator } from './activate.ts'
import type { Layout } from './layout.ts'
import { decide } from './process.ts'
import type { Supervisor } from './supervisor.ts'

/** How often we look whether nginx is alive: one line of /proc. */
const LOOK_MS = 200
/** An nginx we found may be in somebody else's care, who restarts it: look for its successor that long. */
const GRACE_MS = 2_000
/** Living longer than this ends a series of crashes. */
const STEADY_MS = 10_000

export interface Kept {
  readonly layout: Layout
  readonly supervisor: Supervisor
  readonly activator: Activator
  readonly exclusive: <T>(task: () => Promise<T>) => Promise<T>
  readonly isOwn: boolean
}

/** Brings nginx back as it was, then starts it again whenever it is gone, until the signal aborts. */
export async function keepRunning(kept: Kept, runtime: Runtime): Promise<void> {
  const { supervisor, exclusive } = kept
  await exclusive(() => bringBack(kept, runtime))

  let crashes = 0
  let seen = supervisor.master
  let since = runtime.clock.now()
  while (await slept(runtime, LOOK_MS)) {
    const now = supervisor.master
    if (now !== undefined) {
      if (now.pid !== seen?.pid) since = runtime.clock.now()
      seen = now
      continue
    }
    if (seen === undefined) continue // it was never there: the first activation starts it

    crashes = runtime.clock.now() - since > STEADY_MS ? 1 : crashes + 1
    const retryIn = seen.started ? backoff(crashes, Math.random()) : GRACE_MS
    runtime.emit({ type: 'process.exited', pid: seen.pid, problem: 'the nginx master process is gone', retryIn })
    if (!(await slept(runtime, retryIn))) return
    // An activation may have started it while we waited; then there is nothing left to do.
    if (supervisor.master === undefined) await exclusive(() => bringBack(kept, runtime))
    since = runtime.clock.now()
  }
}

/** Adopts what runs; starts what ran last. What fails is said, and tried again by the next activation or look. */
async function bringBack({ layout, supervisor, activator, isOwn }: Kept, runtime: Runtime): Promise<void> {
  if (runtime.signal.aborted) return
  await layout.recover()
  const found = supervisor.look()
  if (found.state === 'running') {
    supervisor.adopt(found.master)
    // Killed between the verdict and writing it down: what nginx answers with is verified by that.
    const answered = await supervisor.digest()
    const live = answered === undefined ? undefined : await layout.find(answered)
    if (live !== undefined && live.digest !== (await layout.recall())?.digest) await layout.settle(live)
    return
  }
  if (decide(found) === 'refuse' || !activator.mayStart || !(await layout.isStartable())) return

  await supervisor.clean(found)
  const last = await layout.recall()
  if (isOwn && last !== undefined) await layout.restore() // what was published last may not have been verified
  const verdict = await supervisor.start(isOwn ? last?.digest : undefined)
  if (verdict.kind === 'accepted') return
  const error = new UpstreamdError('TARGET_EXITED', `nginx does not start: ${verdict.reason}`)
  runtime.emit({ type: 'generation.failed', code: error.code, problem: reasonOf(error), retryIn: LOOK_MS })
}

/** 100 ms after the first crash, then doubling to 10 s, with full jitter above the floor. */
function backoff(crashes: number, random: number): number {
  return crashes <= 1 ? 100 : 100 + random * Math.min(100 * 2 ** crashes, 10_000)
}
