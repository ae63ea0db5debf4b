import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isAlive, readProcess } from '../../proc.ts'
import { type Runtime, slept } from '../../runtime.ts'
import { isAnswering, runningDigest } from './control-socket.ts'
import { endOrphans, kill, pause, relieve } from './endings.ts'
import { launch } from './launch.ts'
import { LogTail } from './log-tail.ts'
import { leavingOf, nginxProcesses, workersOf, workingFolderOf } from './proc.ts'
import { assess, generationsOf, type Identity, type ProcessState } from './process.ts'
import { identities, type Known, readRecord, writeRecord } from './process-record.ts'
import { deaths, type Verdict, verdict, type Witness } from './verify.ts'

/** Milliseconds an nginx has to show that it took a configuration up; parsing 10 000 upstreams takes 2.4 s (measured). */
const DEADLINE_MS = 10_000

export interface SupervisorOptions {
  readonly binary: string
  readonly version: string
  readonly conf: string // what makes a master ours
  readonly compiledIn: string
  readonly prefix: string
  readonly pidFile: string
  readonly isPidFileShared: boolean
  readonly run: string // folder for the control log and our record of the process
  readonly errorLog: string | undefined // the tree's own, for an nginx we did not start
  readonly cwd: string
  readonly startArguments: () => readonly string[]
  readonly globals: () => readonly string[] // directives for `-g`
  readonly control: string | undefined // folder of the sockets on which it answers with its digest
  readonly staleSockets: () => Promise<readonly string[]> // unix sockets a killed master may have left
}

