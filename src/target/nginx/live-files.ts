import { lstatSync } from 'node:fs'
import { readIfThere, replaceFile } from '../../disk.ts'
import { reasonOf } from '../../errors.ts'
import type { Generation } from '../../model/generation.ts'
import { rounded } from '../../model/phases.ts'
import { sizeOf } from '../../model/selection.ts'
import { readProcess } from '../../proc.ts'
import { type Runtime, slept } from '../../runtime.ts'
import { createFileKeeper, type KeptFile } from '../keep-files.ts'
import { type Activator, activate } from './activate.ts'
import type { Layout } from './layout.ts'
import { isMaster } from './proc.ts'
import type { Supervisor } from './supervisor.ts'

/** Somebody else's reload may still be under way when the file is as it was again: nginx is looked at twice. */
const LATE_MS = 2_000

/** The files of what is live, and nginx's pid file: whoever changes or deletes them is undone, and it is said. */
export interface LiveFiles {
  /** The layout by which generations become live: what it settles is looked after from then on. */
  readonly layout: Layout
  /** What was live last; without its files, when somebody has edited them: a loss is measured against it all the same. */
  recall(): Promise<Generation | undefined>
  /** Does the disk hold what was verified last, under this digest? */
  areIntact(digest: string): Promise<boolean>
  /** Looks after them until the signal aborts. */
  keep(activator: Activator, runtime: Runtime): Promise<void>
}

export function lookAfter(
  inner: Layout,
  supervisor: Supervisor,
  pidFile: string,
  exclusive: <T>(task: () => Promise<T>) => Promise<T>,
  { clock, emit }: Runtime,
): LiveFiles {
  let live: Generation | undefined // undefined while another one is on its way
  let kept: string | undefined // digest
  let hasFailed = false
  const keeper = createFileKeeper({ exclusive, restored, failed }, clock.now)

  async function vouchFor(generation: Generation | undefined): Promise<void> {
    live = generation
    if (generation?.digest === kept) return
    kept = generation?.digest
    if (generation === undefined) return keeper.keep([])
    const files = inner.kept(generation).map(({ path, restore }) => ({
      path,
      restore: async () => live?.digest === generation.digest && restore(),
    }))
    keeper.keep([...files, ...((await isOurs(pidFile, supervisor)) ? [pidFileOf(pidFile, supervisor)] : [])])
  }

  function restored(paths: readonly string[], pause: number): void {
    if (live === undefined) return
    const { digest, selection } = live
    emit({ type: 'generation.restored', digest, paths, pause })
    // What the status says of the disk is over.
    if (hasFailed) {
      emit({
        type: 'generation.activated',
        digest,
        how: 'unchanged',
        ms: 0,
        ...sizeOf(selection),
        added: [],
        removed: [],
        phases: {},
      })
    }
    hasFailed = false
  }
  function failed(problem: string, retryIn: number): void {
    hasFailed = true
    emit({ type: 'generation.failed', code: 'TARGET_STAGE_FAILED', problem, retryIn })
  }

  /** Who edits a file often tells nginx, too. What nginx has read since is other than what it was verified with. */
  async function takeUp(activator: Activator, runtime: Runtime): Promise<void> {
    const wanted = live
    const before = supervisor.master
    for (const pause of [0, LATE_MS]) {
      if (!(await slept(runtime, pause))) return
      const isDone = await exclusive(async () => {
        // Another one went live meanwhile, or nginx was started behind the edit.
        if (wanted === undefined || live !== wanted) return true
        if (before !== undefined && supervisor.master?.pid !== before.pid) return true
        if (supervisor.look().state !== 'running' || !hasMoved(supervisor, before)) return false
        await keeper.check() // it may have been edited again
        await tellAgain(activator, wanted, runtime)
        return true
      })
      if (isDone) return
    }
  }

  return {
    layout: {
      ...inner,
      async publish(generation) {
        await keeper.hurry() // it is what we go back to when this one is not taken up
        live = undefined
        await inner.publish(generation)
      },
      async settle(generation) {
        await inner.settle(generation)
        await vouchFor(generation)
      },
      async restore() {
        await inner.restore()
        await vouchFor(await inner.recall())
      },
      /** Who asks is about to start or reload nginx with it. */
      async recall() {
        if (live !== undefined) await keeper.check()
        return inner.recall()
      },
      async recover() {
        await inner.recover()
        if (live === undefined) await vouchFor(await inner.recall())
        else await keeper.check() // nginx is about to be started with it
      },
    },
    async recall() {
      const [last, digest] = [await inner.recall(), await inner.good()]
      const selection = last === undefined && digest !== undefined ? await inner.selection(digest) : undefined
      return digest === undefined || selection === undefined ? last : { digest, files: [], selection }
    },
    async areIntact(digest) {
      if (live === undefined) await vouchFor(await inner.recall())
      return live?.digest === digest
    },
    async keep(activator, runtime) {
      await keeper.run(runtime, () => takeUp(activator, runtime))
      await exclusive(() => keeper.check()) // what somebody wrote a moment ago is not left to the next life
    },
  }
}

/** A reload replaces all workers. Of those seen when nginx was verified some may have been on their way out, or not there yet. */
function hasMoved(supervisor: Supervisor, before: Supervisor['master']): boolean {
  const now = supervisor.workers()
  return !before?.verified.some(({ pid }) => now.has(pid))
}

async function tellAgain(activator: Activator, generation: Generation, runtime: Runtime): Promise<void> {
  const { digest, selection } = generation
  const started = runtime.clock.now()
  const outcome = await activate(activator, generation, [], true, runtime.signal)
  if (outcome.kind !== 'rolled_back') {
    const ms = runtime.clock.now() - started
    const size = sizeOf(selection)
    const phases = rounded(outcome.took)
    runtime.emit({
      type: 'generation.activated',
      digest,
      how: outcome.kind,
      ms,
      ...size,
      added: [],
      removed: [],
      phases,
    })
    return
  }
  const problem = reasonOf(outcome.cause)
  runtime.emit({
    type: 'generation.rolled_back',
    digest,
    to: undefined,
    code: 'TARGET_NOT_TAKEN_UP',
    problem,
    retryIn: undefined,
  })
}

/** A script that reloads nginx or rotates its logs reads this file: a wrong one makes it signal a stranger. */
function pidFileOf(path: string, supervisor: Supervisor): KeptFile {
  return {
    path,
    async restore() {
      const { master } = supervisor
      // Gone, or being replaced by another binary: then nginx itself writes it.
      if (master === undefined || isThere(`${path}.oldbin`) || (await namesAnNginx(path))) return false
      await replaceFile(path, `${master.pid}\n`)
      return true
    },
  }
}

async function isOurs(path: string, { master }: Supervisor): Promise<boolean> {
  return master !== undefined && isThere(path) && (await named(path)) === master.pid
}

async function namesAnNginx(path: string): Promise<boolean> {
  const process = readProcess(await named(path))
  return process !== undefined && isMaster(process)
}

async function named(path: string): Promise<number> {
  return Number.parseInt((await readIfThere(path)) ?? '', 10)
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}
