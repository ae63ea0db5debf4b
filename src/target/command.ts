import { UpstreamdError } from '../errors.ts'
import { runProgram } from './program.ts'

const TIMEOUT_MS = 30_000

/** Runs a user's command in a shell. Throws TARGET_COMMAND_FAILED with the end of its output. */
export async function runCommand(command: string, signal: AbortSignal): Promise<void> {
  const run = await runProgram('sh', ['-c', command], { timeout: TIMEOUT_MS, signal })
  if (run.exitCode === 0) return

  const words = run.output.trim().split('\n').slice(-5).join(' | ')
  const why = run.problem ?? `ended with ${run.exitCode}`
  throw new UpstreamdError('TARGET_COMMAND_FAILED', `command "${command}" ${why}${words && `: ${words}`}`)
}
