import { readProcess } from '../../proc.ts'

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
      return process !== undefined && !process.command.includes('shutting down')
    })
  while (holding().length > 0 && performance.now() < until) await pause(5)
  for (const pid of holding()) kill(pid, 'SIGKILL')
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
