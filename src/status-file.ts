import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Emit } from './observe/event.ts'
import { initialStatus, reduce, type Status } from './observe/status.ts'
import { readProcess } from './proc.ts'

const STATUS = 'status.json'

/** Folds events into status.json, and says once when everything is ready. */
export function keepStatus(folder: string, version: string, emit: Emit): Emit {
  const path = join(folder, STATUS)
  const started = performance.now()
  let status = initialStatus(version, { pid: process.pid, startTime: readProcess(process.pid)?.startTime ?? '' })
  let written = ''
  let wasReady = false

  function write(): void {
    const text = `${JSON.stringify(status, undefined, 2)}\n`
    if (text === written) return
    try {
      writeFileSync(`${path}.tmp`, text, { mode: 0o600 })
      renameSync(`${path}.tmp`, path)
      written = text
    } catch {
      // A full disk must not end the daemon; the next event tries again, and the log says what matters.
    }
  }

  return event => {
    emit(event)
    status = reduce(status, event, new Date())
    write()
    if (status.ready && !wasReady) {
      wasReady = true
      emit({ type: 'daemon.ready', ms: performance.now() - started })
    }
  }
}

export function statusPath(folder: string): string {
  return join(folder, STATUS)
}

export type { Status }
