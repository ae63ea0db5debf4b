import { UpstreamdError } from '../../errors.ts'
import type { Diagnostic } from '../../model/diagnostic.ts'
import { runProgram } from '../program.ts'
import type { Validation } from '../target.ts'

/** Something that `nginx -t` can be run on without touching what is live. */
export interface Candidate {
  readonly args: readonly string[] // beside -t
  readonly cwd: string
  readonly bytes: number // of configuration, for the timeout
  /** The path an operator knows, of one inside the stage. */
  translate(text: string): string
}

/** `nginx -t`. Throws TARGET_NOT_INSTALLED when there is no answer at all. */
export async function validate(binary: string, candidate: Candidate, signal: AbortSignal): Promise<Validation> {
  // Measured: 1.1 s for 10 000 upstreams of 500 bytes each; a resolver that does not answer may take for ever.
  const timeout = Math.ceil(10_000 + candidate.bytes / 250)
  const run = await runProgram(binary, ['-t', ...candidate.args], { timeout, signal, cwd: candidate.cwd })
  const diagnostics = parseDiagnostics(candidate.translate(run.output))
  if (run.exitCode === 0) return { kind: 'valid', warnings: diagnostics }

  if (run.exitCode === undefined && !/ended after/.test(run.problem ?? '')) {
    throw new UpstreamdError('TARGET_NOT_INSTALLED', `cannot run ${binary} -t: ${run.problem}`)
  }
  const [first, ...others] = diagnostics.filter(({ severity }) => severity === 'error')
  const fallback: Diagnostic = {
    severity: 'error',
    ...(run.exitCode === undefined && { mayPass: true as const }), // it hung: a resolver may answer again
    message: `nginx -t ${run.problem ?? `ended with ${run.exitCode}`}: ${candidate.translate(run.output).trim().slice(0, 300) || 'no output'}`,
  }
  return { kind: 'invalid', diagnostics: [first ?? fallback, ...others] }
}

/** `nginx: [emerg] unknown directive "x" in /etc/nginx/conf.d/app.conf:12`. */
export function parseDiagnostics(output: string): Diagnostic[] {
  return output.split('\n').flatMap((line): Diagnostic[] => {
    const match = /\[(warn|emerg|alert|crit|error)\] (?:\d+#\d+: )?(.*)$/.exec(line)
    if (match === null) return []

    const severity = match[1] === 'warn' ? 'warning' : 'error'
    const placed = /^(.*) in (\/\S+):(\d+)$/.exec(match[2] ?? '')
    if (placed === null) return [{ severity, message: match[2] ?? '' }]
    return [{ severity, message: placed[1] ?? '', file: placed[2] ?? '', line: Number(placed[3]) }]
  })
}
