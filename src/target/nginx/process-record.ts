import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { reasonOf, systemCode } from '../../errors.ts'
import { readProcess } from '../../proc.ts'
import type { Identity } from './process.ts'

/** The nginx we deal with. */
export interface Known extends Identity {
  readonly started: boolean // by us or a command of ours, in this life or an earlier one
  readonly logged: boolean // does it write our control log?
  readonly workers: readonly Identity[] // seen last; how they are known when their master is gone
  readonly verified: readonly Identity[] // seen when it was verified: after somebody else's reload they are gone
}

/** Keeps it on disk, so that our next life knows it as well. */
export class ProcessRecord {
  readonly #path: string
  readonly #warn: (problem: string) => void
  #known: Known | undefined

  constructor(path: string, binary: string, warn: (problem: string) => void) {
    this.#path = path
    this.#warn = warn
    this.#known = credible(read(path), binary)
  }

  get known(): Known | undefined {
    return this.#known
  }

  /** A disk that refuses must not keep us from looking after nginx, which the next life then finds by looking. */
  remember(known: Known | undefined): void {
    this.#known = known
    try {
      if (known === undefined) {
        rmSync(this.#path, { force: true })
        return
      }
      writeFileSync(`${this.#path}.tmp`, JSON.stringify(known), { mode: 0o600 })
      renameSync(`${this.#path}.tmp`, this.#path)
    } catch (error) {
      if (systemCode(error) === undefined) throw error
      this.#warn(`cannot write down which nginx is ours: ${reasonOf(error)}`)
    }
  }
}

export function identities(pids: readonly number[]): Identity[] {
  return pids.flatMap(pid => {
    const process = readProcess(pid)
    return process === undefined ? [] : [{ pid, startTime: process.startTime }]
  })
}

/** After the machine was started anew, a pid and a start time that were nginx's may be a stranger's. */
function credible(known: Known | undefined, binary: string): Known | undefined {
  const process = known && readProcess(known.pid)
  if (process === undefined || process.startTime !== known?.startTime) return known
  // One that has just been started does not call itself so yet.
  const isNginx = process.command.startsWith('nginx: ') || process.command.includes(binary)
  return isNginx ? known : undefined
}

function read(path: string): Known | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Known
  } catch {
    return undefined // none, or half of one: nginx is found by looking, then
  }
}
