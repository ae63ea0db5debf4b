import { isExhausted, isOf, reasonOf } from '../../errors.ts'
import type { Generation } from '../../model/generation.ts'
import { ifPossible } from '../../proc.ts'
import { type Runtime, slept } from '../../runtime.ts'
import { type Activator, activate } from './activate.ts'
import { createToll, LOOP } from './toll.ts'

/** Workers that die of a configuration do so within this time after they were started. */
const LATE_MS = 500
/** Looks without any worker after which they are gone for good. */
const BARE_LOOKS = 5
/** How often we look whether workers have died. */
const LOOK_MS = 500
/** While they die again and again, that is said so often. */
const SAY_MS = 10_000
/** A loop that begins so soon after an activation began with it. */
const BEGAN_MS = 10_000
/** A master without workers for longer than this starts none by itself. */
const BARE_MS = 2_000
/** It is told to start some, and again after this time. */
const TELL_AGAIN_MS = 10_000

/** A generation that was accepted, and what was live before it. */
export interface Accepted {
  readonly generation: Generation
  readonly previous: () => Promise<Generation | undefined>
  readonly pid: number // of the master
  readonly workers: readonly number[]
}

/** Looks at what becomes of nginx after a generation was accepted. */
export interface Aftercare {
  /** What this generation's workers died of when it was live: it is not tried again. */
  fatal(digest: string): string | undefined
  /** Beside the next apply: a generation whose workers die at once is taken back. */
  follow(accepted: Accepted): Promise<void>
  /** Counts workers that die, says so, and takes a generation back that they began to die with; until the signal aborts. */
  watch(signal: AbortSignal): Promise<void>
}

export function createAftercare(
  activator: Activator,
  exclusive: <T>(task: () => Promise<T>) => Promise<T>,
  runtime: Runtime,
): Aftercare {
  const { layout, supervisor } = activator
  const { clock, emit } = runtime
  const fatal = new Map<string, string>() // digest → what its workers died of
  const toll = createToll()
  let latest: (Accepted & { readonly at: number }) | undefined
  let taken: { readonly digest: string; readonly at: number } | undefined // back, for a loop
  let saidAt = Number.NEGATIVE_INFINITY
  let trouble: 'loop' | 'bare' | undefined
  let bareSince: number | undefined
  let toldAt = Number.NEGATIVE_INFINITY

  async function takeBack({ generation, previous }: Accepted, problem: string): Promise<void> {
    fatal.set(generation.digest, problem)
    await exclusive(async () => goBack(generation, await previous(), `its workers died: ${problem}`))
  }

  async function goBack(generation: Generation, previous: Generation | undefined, problem: string): Promise<void> {
    if ((await layout.good()) !== generation.digest) return
    const code = 'TARGET_NOT_TAKEN_UP'
    try {
      const back = previous && (await activate(activator, previous, [], true, runtime.signal))
      const to = back === undefined || back.kind === 'rolled_back' ? undefined : previous?.digest
      emit({ type: 'generation.rolled_back', digest: generation.digest, to, code, problem, retryIn: undefined })
    } catch (error) {
      if (runtime.signal.aborted) return
      if (!isOf('target', error)) throw error
      emit({
        type: 'generation.failed',
        code: error.code,
        problem: `${problem}; ${reasonOf(error)}`,
        retryIn: LATE_MS,
      })
    }
  }

  function count(crashes: readonly string[], pid: number, now: number): void {
    toll.add(crashes.length, now)
    const deaths = toll.within(now)
    const last = crashes.at(-1)
    if (last === undefined) {
      if (trouble === 'loop' && deaths === 0) recovered(pid)
      return
    }
    const isLoop = deaths >= LOOP
    if (now - saidAt >= SAY_MS || (isLoop && trouble === undefined)) {
      saidAt = now
      emit({ type: 'worker.died', pid, problem: last, deaths, isLoop })
    }
    if (isLoop) trouble ??= 'loop'
  }

  function recovered(pid: number): void {
    trouble = undefined
    saidAt = Number.NEGATIVE_INFINITY
    emit({ type: 'worker.recovered', pid })
  }

  /** The generation the loop began with; undefined when workers had died before it, or long after it. */
  function suspect(now: number): Accepted | undefined {
    const first = toll.first(now)
    if (trouble !== 'loop' || latest === undefined || first === undefined) return undefined
    return first >= latest.at && first - latest.at < BEGAN_MS ? latest : undefined
  }

  async function blame(last: string, pid: number, now: number): Promise<void> {
    const accepted = suspect(now)
    if (accepted !== undefined && (await accepted.previous()) !== undefined) {
      latest = undefined
      await takeBack(accepted, `${toll.within(now)} within a minute, the last one: ${last}`)
      taken = { digest: accepted.generation.digest, at: clock.now() }
      recovered(pid) // as far as we know: the next death says otherwise
    }
    // They die without it, too: it was something else, and it may be tried again.
    if (taken !== undefined && toll.since(taken.at) >= LOOP) {
      fatal.delete(taken.digest)
      taken = undefined
    }
  }

  function isBare(pid: number): boolean {
    return supervisor.master?.pid === pid && !supervisor.hasWorkers()
  }

  /** A worker that cannot even begin is not started again by nginx; without any, a reload starts new ones. */
  async function repopulate(pid: number, now: number): Promise<void> {
    // One that only waits for the last requests was told to quit.
    const isEmpty = isBare(pid) && supervisor.draining() === 0
    bareSince = isEmpty ? (bareSince ?? now) : undefined
    if (bareSince === undefined && trouble === 'bare') recovered(pid)
    if (bareSince === undefined || now - bareSince < BARE_MS || now - toldAt < TELL_AGAIN_MS) return

    await exclusive(async () => {
      if (!isBare(pid)) return // it was just being started, or told to read
      toldAt = now
      trouble = 'bare'
      emit({ type: 'worker.died', pid, problem: 'no worker is left', deaths: toll.within(now), isLoop: true })
      const good = await layout.recall()
      await supervisor.reload(good && activator.digestOf(good))
    })
  }

  async function look(): Promise<void> {
    const { master } = supervisor
    if (master === undefined) return
    const now = clock.now()
    supervisor.noteWorkers()
    const crashes = supervisor.crashes()
    count(crashes, master.pid, now)
    const last = crashes.at(-1)
    if (last !== undefined) await blame(last, master.pid, now)
    await repopulate(master.pid, now)
    // Every death is a line: a log that runs wild starts over, but never under somebody who waits for a verdict.
    if (supervisor.isLogLong) await exclusive(async () => supervisor.mark())
  }

  return {
    fatal: digest => fatal.get(digest),

    async follow(accepted) {
      latest = { ...accepted, at: clock.now() }
      const until = clock.now() + LATE_MS
      let bare = 0 // looks that found no worker: the master starts others, or says what they died of
      while (clock.now() < until && (await slept(runtime, 20))) {
        ifPossible(() => supervisor.noteWorkers())
        const words = ifPossible(() => supervisor.lateDeaths(accepted.pid, accepted.workers)) ?? []
        if (words.length > 0) return takeBack(accepted, words.join('; '))
        bare = ifPossible(() => isBare(accepted.pid)) ? bare + 1 : 0
        if (bare === BARE_LOOKS) return takeBack(accepted, 'all workers are gone')
      }
    },

    async watch(signal) {
      while (await slept({ ...runtime, signal }, LOOK_MS)) {
        try {
          await look()
        } catch (error) {
          if (!isExhausted(error)) throw error // else it is looked at again in a moment
        }
      }
    },
  }
}
