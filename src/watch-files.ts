import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { watch } from 'chokidar'

/** Editors write in several steps; reading in between would show half a file. */
const CALM_MS = 120
/** One write is several notices, and a busy folder gives many: they are answered with one look. */
const GATHER_MS = 10
const YOUNG_MS = 100

/**
 * Calls `changed` when the bytes of one of the files are other than before, until the signal aborts.
 * Never for a touch, and once for a save however an editor makes it (in place, or by rename).
 */
export function watchFiles(
  paths: readonly string[],
  changed: (path: string) => void,
  signal: AbortSignal,
  fingerprint: (path: string) => string = ofContent,
): void {
  if (signal.aborted || paths.length === 0) return

  const stamps = new Map(paths.map(path => [path, stampOf(path)]))
  const seen = new Map(paths.map(path => [path, fingerprint(path)]))
  const waiting = new Map<string, NodeJS.Timeout>()
  // The folders, too: a file that is replaced twice in a moment leaves its own watcher on what is gone, and deaf.
  const watched = new Set(paths.flatMap(path => [resolve(path), dirname(resolve(path))]))
  const ignored = (path: string) => !watched.has(resolve(path))
  const watcher = watch([...watched], { ignoreInitial: true, ignorePermissionErrors: true, depth: 0, ignored })
  watcher.on('raw', lookSoon)
  watcher.on('all', lookSoon)
  watcher.on('ready', lookSoon) // what changed between our first look and its own is not reported as a change
  watcher.on('error', () => {}) // one path that cannot be watched: SIGHUP still reads it

  let soon: NodeJS.Timeout | undefined
  function lookSoon(): void {
    if (!signal.aborted) soon ??= setTimeout(lookAtAll, GATHER_MS)
  }
  function lookAtAll(): void {
    soon = undefined
    for (const path of paths) {
      const stamp = stampOf(path)
      if (waiting.has(path) || (stamp !== undefined && stamp === stamps.get(path))) continue
      stamps.set(path, stamp)
      waitForCalm(path, fingerprint(path))
    }
  }

  /** Calm is when two looks see the same; other files of the folder do not disturb it. */
  function waitForCalm(path: string, now: string): void {
    if (signal.aborted || seen.get(path) === now) return
    const timer = setTimeout(() => {
      waiting.delete(path)
      const then = fingerprint(path)
      if (then !== now) return waitForCalm(path, then)
      seen.set(path, now)
      changed(path)
    }, CALM_MS)
    waiting.set(path, timer)
  }

  signal.addEventListener(
    'abort',
    () => {
      clearTimeout(soon)
      for (const timer of waiting.values()) clearTimeout(timer)
      void watcher.close() // nothing waits for it: all it does is let go of descriptors
    },
    { once: true },
  )
}

/**
 * Whatever is done to a file moves its ctime, by whole ticks of the kernel's clock: of one that is so young it proves
 * nothing. Undefined, too, where there is no file, or none that we may see.
 */
function stampOf(path: string): string | undefined {
  try {
    const { dev, ino, size, ctimeMs, ctimeNs } = statSync(path, { bigint: true })
    if (Date.now() - Number(ctimeMs) < YOUNG_MS) return undefined
    return `${dev} ${ino} ${size} ${ctimeNs}`
  } catch {
    return undefined
  }
}

/** Of what the file system says of it: for who looks at the content himself when it is called. */
export function ofStamp(path: string): string {
  try {
    const { dev, ino, size, ctimeNs } = statSync(path, { bigint: true })
    return `${dev} ${ino} ${size} ${ctimeNs}`
  } catch (error) {
    return String(error)
  }
}

/** Of the content; that a file cannot be read is a state of its own. */
function ofContent(path: string): string {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex')
  } catch (error) {
    return String(error)
  }
}
