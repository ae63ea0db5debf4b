import { randomUUID } from 'node:crypto'
import { closeSync, fstatSync, openSync, readSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa, type Options } from 'execa'
import { withoutSecrets } from '../environment.ts'
import { UpstreamdError } from '../errors.ts'

export interface Run {
  readonly exitCode: number | undefined // undefined: it was ended by a signal, or never ran
  readonly output: string // stdout and stderr, in the order they came
  readonly problem: string | undefined // why there is no exit code
}

/**
 * Runs a program with an argument list to its end, or to the timeout (0: there is none), when its whole group is ended. It sees no token.
 * Output goes to a file: with a pipe (a socket pair, in Node) nginx fails on configurations that log to /dev/stdout.
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: {
    readonly timeout: number
    readonly signal: AbortSignal
    readonly cwd?: string
    readonly env?: Record<string, string> // without it: ours, less its secrets
  },
): Promise<Run> {
  const sink = nameless()
  try {
    const settings: Options = {
      stdin: 'ignore',
      stdout: sink as 3, // any descriptor will do; execa's type lists only the small ones
      stderr: sink as 3,
      timeout: options.timeout,
      cancelSignal: options.signal,
      killDescendants: true,
      reject: false,
      buffer: false,
      env: options.env ?? withoutSecrets(process.env),
      extendEnv: false,
      ...(options.cwd !== undefined && { cwd: options.cwd }),
    }
    const result = await execa(program, [...args], settings)
    options.signal.throwIfAborted()
    return {
      exitCode: result.exitCode,
      output: textOf(sink),
      problem: problemOf(result, options.timeout),
    }
  } finally {
    closeSync(sink)
  }
}

/**
 * A file without a name: it goes with its last descriptor, also when we are killed. In memory where the folder for
 * temporary files cannot be written to. Throws TARGET_STAGE_FAILED.
 */
function nameless(): number {
  let problem: unknown
  for (const folder of [tmpdir(), '/dev/shm']) {
    const path = join(folder, `upstreamd-${randomUUID()}`)
    try {
      const descriptor = openSync(path, 'ax+', 0o600)
      unlinkSync(path)
      return descriptor
    } catch (error) {
      problem ??= error
    }
  }
  throw new UpstreamdError('TARGET_STAGE_FAILED', 'no place to keep what a program prints (TMPDIR)', { cause: problem })
}

function textOf(descriptor: number): string {
  const bytes = Buffer.alloc(fstatSync(descriptor).size)
  return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, 0)).toString()
}

interface Ending {
  readonly exitCode?: number | undefined
  readonly timedOut: boolean
  readonly signal?: string | undefined
  readonly originalMessage?: string | undefined
}

function problemOf(ending: Ending, timeout: number): string | undefined {
  if (ending.timedOut) return `was ended after ${timeout} ms`
  if (ending.exitCode !== undefined) return undefined
  return ending.signal === undefined ? (ending.originalMessage ?? 'could not be run') : `was ended by ${ending.signal}`
}
