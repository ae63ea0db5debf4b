import { z } from 'zod'
import { EnvironmentRules, environmentBy } from '../environment.ts'
import { UpstreamdError } from '../errors.ts'
import { runProgram } from './program.ts'

/** A user's command: a text for a shell, or a program and its arguments. */
export const CommandConfig = z.strictObject({
  run: z.union([z.string(), z.array(z.string())]),
  timeout: z.number(), // ms; 0: it may take as long as it likes
  environment: EnvironmentRules,
})
export type CommandConfig = z.output<typeof CommandConfig>

/** Throws TARGET_COMMAND_FAILED with the end of its output. */
export async function runCommand(command: CommandConfig, signal: AbortSignal): Promise<void> {
  const { timeout, environment } = command
  const [program = '', ...args] = wordsOf(command)
  const run = await runProgram(program, args, { timeout, signal, env: environmentBy(environment, process.env) })
  if (run.exitCode === 0) return

  const words = run.output.trim().split('\n').slice(-5).join(' | ')
  const why = run.problem ?? `ended with ${run.exitCode}`
  throw new UpstreamdError('TARGET_COMMAND_FAILED', `command "${nameOf(command)}" ${why}${words && `: ${words}`}`)
}

export function wordsOf({ run }: { readonly run: string | readonly string[] }): readonly string[] {
  return typeof run === 'string' ? ['sh', '-c', run] : run
}

export function nameOf({ run }: { readonly run: string | readonly string[] }): string {
  return typeof run === 'string' ? run : run.join(' ')
}
