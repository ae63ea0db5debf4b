import { join } from 'node:path'
import { isAlive, readProcess } from '../../proc.ts'
import { type Runtime, slept } from '../../runtime.ts'
import { isAnswering, runningDigest } from './control-socket.ts'
import { clean, endMaster, kill, relieve } from './endings.ts'
import { launch } from './launch.ts'
import { lookAround, type Surroundings } from './look.ts'
import { NginxLog } from './nginx-log.ts'
import { childrenText, hasWorkers, leavingOf, nginxProcesses, workersOf } from './proc.ts'
import { generationsOf, type Identity, type ProcessState } from './process.ts'
import { identities, type Known, ProcessRecord } from './process-record.ts'
import { deaths, type Verdict, verdict, type Witness } from './verify.ts'

/** Milliseconds an nginx has to show that it took a configuration up; parsing 10 000 upstreams takes 2.4 s (measured). */
const DEADLINE_MS = 10_000
/** A master says within a millisecond that a signal came, unless it is still busy with the one before. */
const REACTION_MS = 5_000
/** Busy for longer than this is hung, too: no configuration takes a minute to read. */
const BUSY_MS = 60_000

export interface SupervisorOptions extends Surroundings {
  readonly binary: string
  readonly version: string
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
  readonly #log: NginxLog
  readonly #record: ProcessRecord
  #announced = false
  #warned = ''
  #isReplacing = false
  #children = '' // when its workers were noted last
  #busySince: number | undefined // the master reads a configuration, and has not come to an end

  constructor(options: SupervisorOptions, runtime: Runtime) {
    this.#options = options
    this.#runtime = runtime
    this.#log = new NginxLog(options.run, options.errorLog)
    this.#record = new ProcessRecord(join(options.run, 'process.json'), options.binary, problem => this.#warn(problem))
  }

  /** The master we deal with, when it is alive: looked at anew every time, so it is to be taken once. */
  get master(): Known | undefined {
    return this.#known !== undefined && isAlive(this.#known) ? this.#known : undefined
  }

  /** The master we dealt with, when it is gone without our doing. */
  get lost(): Known | undefined {
    return this.master === undefined && !this.#isReplacing ? this.#known : undefined
  }

