import { type ChildProcess, spawn } from 'node:child_process'
import { type EnvironmentRules, environmentBy } from './environment.ts'
import { reasonOf } from './errors.ts'
import { readProcess } from './proc.ts'
import { type Runtime, slept } from './runtime.ts'
import { nameOf, wordsOf } from './target/command.ts'

export interface ExecOptions {
  readonly run: string | readonly string[]
  readonly environment: EnvironmentRules
  readonly killSignal: NodeJS.Signals | undefined // undefined: SIGKILL at once
  readonly killTimeout: number // ms
  /** What it gets when something is live that was not; `restart`: it is ended and started again. */
  readonly onChange: NodeJS.Signals | 'restart' | 'nothing'
  readonly splay: number // ms; before it is told or ended for a change, a random part of it
}

/** What one delivery has made live, and which process was told to take it up. */
export interface Live {
  readonly digest: string | undefined
  readonly pid: number | undefined
}

/** The one program that runs as long as we do (`-exec`). */
export interface Exec {
  /** Starts it when everything is live for the first time, and tells it of what is other than before. */
  see(live: readonly Live[]): void
  forward(signal: NodeJS.Signals): void
  /** Its exit code, when it has ended by itself; 127 when it has none. */
  readonly ended: Promise<number>
  /** Ends it, within its own time. Nothing is started any more. */
  stop(): Promise<void>
}

/** Of a program that a signal ended, or that could not be started. */
const NO_CODE = 127

interface Program {
  readonly pid: number
  readonly child: ChildProcess
  readonly gone: Promise<void>
  isWanted: boolean // false: that it ends is our doing
}

export function createExec(options: ExecOptions, runtime: Runtime): Exec {
  const { emit, clock } = runtime
  const stopping = new AbortController()
  const ended = Promise.withResolvers<number>()
  const command = nameOf(options)
  let program: Program | undefined
  let known: readonly Live[] | undefined
  let isTold = true
  let telling: Promise<void> = Promise.resolve()
  let isTelling = false

  function start(): void {
    const [file = '', ...args] = wordsOf({ run: inPlaceOfShell(options) })
    // A group of its own: what a shell starts is told with it, and a Ctrl-C meant for us is not meant for it.
    const child = spawn(file, args, {
      detached: true,
      stdio: 'inherit',
      env: environmentBy(options.environment, process.env),
    })
    const gone = Promise.withResolvers<void>()
    const started: Program = { pid: child.pid ?? 0, child, gone: gone.promise, isWanted: true }
    child.once('error', error => end(reasonOf(error), NO_CODE))
    child.once('exit', (code, signal) => end(signal ?? `code ${code}`, code ?? NO_CODE))
    program = started
    if (child.pid !== undefined) emit({ type: 'program.started', pid: started.pid, command })

    function end(problem: string, code: number): void {
      gone.resolve()
      program = program === started ? undefined : program
      emit({ type: 'program.ended', pid: started.pid, problem })
      if (started.isWanted) ended.resolve(code)
    }
  }

  function send(signal: NodeJS.Signals): void {
    const { pid } = program ?? {}
    if (pid === undefined || pid <= 0) return
    try {
      process.kill(-pid, signal)
    } catch {
      // it ended a moment ago, which we are about to hear
    }
  }

  /** Its signal, its time, then SIGKILL. */
  async function kill(): Promise<void> {
    const { gone } = program ?? {}
    if (program === undefined || gone === undefined) return
    program.isWanted = false
    if (options.killSignal !== undefined) {
      send(options.killSignal)
      const early = new AbortController()
      const late = slept({ ...runtime, signal: early.signal }, options.killTimeout)
      await Promise.race([gone, late])
      early.abort()
    }
    send('SIGKILL') // nothing, when it is gone
    await gone
  }

  /** Until what it was told is what is live now: changes that come meanwhile are one. */
  async function tell(): Promise<void> {
    const { splay, onChange } = options
    while (!isTold && !stopping.signal.aborted) {
      const pause = Math.random() * splay
      if (pause > 0 && !(await slept({ clock, emit, signal: stopping.signal }, pause))) return
      isTold = true
      if (program === undefined || onChange === 'nothing') return
      const { pid } = program
      if (onChange !== 'restart') {
        send(onChange)
        emit({ type: 'program.told', pid, signal: onChange })
        continue
      }
      await kill()
      if (!stopping.signal.aborted) start()
    }
  }

  /** nginx that runs as this program was told already, and has proved that it listened. */
  function isTakenUpByIt(pid: number | undefined): boolean {
    if (pid === undefined || program === undefined) return false
    return pid === program.pid || readProcess(pid)?.parent === program.pid
  }

  // Whatever ends us without a stop, it does not go on alone: the next start would find it in its way.
  process.once('exit', () => send(options.killSignal ?? 'SIGKILL'))
  return {
    ended: ended.promise,
    see(live) {
      if (stopping.signal.aborted || live.some(({ digest }) => digest === undefined)) return
      const before = known
      known = live
      if (before === undefined) return start()
      const isOther = live.some(({ digest, pid }, at) => digest !== before[at]?.digest && !isTakenUpByIt(pid))
      if (!isOther) return
      isTold = false
      if (isTelling) return
      isTelling = true
      telling = tell().finally(() => {
        isTelling = false
      })
    },
    forward: send,
    async stop() {
      stopping.abort()
      await telling
      await kill()
    },
  }
}

/**
 * A shell that only waits for a program is one process too many: a signal for the group would end it first. One simple
 * command takes its place; where there is more to do, the shell at least survives what the program is told with.
 */
function inPlaceOfShell({ run, onChange }: Pick<ExecOptions, 'run' | 'onChange'>): ExecOptions['run'] {
  if (typeof run !== 'string') return run
  const outsideQuotes = run.replaceAll(/'[^']*'|"[^"]*"/g, '')
  if (!/[;&|()`\n]|^\s*\w+=/.test(outsideQuotes)) return `exec ${run}`
  return onChange.startsWith('SIG') ? `trap : ${onChange.slice('SIG'.length)}\n${run}` : run
}
