import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'

/** Starts a program and remembers it, so that a test ends every process it started, by pid. */
export class Children {
  readonly #running = new Set<ChildProcess>()

  start(program: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const child = spawn(program, args, { stdio: 'ignore', ...options })
    this.#running.add(child)
    child.once('exit', () => this.#running.delete(child))
    return child
  }

  async end(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
    const ended = new Promise<number | null>(resolve => child.once('exit', code => resolve(code)))
    child.kill(signal)
    const force = setTimeout(() => child.kill('SIGKILL'), 15_000)
    const code = await ended
    clearTimeout(force)
    return code
  }

  async endAll(): Promise<void> {
    await Promise.all([...this.#running].map(child => this.end(child)))
  }
}
