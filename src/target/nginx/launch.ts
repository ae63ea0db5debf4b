import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, fstatSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { withoutSecrets } from '../../environment.ts'
import { isExhausted, reasonOf, systemCode } from '../../errors.ts'

/** An nginx that was just started; `ended.reason` is set when it is gone, or never was. */
export interface Launched {
  readonly child: ChildProcess
  readonly ended: { readonly reason?: string }
}

/** Starts nginx as a child that outlives us; `run` is where its output goes when ours cannot be opened again. */
export function launch(binary: string, args: readonly string[], cwd: string, run: string): Launched {
  const output = outputs(run)
  const child = spawn(binary, args, {
    cwd,
    detached: true, // a session of its own: a Ctrl-C meant for us must not end it
    stdio: ['ignore', output.stdout, output.stderr],
    env: withoutSecrets(process.env),
  })
  output.close()
  const ended: { reason?: string } = {}
  child.once('error', error => {
    ended.reason = reasonOf(error)
  })
  child.once('exit', (code, signal) => {
    ended.reason = `nginx ended with ${signal ?? `code ${code}`}`
  })
  child.unref()
  return { child, ended }
}

type Sink = number | 'ignore'

/** Our own stdout and stderr; a file where they are sockets, which nobody can open again as /dev/stdout. */
function outputs(run: string): { stdout: Sink; stderr: Sink; close: () => void } {
  if (!isSocket(1) && !isSocket(2)) return { stdout: 1, stderr: 2, close: () => {} }
  const file = openOutput(join(run, 'nginx.out'))
  return {
    stdout: isSocket(1) ? file : 1,
    stderr: isSocket(2) ? file : 2,
    close: () => {
      if (file !== 'ignore') closeSync(file)
    },
  }
}

/** What nginx prints is worth less than that it runs: where the disk refuses, it is not kept. */
function openOutput(path: string): Sink {
  try {
    return openSync(path, 'a', 0o640)
  } catch (error) {
    if (systemCode(error) === undefined || isExhausted(error)) throw error
    return 'ignore'
  }
}

function isSocket(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isSocket()
  } catch {
    return true // closed: nothing to inherit
  }
}