  /** What is there. A master we know, by pid and start time, needs no search. */
  look(): ProcessState {
    const { master } = this
    return master === undefined ? lookAround(this.#options, this.#known) : { state: 'running', master }
  }

  /** Takes over what runs; `started` when a command of ours brought it up. True when it was not known before. */
  adopt(master: Identity, started = false): boolean {
    const isNew = this.#known?.pid !== master.pid || this.#known.startTime !== master.startTime
    if (isNew) {
      // Nobody else gives an nginx our control log: it is ours, whatever became of our record of it.
      const isOurs = readProcess(master.pid)?.command.includes(this.#log.control) ?? false
      const workers = identities(workersOf(master.pid))
      this.#record.remember({ ...master, started: started || isOurs, logged: isOurs, workers, verified: workers })
    }
    if (isNew || !this.#announced) this.#announce('process.found', master.pid)
    return isNew
  }

  workers(): ReadonlySet<number> {
    const { master } = this
    return new Set(master === undefined ? [] : workersOf(master.pid))
  }

  hasWorkers(): boolean {
    const { master } = this
    return master !== undefined && hasWorkers(master.pid)
  }

  /** Remembers workers that were forked since a configuration was accepted: they, too, may outlive their master. */
  noteWorkers(): void {
    const master = this.#known
    if (master === undefined) return
    const children = childrenText(master.pid)
    if (children === this.#children || this.master === undefined) return
    this.#children = children
    const known = new Set(master.workers.map(({ pid }) => pid))
    const workers = workersOf(master.pid)
    if (workers.some(pid => !known.has(pid))) this.#record.remember({ ...master, workers: identities(workers) })
  }

  /** Generations before this one that still finish requests. */
  draining(): number {
    const { master } = this
    return master === undefined ? 0 : generationsOf(identities(leavingOf(master.pid)))
  }

  /** Ends what a dead master left behind, so that a start finds its ports and sockets free. */
  clean(found: ProcessState): Promise<void> {
    return clean(found, this.#options, problem => this.#runtime.emit({ type: 'process.cleaned', problem }))
  }

  /** Starts nginx and waits until it has workers (own layout: answers with `digest`). */
  async start(digest: string | undefined): Promise<Verdict> {
    const { binary, cwd } = this.#options
    const unwritable = this.#log.create()
    const logged = unwritable === undefined
    if (!logged) this.#warn(`nginx is started without a control log and judged by its workers: ${unwritable}`)
    this.#log.mark(logged)
    const log = logged ? [`error_log ${this.#log.control} notice;`] : []
    const globals = [...this.#options.globals(), ...log].join(' ')
    const args = [...this.#options.startArguments(), ...(globals === '' ? [] : ['-g', globals])]
    const { child, ended } = launch(binary, args, cwd, this.#options.run)
    if (child.pid === undefined) {
      await slept(this.#runtime, 0) // the reason comes with the next turn of the event loop
      return { kind: 'died', reason: ended.reason ?? 'nginx could not be run' }
    }
    const startTime = readProcess(child.pid)?.startTime ?? ''
    this.#record.remember({ pid: child.pid, startTime, started: true, logged, workers: [], verified: [] })

    const found = await this.#verdict({
      before: new Set(),
      digest,
      isAlive: () => ended.reason === undefined || this.#daemonized(logged),
    })
    if (found.kind === 'accepted') this.#announce('process.started', this.#known?.pid ?? child.pid)
    if (found.kind !== 'accepted') {
      const { master } = this
      if (master !== undefined) await endMaster(master, 'SIGTERM', 2_000)
      this.#record.remember(undefined)
    }
    return found.kind === 'died' && ended.reason !== undefined && found.reason === 'the master process ended'
      ? { kind: 'died', reason: ended.reason }
      : found
  }

  /** Sends SIGHUP to the master, and to nobody else, and waits for the verdict. */
  async reload(digest: string | undefined): Promise<Verdict> {
    const before = this.workers()
    const { master } = this
    if (master === undefined) return { kind: 'died', reason: 'nginx ended before it could be told' }
    const isBusy = master.logged && this.#log.isReading(master.pid)
    this.#busySince = isBusy ? (this.#busySince ?? this.#runtime.clock.now()) : undefined
    this.mark()
    kill(master.pid, 'SIGHUP')
    const found = await this.#verdict({ before, digest, isHung: lines => this.#hasNotReacted(lines) })
    if (found.kind === 'accepted') void relieve(master.pid, before) // ends by itself within what nginx would have waited
    return found
  }

  /** Says that the master hangs, and what becomes of it. */
  announceHung(problem: string, isReplaced: boolean): void {
    const { master: hung } = this
    if (hung !== undefined) this.#runtime.emit({ type: 'process.hung', pid: hung.pid, problem, isReplaced })
  }

  /**
   * Ends a master that does not react, and starts another one. Its workers finish the requests they have; between
   * their letting go of the ports and the start lie some milliseconds.
   */
  async replace(digest: string | undefined): Promise<Verdict> {
    const { master } = this
    this.#isReplacing = true
    try {
      // Not SIGTERM: one that wakes up in this moment would cut every request.
      if (master !== undefined && !(await endMaster(master, 'SIGQUIT', 500))) await endMaster(master, 'SIGKILL', 2_000)
      await this.clean(this.look())
      return await this.start(digest)
    } finally {
      this.#isReplacing = false
    }
  }

  /** Marks the log; `observe` then judges what somebody else's command makes of nginx. */
  mark(): void {
    this.#log.mark(this.#logged)
  }

  observe(before: ReadonlySet<number>, deadline: number): Promise<Verdict> {
    // The command need not have signalled nginx at all, so only one that cannot react is called hung.
    return this.#verdict({ before, deadline, reaction: deadline / 2, isHung: () => this.#isStopped() })
  }

  /** Workers of a generation that die right after they were accepted, in nginx's words; of this master, not of its successor. */
  lateDeaths(master: number, workers: readonly number[]): string[] {
    if (this.master?.pid !== master) return []
    return deaths(this.#log.lines(this.#logged), pid => workers.includes(pid))
  }

  /** Workers that died on a signal since this was asked last, in nginx's words. */
  crashes(): string[] {
    return this.#log.crashes(this.#logged)
  }

  /** Is the control log long enough to start over? `mark` lets it. */
  get isLogLong(): boolean {
    return this.#logged && this.#log.isLong
  }

  /** Own layout: the digest nginx answers with; undefined when it does not answer. */
  async digest(published: string | undefined): Promise<string | undefined> {
    const { control } = this.#options
    return control === undefined ? undefined : runningDigest(control, published)
  }

  /** Quits gracefully, then with force, within `timeout` ms. */
  async stop(timeout: number): Promise<void> {
    const { master } = this
    if (master === undefined) return
    if (!(await endMaster(master, 'SIGQUIT', Math.max(0, timeout - 1_000)))) await endMaster(master, 'SIGTERM', 700)
    // Workers of a master that had to be killed, or that hang: the session is ours, so all of it may go.
    for (const { pid, session } of nginxProcesses())
      if (session === master.pid && this.#known?.started) kill(pid, 'SIGKILL')
    this.#record.remember(undefined)
  }

  get #known(): Known | undefined {
    return this.#record.known
  }

  /** Does the nginx of the moment write our control log? */
  get #logged(): boolean {
    return this.#known?.logged ?? false
  }

  async #verdict(asked: {
    readonly before: ReadonlySet<number>
    readonly digest?: string | undefined
    readonly isAlive?: () => boolean
    readonly isHung?: (lines: readonly string[]) => boolean
    readonly deadline?: number
    readonly reaction?: number
  }): Promise<Verdict> {
    const { control } = this.#options
    const { before, digest, isAlive = () => this.master !== undefined, isHung } = asked
    const witness: Witness = {
      lines: () => this.#log.lines(this.#logged),
      hasNotices: this.#logged,
      workers: () => (this.#known === undefined ? [] : workersOf(this.#known.pid)),
      isAlive,
      answers: control === undefined || digest === undefined ? undefined : () => isAnswering(control, digest),
      isHung,
    }
    const { deadline = DEADLINE_MS, reaction = REACTION_MS } = asked
    const { clock, signal } = this.#runtime
    const master = this.#known?.pid ?? 0
    const found = await verdict(witness, { before, master, deadline, reaction, stop: signal }, clock)
    if (found.kind === 'accepted' && this.#known !== undefined) {
      // The old ones, too: until they were told to go, they would outlive a master that is killed now.
      const workers = identities(workersOf(this.#known.pid))
      this.#record.remember({ ...this.#known, workers, verified: workers })
    }
    return found
  }

  /** A master of which we hear everything says so when a signal came, unless it is busy; another one only shows what it is. */
  #hasNotReacted(lines: readonly string[]): boolean {
    const { master } = this
    if (master === undefined || !master.logged || this.#isStopped()) return this.#isStopped()
    if (this.#busySince !== undefined && this.#runtime.clock.now() - this.#busySince < BUSY_MS) return false
    return !lines.some(line => line.includes(` ${master.pid}#`))
  }

  #isStopped(): boolean {
    return this.#known !== undefined && (readProcess(this.#known.pid)?.isStopped ?? false)
  }

  /** `daemon on` in the tree: what we started has ended, and its child is the master. */
  #daemonized(logged: boolean): boolean {
    const found = this.look()
    if (found.state !== 'running') return false
    this.#record.remember({ ...found.master, started: true, logged, workers: [], verified: [] })
    return true
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
}
