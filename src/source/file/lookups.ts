import { readFile } from 'node:fs/promises'
import { systemCode, UpstreamdError } from '../../errors.ts'
import { type Clock, slept } from '../../runtime.ts'
import { watchFiles } from '../../watch-files.ts'
import { growingDelay } from '../backoff.ts'
import type { Listener, LookupSource } from '../lookup.ts'
import { Wakeup } from '../wakeup.ts'

/** A folder that is not there cannot be watched for what may be in it one day. */
const LOOK_MS = 2_000

/** Files on the disk as templates ask for them: the whole text; null for one that is not there. */
export function createFileLookups(clock: Clock): LookupSource {
  return {
    kinds: new Set(['file']),
    async follow(query, listener, signal) {
      if (query.kind === 'file') await followFile(query.path.trim(), listener, clock, signal)
    },
  }
}

async function followFile(path: string, listener: Listener, clock: Clock, signal: AbortSignal): Promise<void> {
  const wakeup = new Wakeup()
  const ring = () => wakeup.ring()
  let watching = new AbortController()
  function watchAnew(): void {
    watching.abort()
    watching = new AbortController()
    watchFiles([path], ring, watching.signal)
  }
  function end(): void {
    watching.abort()
    ring()
  }
  function lookIn(ms: number): void {
    // Nobody waits for it: it rings, or the signal ends it.
    void slept({ clock, signal, emit: () => {} }, ms).then(ring)
  }

  signal.addEventListener('abort', end, { once: true })
  watchAnew()
  let known: string | null | undefined
  for (let failures = 0; !signal.aborted; await wakeup.rung()) {
    try {
      const text = await read(path)
      failures = 0
      listener.well()
      if (text === null) lookIn(LOOK_MS)
      if (text === known) continue
      if (known === null) watchAnew() // its folder may be new
      known = text
      listener.answered(text)
    } catch (error) {
      if (!(error instanceof UpstreamdError)) throw error
      failures += 1
      const retryIn = growingDelay(failures, Math.random())
      listener.failed(error, retryIn)
      lookIn(retryIn)
    }
  }
}

async function read(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const code = systemCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    throw new UpstreamdError('SOURCE_UNREACHABLE', `cannot read ${path}: ${code}`)
  }
}
