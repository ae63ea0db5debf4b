import { ifPossible, readProcess } from '../../proc.ts'
import { isLeaving, workersOf } from './proc.ts'

/** How long an orphaned worker may take to let go of its ports. */
const PATIENCE_MS = 500

/** Ends workers whose master has died. */
export async function endOrphans(workers: readonly number[]): Promise<void> {
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
