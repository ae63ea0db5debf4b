import { resolve } from 'node:path'
import type { Process } from '../../proc.ts'
import { configurationOf, isMaster, isWorker } from './proc.ts'

export interface Identity {
  readonly pid: number
  readonly startTime: string
}

export type ProcessState =
  | { readonly state: 'absent' }
  | { readonly state: 'running'; readonly master: Identity }
  | { readonly state: 'stale_pid'; readonly pid: number | undefined } // nobody, a recycled pid, or the empty file `nginx -t` leaves
  | { readonly state: 'foreign'; readonly pid: number; readonly command: string } // an nginx with somebody else's configuration
  | { readonly state: 'orphaned'; readonly workers: readonly number[] } // master died, workers hold the ports

export interface Evidence {
  readonly conf: string // the configuration file that makes an nginx ours
  readonly compiledIn: string // what a master without `-c` runs
  readonly prefix: string // compiled in, too
  readonly pidFile: string | undefined // its text, when there is one
  readonly isPidFileShared: boolean // may another nginx name itself there?
  /** The master we know of, and its workers as we saw them last. */
  readonly recorded: (Identity & { readonly workers?: readonly Identity[] }) | undefined
  readonly processes: readonly Process[] // every living nginx process
  readonly folderOf: (pid: number) => string | undefined // its working folder, for a relative `-c`
  /** Inodes of the sockets a process listens on; undefined when we may not know. */
  readonly listeningOf: (pid: number) => readonly string[] | undefined
}

/** What is there, decided by looking: the pid file is a hint and never decides alone. */
export function assess(evidence: Evidence): ProcessState {
  const masters = evidence.processes.filter(isMaster)
  const named = Number.parseInt(evidence.pidFile ?? '', 10)
  const ours = masters.filter(master => configuration(master, evidence) === evidence.conf)
  const master =
    ours.find(({ pid, startTime }) => pid === evidence.recorded?.pid && startTime === evidence.recorded.startTime) ??
    ours.find(({ pid }) => pid === named) ??
    ours.toSorted((a, b) => Number(b.startTime) - Number(a.startTime))[0]
  if (master !== undefined) return { state: 'running', master: { pid: master.pid, startTime: master.startTime } }

  // As a daemon nginx is a session of its own that bears the master's pid, also after its death. One that a script
  // started is not: its workers are known from when we saw them.
  const sessions = [evidence.recorded?.pid, named].filter(pid => pid !== undefined && pid > 1)
  const isKnown = ({ pid, startTime }: Process) =>
    evidence.recorded?.workers?.some(worker => worker.pid === pid && worker.startTime === startTime) ?? false
  const masterless = evidence.processes.filter(
    process => isWorker(process) && !masters.some(({ pid }) => pid === process.parent),
  )
  const known = masterless.filter(process => sessions.includes(process.session) || isKnown(process))
  const orphans = [...known, ...siblings(known, masterless, evidence)]
  if (orphans.length > 0) return { state: 'orphaned', workers: orphans.map(({ pid }) => pid) }

  const foreign = evidence.isPidFileShared ? masters.find(({ pid }) => pid === named) : undefined
  if (foreign !== undefined) return { state: 'foreign', pid: foreign.pid, command: foreign.command }
  if (evidence.pidFile !== undefined) return { state: 'stale_pid', pid: Number.isNaN(named) ? undefined : named }
  return { state: 'absent' }
}

/** Workers that were forked a moment before their master died: they listen on sockets that others of his listen on. */
function siblings(known: readonly Process[], all: readonly Process[], { listeningOf }: Evidence): Process[] {
  const others = all.filter(process => !known.includes(process))
  if (known.length === 0 || others.length === 0) return []
  const held = new Set(known.flatMap(({ pid }) => listeningOf(pid) ?? []))
  return others.filter(({ pid }) => listeningOf(pid)?.some(inode => held.has(inode)))
}

export function decide(process: ProcessState): 'start' | 'reload' | 'refuse' {
  switch (process.state) {
    case 'running':
      return 'reload'
    case 'foreign':
      return 'refuse'
    case 'absent':
    case 'stale_pid':
    case 'orphaned':
      return 'start'
  }
}

/** nginx sleeps 100 ms after it has started the workers of a generation; clock ticks are 10 ms each. */
const APART_TICKS = 8

/** Of how many generations these workers are. One hung request keeps one worker of its generation, and all its memory. */
export function generationsOf(workers: readonly Identity[]): number {
  const starts = workers.map(({ startTime }) => Number(startTime)).sort((a, b) => a - b)
  return starts.filter((start, position) => start - (starts[position - 1] ?? -Infinity) >= APART_TICKS).length
}

/** nginx resolves a relative `-c` against its prefix: `-p`, which is relative to its working folder, else the compiled-in one. */
function configuration(master: Process, evidence: Evidence): string {
  const { conf, prefix } = configurationOf(master)
  if (conf === undefined && prefix === undefined) return evidence.compiledIn
  const base = prefix === undefined ? evidence.prefix : resolve(evidence.folderOf(master.pid) ?? '/', prefix)
  return resolve(base, conf ?? evidence.compiledIn)
}
