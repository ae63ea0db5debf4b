import { reasonOf, UpstreamdError } from '../../errors.ts'
import type { Generation } from '../../model/generation.ts'
import type { Clock } from '../../runtime.ts'
import { type CommandConfig, runCommand } from '../command.ts'
import type { Activation, Took } from '../target.ts'
import type { Layout } from './layout.ts'
import { lookBehind } from './look.ts'
import { isAnyStarting } from './proc.ts'
import { decide } from './process.ts'
import type { Supervisor } from './supervisor.ts'
import type { Verdict } from './verify.ts'

/** How long a user's command may take to show in nginx after it ended; `-s reload` shows within 100 ms (measured). */
const COMMAND_EFFECT_MS = 3_000

export interface Activator {
  readonly layout: Layout
  readonly supervisor: Supervisor
  readonly digestOf: (generation: Generation) => string | undefined // what nginx will answer with
  readonly mayStart: boolean
  readonly clock: Clock
}

type Taken = ({ readonly kind: 'started' | 'reloaded'; readonly pid: number } | { readonly kind: 'written' }) & {
  readonly workers: readonly number[]
}
type Accepted = Taken & { readonly took: Took }

/** Publish, start or reload, verify; else put the previous generation back. The caller makes sure it runs alone. */
export async function activate(
  { layout, supervisor, digestOf, mayStart, clock }: Activator,
  generation: Generation,
  commands: readonly CommandConfig[],
  isOurSignalNeeded: boolean,
  signal: AbortSignal,
): Promise<Accepted | Extract<Activation, { kind: 'rolled_back' }>> {
  signal.throwIfAborted() // before the commit a stop ends it; behind it, it is carried through
  let mayHaveMoved = false
  const began = clock.now()
  await publish()
  const told = clock.now()
  let taken: Taken
  try {
    taken = await take()
  } catch (error) {
    await rollBack(error)
    signal.throwIfAborted() // a stop is no failure of the generation
    return { kind: 'rolled_back', cause: error as Error }
  }
  const took = { signal: told - began, verified: clock.now() - told }
  // Live and verified. If only that cannot be written down, it is written down by the next attempt.
  await onDisk('cannot write down what is live', () => layout.settle(generation))
  return { ...taken, took }

  async function publish(): Promise<void> {
    try {
      await onDisk('cannot publish', () => layout.publish(generation))
    } catch (error) {
      await layout.restore().catch(() => {}) // of several files some may be new; what the disk refuses is told below
      throw error
    }
  }

  async function take(): Promise<Taken> {
    let outcome: Taken = { kind: 'written', workers: [] }
    // A start of ours takes up all of it: a command that reloads would find nothing to reload.
    if (isOurSignalNeeded && mayStart && supervisor.look().state !== 'running') return takeBySignal(generation)
    if (commands.length > 0) outcome = await takeByCommands()
    if (isOurSignalNeeded) outcome = await takeBySignal(generation)
    return outcome
  }

  async function takeBySignal(wanted: Generation): Promise<Taken> {
    const found = supervisor.look()
    switch (decide(found)) {
      case 'refuse': {
        const { pid, command } = found as Extract<typeof found, { state: 'foreign' }>
        throw new UpstreamdError(
          'TARGET_PID_FOREIGN',
          `the pid file names process ${pid}, an nginx that is not ours: ${command}`,
        )
      }
      case 'reload':
        if (found.state === 'running') supervisor.adopt(found.master)
        return provenOrReplaced('reloaded', await supervisor.reload(digestOf(wanted)), wanted)
      case 'start':
        if (!mayStart) return { kind: 'written', workers: [] }
        await supervisor.clean(found)
        return proven('started', await supervisor.start(digestOf(wanted)))
    }
  }

  /** Somebody else's reload: we cannot know what it does, but we see what becomes of nginx. */
  async function takeByCommands(): Promise<Taken> {
    const before = supervisor.look()
    if (before.state === 'running') supervisor.adopt(before.master)
    else await supervisor.clean(before) // a script that reads a stale pid file would signal a stranger
    const workers = supervisor.workers()
    supervisor.mark()
    for (const command of commands) await runCommand(command, signal)

    const after = await lookBehind(() => supervisor.look(), isAnyStarting, clock, signal)
    if (after.state !== 'running') return { kind: 'written', workers: [] }
    const isNew = supervisor.adopt(after.master, before.state !== 'running')
    const found = await supervisor.observe(isNew ? new Set() : workers, COMMAND_EFFECT_MS)
    if (found.kind === 'silent') return { kind: 'written', workers: [] } // it did something else than reload nginx
    return provenOrReplaced(isNew ? 'started' : 'reloaded', found, generation)
  }

  /** A master that hangs is replaced when we have started it; one that we only found is not ours to end. */
  async function provenOrReplaced(kind: 'started' | 'reloaded', found: Verdict, wanted: Generation): Promise<Taken> {
    if (found.kind !== 'hung') return proven(kind, found)
    const isOurs = mayStart && supervisor.master?.started === true
    supervisor.announceHung(found.reason, isOurs)
    if (!isOurs) return proven(kind, found)
    return proven('started', await supervisor.replace(digestOf(wanted)))
  }

  function proven(kind: 'started' | 'reloaded', found: Verdict): Taken {
    const pid = supervisor.master?.pid
    if (found.kind === 'accepted' && pid !== undefined) return { kind, pid, workers: found.workers }
    const why = found.kind === 'accepted' ? 'nginx ended right after it had accepted' : found.reason
    // One that hangs reads what is on the disk when it wakes up: the signal waits for it.
    mayHaveMoved = found.kind !== 'refused' && found.kind !== 'hung'
    // An end may come from outside; a refusal has its reason in the configuration or its surroundings.
    const code = found.kind === 'accepted' || found.kind === 'died' ? 'TARGET_EXITED' : 'TARGET_NOT_TAKEN_UP'
    throw new UpstreamdError(code, `nginx did not take up the configuration: ${why}`)
  }

  async function rollBack(cause: unknown): Promise<void> {
    const workers = supervisor.workers()
    try {
      await layout.restore()
      const previous = await layout.recall()
      if (supervisor.master === undefined) {
        // It was a start that failed, or nginx died of it: the previous generation has to be started.
        if (mayStart && previous !== undefined && (await layout.isStartable())) await takeBySignal(previous)
        return
      }
      // A refusal leaves the old configuration in the master's memory, unless its ports came free in the meantime.
      const hasMoved =
        mayHaveMoved ||
        (await supervisor.digest(generation.digest)) === generation.digest ||
        (commands.length > 0 && hasChanged(workers))
      if (hasMoved && previous !== undefined) await takeBySignal(previous)
    } catch (error) {
      const what = `${reasonOf(cause)}; and going back failed too: ${reasonOf(error)}`
      throw new UpstreamdError('TARGET_ROLLBACK_FAILED', what, { cause })
    }
  }

  function hasChanged(before: ReadonlySet<number>): boolean {
    return [...supervisor.workers()].some(pid => !before.has(pid))
  }
}

/** What the disk refuses is the operator's to mend, and no bug. Throws TARGET_STAGE_FAILED. */
async function onDisk(what: string, task: () => Promise<void>): Promise<void> {
  try {
    await task()
  } catch (error) {
    throw new UpstreamdError('TARGET_STAGE_FAILED', what, { cause: error })
  }
}
