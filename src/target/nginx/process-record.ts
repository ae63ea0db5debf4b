import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { reasonOf, systemCode } from '../../errors.ts'
import { readProcess } from '../../proc.ts'
import type { Identity } from './process.ts'

/** The nginx we deal with, kept on disk, so that our next life knows it as well. */
export interface Known extends Identity {
  readonly started: boolean // by us or a command of ours, in this life or an earlier one
  readonly logged: boolean // does it write our control log?
  readonly workers: readonly Identity[] // seen last; how they are known when their master is gone
}

/** What was known in our last life. After the machine was started anew, its pid and start time may be a stranger's. */
export function readRecord(path: string, binary: string): Known | undefined {
  const known = readKnown(path)
  const process = known && readProcess(known.pid)
  const isSame = process !== undefined && process.startTime === known?.startTime
  // One that has just been started does not call itself so yet.
  const isNginx = process?.command.startsWith('nginx: ') || process?.command.includes(binary)
  return isSame && !isNginx ? undefined : known
}

function readKnown(path: string): Known | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Known
  } catch {
    return undefined // none, or half of one: nginx is found by looking, then
  }
}

/**
 * Writes it, or removes it. A disk that refuses must not keep us from looking after nginx, which the next life then
 * finds by looking: what it said is returned.
 */
export function writeRecord(path: string, known: Known | undefined): string | undefined {
  try {
    if (known === undefined) {
      rmSync(path, { force: true })
      return undefined
    }
    writeFileSync(`${path}.tmp`, JSON.stringify(known), { mode: 0o600 })
    renameSync(`${path}.tmp`, path)
    return undefined
  } catch (error) {
    if (systemCode(error) === undefined) throw error
    return `cannot write down which nginx is ours: ${reasonOf(error)}`
  }
}

export function identities(pids: readonly number[]): Identity[] {
  return pids.flatMap(pid => {
    const process = readProcess(pid)
    return process === undefined ? [] : [{ pid, startTime: process.startTime }]
  })
}
