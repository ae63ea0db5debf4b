import { rmSync } from 'node:fs'
import { ifPossible, isAlive, readProcess } from '../../proc.ts'
import { isLeaving, workersOf } from './proc.ts'
import type { Identity, ProcessState } from './process.ts'

/** How long an orphaned worker may take to let go of its ports. */
const PATIENCE_MS = 500

/** Ends workers whose master has died. */
async function endOrphans(workers: readonly number[]): Promise<void> {
  // SIGQUIT makes a worker let go of its ports at once and finish the requests it has.
  for (const pid of workers) kill(pid, 'SIGQUIT')
  const until = performance.now() + PATIENCE_MS
  const holding = () =>
    workers.filter(pid => {
      const process = readProcess(pid)
      return process !== undefined && !isLeaving(process)
    })
  while (holding().length > 0 && performance.now() < until) await pause(5)
  for (const pid of holding()) kill(pid, 'SIGKILL')
}

/** Removes what a dead master left behind, so that a start finds its ports, its sockets and its pid file free. */
export async function clean(
  found: ProcessState,
  left: { readonly pidFile: string; readonly staleSockets: () => Promise<readonly string[]> },
  say: (problem: string) => void,
): Promise<void> {
  if (found.state === 'orphaned') {
    await endOrphans(found.workers)
    say(`ended ${found.workers.length} workers whose master had died`)
  }
  if (found.state === 'orphaned' || found.state === 'stale_pid') {
    // A reload script that trusts this file would signal whoever has the pid now.
    rmSync(left.pidFile, { force: true })
  }
  if (found.state === 'stale_pid') {
    const what = found.pid === undefined ? 'an empty one' : `pid ${found.pid}, which is no nginx of this configuration`
    say(`removed a stale pid file ${left.pidFile} (${what})`)
  }
  for (const socket of await left.staleSockets()) rmSync(socket, { force: true })
}

/** What nginx's master sleeps between starting new workers and telling the old ones to go (ngx_master_process_cycle). */
const MASTER_SLEEP_MS = 100

/**
 * Tells old workers to go as soon as as many new ones are there, in the way the master does (SIGQUIT: no new
 * connections, requests are finished). Until the master has slept they would take most new connections, and answer
 * with what they know (decision 0010).
 */
export async function relieve(master: number, old: ReadonlySet<number>): Promise<void> {
  const until = performance.now() + MASTER_SLEEP_MS
  while (performance.now() < until) {
    const workers = ifPossible(() => workersOf(master))
    if (workers === undefined) return // the master tells them itself, in a moment
    const leaving = workers.filter(pid => old.has(pid))
    if (workers.length - leaving.length >= leaving.length) {
      for (const pid of leaving) kill(pid, 'SIGQUIT')
      return
    }
    await pause(5)
  }
}

/** Signals a master and waits for its end; true when it came. A SIGQUIT is never followed by force. */
export async function endMaster(master: Identity, signal: NodeJS.Signals, patience: number): Promise<boolean> {
  kill(master.pid, signal)
  const until = performance.now() + patience
  while (isAlive(master) && performance.now() < until) await pause(5)
  if (isAlive(master) && signal !== 'SIGQUIT') kill(master.pid, 'SIGKILL')
  return !isAlive(master)
}

/** Signals a process that may be gone by now. */
export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // it ended by itself, which is what was wanted
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}
