import { readIfThere } from '../disk.ts'
import { reasonOf, systemCode } from '../errors.ts'
import { type Runtime, slept } from '../runtime.ts'
import { ofStamp, watchFiles } from '../watch-files.ts'

/** Who writes the same file again and again is answered ever more slowly, so that it is never a fight. */
const FIRST_PAUSE_MS = 1_000
const LAST_PAUSE_MS = 64_000
/** As long without a change ends a series. */
const CALM_MS = 2 * LAST_PAUSE_MS
/** What goes with one command is put back as one. */
const GATHER_MS = 25

/** A file that has to lie on the disk as it was written. */
export interface KeptFile {
  readonly path: string
  /** Writes it again; false when it is as it should be. */
  restore(): Promise<boolean>
}

export function keptText(
  path: string,
  text: string,
  write: (path: string, text: string) => Promise<unknown>,
): KeptFile {
  return {
    path,
    async restore() {
      if ((await readIfThere(path)) === text) return false
      await write(path, text)
      return true
    },
  }
}

/** Looks after files: what somebody changes or deletes is put back. */
export interface FileKeeper {
  /** These from now on, as they are now. */
  keep(files: readonly KeptFile[]): void
  /** Puts back what is not as it should be, now. */
  check(): Promise<void>
  /** The same for what was noticed and waits for its pause. */
  hurry(): Promise<void>
  /** Looks until the signal aborts; `afterwards` is waited for whenever something was put back. */
  run(runtime: Runtime, afterwards: () => Promise<void>): Promise<void>
}

export interface Keeping {
  readonly exclusive: <T>(task: () => Promise<T>) => Promise<T>
  /** It has been done; `pause` ms pass before anything is put back again. */
  restored(paths: readonly string[], pause: number): void
  /** The disk refuses; it is tried again after so many ms. */
  failed(problem: string, retryIn: number): void
}

export function createFileKeeper({ exclusive, restored, failed }: Keeping, now: () => number): FileKeeper {
  let files = new Map<string, KeptFile>()
  const changed = new Set<string>()
  let series = { length: 0, at: Number.NEGATIVE_INFINITY }
  let scope: AbortSignal | undefined // while it runs
  let watching = new AbortController()
  let wake = () => {}

  function watch(): void {
    watching.abort()
    watching = new AbortController()
    if (scope !== undefined) watchFiles([...files.keys()], notice, AbortSignal.any([scope, watching.signal]), ofStamp)
  }
  function notice(path: string): void {
    changed.add(path)
    wake()
  }

  /** What was put back, and the ms in which nothing more is. */
  async function restore(paths: readonly string[]): Promise<{ done: string[]; pause: number }> {
    const done: string[] = []
    let problem: string | undefined
    for (const path of paths) {
      try {
        if (await files.get(path)?.restore()) done.push(path)
      } catch (error) {
        if (systemCode(error) === undefined) throw error
        problem ??= `cannot put back ${path}, which somebody changed: ${reasonOf(error)}`
        changed.add(path)
      }
    }
    if (done.length === 0 && problem === undefined) return { done, pause: 0 }
    series = { length: now() - series.at > CALM_MS ? 1 : series.length + 1, at: now() }
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** (series.length - 1), LAST_PAUSE_MS)
    if (problem !== undefined) failed(problem, pause)
    return { done, pause }
  }

  async function restoreAndTell(paths: readonly string[]): Promise<void> {
    const { done, pause } = await restore(paths)
    if (done.length > 0) restored(done, pause)
  }

  return {
    keep(next) {
      files = new Map(next.map(file => [file.path, file]))
      changed.clear()
      watch()
    },
    check: () => restoreAndTell([...files.keys()]),
    hurry: () => restoreAndTell([...changed]),
    async run(runtime, afterwards) {
      scope = runtime.signal
      scope.addEventListener('abort', () => wake(), { once: true })
      watch()
      while ((await woken(runtime.signal)) && (await slept(runtime, GATHER_MS))) {
        const paths = [...changed]
        changed.clear()
        const { done, pause } = await exclusive(() => restore(paths))
        if (done.length > 0) {
          watch() // a folder that was deleted took its watchers along
          for (const path of done) changed.add(path) // and somebody may have been quicker than the new ones
          restored(done, pause)
          await afterwards()
        }
        if (!(await slept(runtime, pause))) return
      }
    },
  }

  function woken(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted || changed.size > 0) return Promise.resolve(!signal.aborted)
    return new Promise(resolve => {
      wake = () => resolve(!signal.aborted)
    })
  }
}