/** The one that looks at nginx's processes, starts, signals and ends them. Never signals a stranger. */
export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #runtime: Runtime
  readonly #controlLog: LogTail
  readonly #errorLog: LogTail | undefined
  readonly #record: string
  #known: Known | undefined
  #announced = false
  #warned = ''

  constructor(options: SupervisorOptions, runtime: Runtime) {
    this.#options = options
    this.#runtime = runtime
    this.#controlLog = new LogTail(join(options.run, 'control.log'))
    this.#errorLog = options.errorLog === undefined ? undefined : new LogTail(options.errorLog)
    this.#record = join(options.run, 'process.json')
    this.#known = readRecord(this.#record, options.binary)
  }

  /** The master we deal with, when it is alive. */
  get master(): Known | undefined {
    return this.#known !== undefined && isAlive(this.#known) ? this.#known : undefined
  }

  /** The master we dealt with, when it is gone without our doing. */
  get lost(): Known | undefined {
    return this.master === undefined ? this.#known : undefined
  }

  /** What is there. A master we know, by pid and start time, needs no search. */
  look(): ProcessState {
    const { master } = this
    if (master !== undefined) return { state: 'running', master }

    const { conf, compiledIn, prefix, pidFile, isPidFileShared } = this.#options
    const processes = nginxProcesses()
    return assess({
      conf,
      compiledIn,
      prefix,
      pidFile: readText(pidFile),
      isPidFileShared,
      recorded: this.#known,
      processes,
      folderOf: workingFolderOf,
    })
  }

  /** Takes over what runs; `started` when a command of ours brought it up. True when it was not known before. */
  adopt(master: Identity, started = false): boolean {
    const isNew = this.#known?.pid !== master.pid || this.#known.startTime !== master.startTime
    if (isNew) {
      // Nobody else gives an nginx our control log: it is ours, whatever became of our record of it.
      const isOurs = readProcess(master.pid)?.command.includes(this.#controlLog.path) ?? false
      const workers = identities(workersOf(master.pid))
      this.#remember({ ...master, started: started || isOurs, logged: isOurs, workers })
    }
    if (isNew || !this.#announced) this.#announce('process.found', master.pid)
    return isNew
  }

  workers(): ReadonlySet<number> {
    return new Set(this.master === undefined ? [] : workersOf(this.master.pid))
  }

  /** Generations before this one that still finish requests. */
  draining(): number {
    const { master } = this
    return master === undefined ? 0 : generationsOf(identities(leavingOf(master.pid)))
  }

  /** Ends what a dead master left behind, so that a start finds its ports and sockets free. */
  async clean(found: ProcessState): Promise<void> {
    if (found.state === 'orphaned') {
      await endOrphans(found.workers)
      this.#cleaned(`ended ${found.workers.length} workers whose master had died`)
    }
    if (found.state === 'orphaned' || found.state === 'stale_pid') {
      // A reload script that trusts this file would signal whoever has the pid now.
      rmSync(this.#options.pidFile, { force: true })
      if (found.state === 'stale_pid') {
        const text =
          found.pid === undefined ? 'an empty one' : `pid ${found.pid}, which is no nginx of this configuration`
        this.#cleaned(`removed a stale pid file ${this.#options.pidFile} (${text})`)
      }
    }
    for (const socket of await this.#options.staleSockets()) rmSync(socket, { force: true })
  }

  /** Starts nginx and waits until it has workers (own layout: answers with `digest`). */
  async start(digest: string | undefined): Promise<Verdict> {
    const { binary, cwd } = this.#options
    const unwritable = this.#controlLog.create()
    const logged = unwritable === undefined
    if (!logged) this.#warn(`nginx is started without a control log and judged by its workers: ${unwritable}`)
    this.#controlLog.mark({ own: logged })
    this.#errorLog?.mark({ own: false })
    const log = logged ? [`error_log ${this.#controlLog.path} notice;`] : []
    const globals = [...this.#options.globals(), ...log].join(' ')
    const args = [...this.#options.startArguments(), ...(globals === '' ? [] : ['-g', globals])]
    const { child, ended } = launch(binary, args, cwd, this.#options.run)
    if (child.pid === undefined) {
      await slept(this.#runtime, 0) // the reason comes with the next turn of the event loop
      return { kind: 'died', reason: ended.reason ?? 'nginx could not be run' }
    }
    const startTime = readProcess(child.pid)?.startTime ?? ''
    this.#remember({ pid: child.pid, startTime, started: true, logged, workers: [] })

    const found = await this.#verdict(new Set(), digest, () => ended.reason === undefined || this.#daemonized(logged))
    if (found.kind === 'accepted') this.#announce('process.started', this.#known?.pid ?? child.pid)
    if (found.kind !== 'accepted') {
      await this.#end('SIGTERM', 2_000)
      this.#remember(undefined)
    }
    return found.kind === 'died' && ended.reason !== undefined && found.reason === 'the master process ended'
      ? { kind: 'died', reason: ended.reason }
      : found
  }

  /** Sends SIGHUP to the master, and to nobody else, and waits for the verdict. */
  async reload(digest: string | undefined): Promise<Verdict> {
    const before = this.workers()
    this.mark()
    const { master } = this
    if (master === undefined) return { kind: 'died', reason: 'nginx ended before it could be told' }
    kill(master.pid, 'SIGHUP')
    const found = await this.#verdict(before, digest, () => this.master !== undefined)
    if (found.kind === 'accepted') void relieve(master.pid, before) // ends by itself within what nginx would have waited
    return found
  }

  /** Marks the log; `observe` then judges what somebody else's command makes of nginx. */
  mark(): void {
    this.#log?.mark({ own: this.#log === this.#controlLog })
  }

  observe(before: ReadonlySet<number>, deadline: number): Promise<Verdict> {
    return this.#verdict(before, undefined, () => this.master !== undefined, deadline)
  }

  /** Workers of a generation that die right after they were accepted, in nginx's words; of this master, not of its successor. */
  lateDeaths(master: number, workers: readonly number[]): string | undefined {
    if (this.master?.pid !== master) return undefined
    const dead = deaths(this.#lines(), pid => workers.includes(pid))
    if (dead.length > 0) return dead.join('; ')
    return workersOf(master).length === 0 && this.master !== undefined ? 'all workers are gone' : undefined
  }

  /**
   * Own layout: the digest nginx answers with; undefined when it does not answer. What was published last is asked
   * for by name first: on the shared socket workers of the generation before answer, too, for 100 ms after a reload.
   */
  async digest(published: string | undefined): Promise<string | undefined> {
    const { control } = this.#options
    if (control === undefined) return undefined
    if (published !== undefined && (await isAnswering(control, published))) return published
    return runningDigest(control)
  }

  /** Quits gracefully, then with force, within `timeout` ms. */
  async stop(timeout: number): Promise<void> {
    const { master } = this
    if (master === undefined) return
    if (!(await this.#end('SIGQUIT', Math.max(0, timeout - 1_000)))) await this.#end('SIGTERM', 700)
    // Workers of a master that had to be killed, or that hang: the session is ours, so all of it may go.
    for (const { pid, session } of nginxProcesses())
      if (session === master.pid && this.#known?.started) kill(pid, 'SIGKILL')
    this.#remember(undefined)
  }

  /** Where the nginx of the moment tells of itself; undefined when it does nowhere that we can read. */
  get #log(): LogTail | undefined {
    return this.#known?.logged ? this.#controlLog : this.#errorLog
  }

  #lines(): string[] {
    return this.#log?.lines() ?? []
  }

  async #verdict(
    before: ReadonlySet<number>,
    digest: string | undefined,
    isAlive: () => boolean,
    deadline = DEADLINE_MS,
  ): Promise<Verdict> {
    const { control } = this.#options
    const witness: Witness = {
      lines: () => this.#lines(),
      hasNotices: this.#known?.logged ?? false,
      workers: () => (this.#known === undefined ? [] : workersOf(this.#known.pid)),
      isAlive,
      answers: control === undefined || digest === undefined ? undefined : () => isAnswering(control, digest),
    }
    const found = await verdict(witness, before, this.#known?.pid ?? 0, deadline, {
      ...this.#runtime,
      signal: neverAborted,
    })
    if (found.kind === 'accepted' && this.#known !== undefined) {
      // The old ones, too: until they were told to go, they would outlive a master that is killed now.
      this.#remember({ ...this.#known, workers: identities(workersOf(this.#known.pid)) })
    }
    return found
  }

  /** `daemon on` in the tree: what we started has ended, and its child is the master. */
  #daemonized(logged: boolean): boolean {
    const found = this.look()
    if (found.state !== 'running') return false
    this.#remember({ ...found.master, started: true, logged, workers: [] })
    return true
  }

  async #end(signal: NodeJS.Signals, patience: number): Promise<boolean> {
    const { master } = this
    if (master === undefined) return true
    kill(master.pid, signal)
    const until = performance.now() + patience
    while (isAlive(master) && performance.now() < until) await pause(5)
    if (isAlive(master) && signal !== 'SIGQUIT') kill(master.pid, 'SIGKILL')
    return !isAlive(master)
  }

  #remember(known: Known | undefined): void {
    this.#known = known
    const problem = writeRecord(this.#record, known)
    if (problem !== undefined) this.#warn(problem)
  }

  /** Once: what the disk refuses now, it refuses the next time, too. */
  #warn(problem: string): void {
    if (problem !== this.#warned) this.#runtime.emit({ type: 'config.warned', problem })
    this.#warned = problem
  }

  #announce(type: 'process.found' | 'process.started', pid: number): void {
    this.#announced = true
    this.#runtime.emit({ type, pid, version: this.#options.version })
  }

  #cleaned(problem: string): void {
    this.#runtime.emit({ type: 'process.cleaned', problem })
  }
}

/** Judging what was already set in motion goes on during a stop: it decides what stays on the disk. */
const neverAborted = new AbortController().signal

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined // none, or not ours to read: then it tells us nothing
  }
}
