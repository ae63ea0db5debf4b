import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { reasonOf, systemCode, UpstreamdError } from './errors.ts'
import { isAlive, readProcess } from './proc.ts'

/** The disk is full: what stands in the folder can still be served. */
const FULL = ['ENOSPC', 'EDQUOT']

/**
 * One daemon to a state folder: makes it (0700) and takes its lock, or takes it over from a holder that is gone.
 * Returns what gives it back. Where there is no room for a lock it warns. Throws CONFIG_STATE_LOCKED, CONFIG_UNREADABLE.
 */
export function lockState(folder: string, warn: (problem: string) => void): () => void {
  const path = join(folder, 'lock')
  const mine = `${path}.${process.pid}`
  const self = { pid: process.pid, startTime: readProcess(process.pid)?.startTime ?? '' }
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    writeFileSync(mine, JSON.stringify(self), { mode: 0o600 })
    take(path, mine, folder)
  } catch (error) {
    if (error instanceof UpstreamdError) throw error
    if (FULL.includes(systemCode(error) ?? '') && holderOf(path) === undefined) {
      warn(`there is no room for a lock in ${folder}: take care that no second upstreamd uses it (${reasonOf(error)})`)
      return () => {}
    }
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
    const holder = holderOf(path)
    if (holder !== undefined) {
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
  if (holderOf(aside) !== undefined) linkSync(aside, path)
  rmSync(aside)
}

/** Whose lock it is; undefined when it is nobody's, or the holder is gone. */
function holderOf(path: string): { readonly pid: number } | undefined {
  try {
    const holder = JSON.parse(readFileSync(path, 'utf8'))
    return isAlive(holder) ? holder : undefined
  } catch {
    return undefined // torn or gone
  }
}
