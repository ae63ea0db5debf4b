import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemCode, UpstreamdError } from './errors.ts'
import { isAlive, readProcess } from './proc.ts'

/**
 * One daemon to a state folder: makes it (0700) and takes its lock, or takes it over from a holder that is gone.
 * Returns what gives it back. Throws CONFIG_STATE_LOCKED, CONFIG_UNREADABLE.
 */
export function lockState(folder: string): () => void {
  const path = join(folder, 'lock')
  const mine = `${path}.${process.pid}`
  const self = { pid: process.pid, startTime: readProcess(process.pid)?.startTime ?? '' }
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    writeFileSync(mine, JSON.stringify(self), { mode: 0o600 })
    take(path, mine, folder)
  } catch (error) {
    if (error instanceof UpstreamdError) throw error
    throw new UpstreamdError('CONFIG_UNREADABLE', `cannot use the state folder ${folder} (-state-dir)`, {
      cause: error,
    })
  } finally {
    if (existsSync(mine)) rmSync(mine)
  }
  return () => {
    try {
      rmSync(path, { force: true })
    } catch {
      // a disk that has become read-only keeps it; its holder is gone all the same
    }
  }
}

function take(path: string, mine: string, folder: string): void {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    try {
      linkSync(mine, path) // fails when there is one: only one of two can win
      return
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error
    }
    const holder = readHolder(path)
    if (holder !== undefined && isAlive(holder)) {
      throw new UpstreamdError(
        'CONFIG_STATE_LOCKED',
        `upstreamd ${holder.pid} uses the state folder ${folder}; give this one another -state-dir`,
      )
    }
    takeAway(path)
  }
  throw new UpstreamdError('CONFIG_STATE_LOCKED', `another upstreamd is taking the state folder ${folder}`)
}

/** Removes a lock whose holder is gone; one that was taken in the meantime is put back. */
function takeAway(path: string): void {
  const aside = `${path}.stale.${process.pid}`
  try {
    renameSync(path, aside)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return // somebody else did
    throw error
  }
  const holder = readHolder(aside)
  if (holder !== undefined && isAlive(holder)) linkSync(aside, path)
  rmSync(aside)
}

function readHolder(path: string): { pid: number; startTime: string } | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined // torn or gone: nobody's
  }
}
