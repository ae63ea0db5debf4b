import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { watch } from 'chokidar'

/** Editors write in several steps; reading in between would show half a file. */
const CALM_MS = 120

/**
 * Calls `changed` when the bytes of one of the files are other than before, until the signal aborts.
 * Never for a touch, and once for a save however an editor makes it (in place, or by rename).
 */
export function watchFiles(paths: readonly string[], changed: (path: string) => void, signal: AbortSignal): void {
  if (signal.aborted || paths.length === 0) return

  const seen = new Map(paths.map(path => [path, fingerprint(path)]))
  const timers = new Map<string, NodeJS.Timeout>()
  const watcher = watch([...paths], { ignoreInitial: true, ignorePermissionErrors: true })
  watcher.on('all', (_event, path) => {
    clearTimeout(timers.get(path))
    timers.set(path, setTimeout(look, CALM_MS, path))
  })
  // What changed between our first look and its own is not reported as a change.
  watcher.on('ready', () => paths.forEach(look))
  watcher.on('error', () => {}) // one path that cannot be watched: SIGHUP still reads it

  function look(path: string): void {
    const now = fingerprint(path)
    if (signal.aborted || seen.get(path) === now) return
    seen.set(path, now)
    changed(path)
  }
  signal.addEventListener(
    'abort',
    () => {
      for (const timer of timers.values()) clearTimeout(timer)
      void watcher.close() // nothing waits for it: all it does is let go of descriptors
    },
    { once: true },
  )
}

/** Of the content; that a file cannot be read is a state of its own. */
function fingerprint(path: string): string {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex')
  } catch (error) {
    return String(error)
  }
}
