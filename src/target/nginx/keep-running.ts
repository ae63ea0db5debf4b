import { reasonOf, systemCode } from '../../errors.ts'
import { ifPossible } from '../../proc.ts'
import { type Runtime, slept } from '../../runtime.ts'
import type { Activator } from './activate.ts'
import type { Layout } from './layout.ts'
import { decide } from './process.ts'
import type { Supervisor } from './supervisor.ts'

/** How often we look whether nginx is alive: one line of /proc. */
const LOOK_MS = 200
/** An nginx we found may be in somebody else's care, who restarts it: look for its successor that long. */
const GRACE_MS = 2_000
/** To look for one that somebody else is to start means to read all of /proc. */
const AWAIT_MS = 1_000
const FIRST_RETRY_MS = 100
const LAST_RETRY_MS = 10_000
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
  let crashes = 0
  let isDown = false
  let upSince = runtime.clock.now()
  let pause = await bringUp()
  while (await slept(runtime, pause)) {
    const lost = ifPossible(() => supervisor.lost)
    if (lost !== undefined && !isDown) {
      crashes = runtime.clock.now() - upSince > STEADY_MS ? 1 : crashes + 1
      const retryIn = lost.started ? backoff(crashes, Math.random()) : GRACE_MS
      runtime.emit({ type: 'process.exited', pid: lost.pid, problem: 'the nginx master process is gone', retryIn })
      if (!(await slept(runtime, retryIn))) return
    }
    // An activation may have started it in the meantime; then there is nothing to bring back.
    if (lost !== undefined || isDown) pause = await bringUp()
    else pause = await lookForIt()
  }

  /** Somebody else may start it, a command of a template perhaps: adopts it. Milliseconds until the next look. */
  async function lookForIt(): Promise<number> {
    const known = ifPossible(() => ({ master: supervisor.master }))
    if (known === undefined || known.master !== undefined) return LOOK_MS
    await exclusive(async () => {
      const found = ifPossible(() => supervisor.look())
      if (found?.state === 'running') supervisor.adopt(found.master)
    })
    return kept.activator.mayStart ? LOOK_MS : AWAIT_MS
  }

  /** Milliseconds until the next look, or until the next try. */
  async function bringUp(): Promise<number> {
    const problem = await exclusive(() => bringBack(kept, runtime)).catch(
      error => `cannot look after nginx: ${diskProblem(error)}`,
    )
    isDown = problem !== undefined
    if (problem === undefined) {
      upSince = runtime.clock.now()
      return LOOK_MS
    }
    crashes += 1
    const retryIn = backoff(crashes, Math.random())
    runtime.emit({ type: 'generation.failed', code: 'TARGET_EXITED', problem, retryIn })
    return retryIn
  }
}

/** What the disk refuses is tried again; anything else is a bug. */
function diskProblem(error: unknown): string {
  if (systemCode(error) === undefined) throw error
  return reasonOf(error)
}

/** Adopts what runs, else starts what ran last; why that failed, when it has to be tried again. */
async function bringBack(
  { layout, supervisor, activator, isOwn }: Kept,
  runtime: Runtime,
): Promise<string | undefined> {
  if (runtime.signal.aborted) return undefined
  await recover(layout, runtime)
  const isSuccessor = supervisor.lost !== undefined
  const found = supervisor.look()
  if (found.state === 'running') {
    supervisor.adopt(found.master)
    if (isSuccessor) return catchUp(layout, supervisor, isOwn)
    // Killed between the verdict and writing it down: what nginx answers with is verified by that.
    const answered = await supervisor.digest(await layout.published())
    const live = answered === undefined ? undefined : await layout.find(answered)
    if (live !== undefined && live.digest !== (await layout.recall())?.digest) await layout.settle(live)
    return undefined
  }
  // Without anything to start it with, the first activation starts it.
  if (decide(found) === 'refuse' || !activator.mayStart || !(await layout.isStartable())) return undefined

  await supervisor.clean(found)
  const last = await layout.recall()
  if (isOwn && last !== undefined) await layout.restore() // what was published last may not have been verified
  const verdict = await supervisor.start(isOwn ? last?.digest : undefined)
  return verdict.kind === 'accepted' ? undefined : `nginx does not start: ${verdict.reason}`
}

/** Repairs what a crash may have left, as far as the disk lets us: an nginx that runs is worth more. */
async function recover(layout: Layout, runtime: Runtime): Promise<void> {
  try {
    await layout.recover()
  } catch (error) {
    const problem = `cannot clean up after the last run: ${diskProblem(error)}`
    runtime.emit({ type: 'config.warned', problem })
  }
}

/** In the place of a master that is gone somebody has put another: what it has read may be older than what is live. */
async function catchUp(layout: Layout, supervisor: Supervisor, isOwn: boolean): Promise<string | undefined> {
  const live = await layout.recall()
  if (live === undefined) return undefined
  await layout.restore()
  const verdict = await supervisor.reload(isOwn ? live.digest : undefined)
  return verdict.kind === 'accepted' ? undefined : `the new nginx did not take up what is live: ${verdict.reason}`
}

/** 100 ms after the first crash, then doubling to 10 s, with full jitter above the floor. */
function backoff(crashes: number, random: number): number {
  return crashes <= 1
    ? FIRST_RETRY_MS
    : FIRST_RETRY_MS + random * Math.min(FIRST_RETRY_MS * 2 ** crashes, LAST_RETRY_MS)
}
