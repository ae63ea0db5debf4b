import { closeSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'

export interface LogFileOptions {
  readonly path: string // `/var/log/up.log` makes /var/log/up-TIME.log
  readonly bytes: number // a new file when this one is as long; 0: whatever its length
  readonly age: number // ms, after which a new one is begun
  readonly kept: number // how many old ones stay; 0: all, -1: none
}

/** Writes lines to a file, and now and then begins a new one. Throws when the disk refuses. */
export type LogFile = (line: string) => void

/** Makes the first file at once, so that a path that cannot be written to is known at the start. */
export function openLogFile({ path, bytes, age, kept }: LogFileOptions, now: () => number): LogFile {
  const folder = dirname(path)
  const extension = extname(path) || '.log'
  const stem = basename(path, extname(path))
  let descriptor: number | undefined
  let written = 0
  let since = 0

  function begin(): void {
    if (descriptor !== undefined) closeSync(descriptor)
    descriptor = undefined
    removeOld()
    // Names in the order of time; a colon would be awkward in a shell.
    const time = new Date().toISOString().replaceAll(':', '-')
    descriptor = openSync(join(folder, `${stem}-${time}${extension}`), 'a', 0o640)
    written = 0
    since = now()
  }
  function removeOld(): void {
    if (kept === 0) return
    const ours = readdirSync(folder).filter(isOurs).sort()
    for (const name of ours.slice(0, Math.max(0, ours.length - Math.max(0, kept)))) rmSync(join(folder, name))
  }
  function isOurs(name: string): boolean {
    const time = name.slice(stem.length + 1, name.length - extension.length)
    return name === `${stem}-${time}${extension}` && /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z$/.test(time)
  }

  begin()
  return line => {
    if (descriptor === undefined || (bytes > 0 && written >= bytes) || now() - since >= age) begin()
    const data = Buffer.from(line)
    written += data.length
    if (descriptor !== undefined) writeSync(descriptor, data)
  }
}
