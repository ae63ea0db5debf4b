import { renameSync, rmSync, writeFileSync } from 'node:fs'
import type { Config } from '../config.ts'
import { type Daemon, startDaemon } from '../daemon.ts'
import { reasonOf, UpstreamdError } from '../errors.ts'
import type { Emit } from '../observe/event.ts'
import { type LogFile, openLogFile } from '../observe/log-file.ts'
import { createLogger } from '../observe/logger.ts'
import { openSyslog } from '../observe/syslog.ts'
import { makePlan, type Plan } from '../plan.ts'
import { type Runtime, systemClock } from '../runtime.ts'
import { version } from '../shipped.ts'
import { lockState } from '../state-lock.ts'
import { keepStatus } from '../status-file.ts'
import { watchFiles } from '../watch-files.ts'
import type { Command, Signals } from './command.ts'
import { UsageError } from './command-line.ts'
import { dry } from './dry.ts'
import { type Loaded, load } from './load.ts'
import { once } from './once.ts'
import { parseOnly } from './parse-only.ts'
import { attend, type Program } from './program.ts'
import { notifying } from './systemd.ts'

/** The daemon: beside nginx until it is told to stop. */
export const run: Command = {
  name: 'run',
  help: 'the same, said in full',
  async execute(line, signals) {
    const loaded = load(line, process.env)
    const { kill_signal, reload_signal, state_dir } = loaded.config
    const log = openLog(loaded.config)
    signals.assign({ kill: kill_signal, reload: reload_signal })
    for (const problem of loaded.warnings) log({ type: 'config.warned', problem })
    if (line.given['parse-only']) return parseOnly(loaded.config, log)
    if (line.given.dry) return dry(loaded.config, log, signals)

    const unlock = lockState(state_dir, problem => log({ type: 'config.warned', problem }))
    try {
      if (line.given.once) return await onceAndProgram(loaded.config, log, signals)
      const told = notifying(log, process.env, signals.stop)
      return await live(loaded, () => load(line, process.env), keepStatus(state_dir, version, told), signals)
    } finally {
      unlock()
    }
  },
}

function openLog({ log_level: level, log_format: format, log_file, syslog }: Config): Emit {
  const tell = (problem: string) =>
    process.stderr.write(
      `upstreamd: cannot write to the system log (every line is here, and it is tried again): ${problem}\n`,
    )
  return createLogger({
    level,
    format,
    file: logFile(log_file),
    syslog: syslog === undefined ? undefined : openSyslog(syslog, systemClock.now, tell),
  })
}

function logFile({ path, ...log }: Config['log_file']): LogFile | undefined {
  if (path === undefined) return undefined
  const { log_rotate_bytes: bytes, log_rotate_duration: age, log_rotate_max_files: kept } = log
  try {
    return openLogFile({ path, bytes, age, kept }, systemClock.now)
  } catch (error) {
    throw new UpstreamdError('CONFIG_UNREADABLE', `cannot write log files at ${path} (-log-file)`, { cause: error })
  }
}

/** The program runs with what was made once, to its end or ours. */
async function onceAndProgram(config: Config, emit: Emit, signals: Signals): Promise<number> {
  const code = await once(config, emit, signals)
  if (code !== 0 || config.exec === undefined) return code
  const program = attend(config, emit, signals)
  program.see([])
  const ending = await Promise.race([stopped(signals.stop), program.ended])
  await program.stop()
  return ending
}

/** One configuration made into a plan, not running yet. */
interface Life {
  readonly plan: Plan
  start(): void
  /** Ends what was started, and waits for it. */
  end(): Promise<void>
  approve(): void
}

/** One daemon after the other, until the stop: SIGHUP makes the next, and nginx does not notice. */
async function live(first: Loaded, reload: () => Loaded, log: Emit, signals: Signals): Promise<number> {
  const bug = Promise.withResolvers<never>()
  const program = attend(first.config, log, signals)
  const { emit } = program
  let current = await prepare(first, program, signals.stop, bug.reject)
  writePid(first.config.pid_file)
  emit({ type: 'daemon.started', version, layout: current.plan.layout, state: first.config.state_dir })
  current.start()

  let reason = 'an error'
  let changing: Promise<void> = Promise.resolve()
  async function change(): Promise<void> {
    if (signals.stop.aborted) return
    emit({ type: 'daemon.reloading' })
    try {
      // Made before the old one ends: what is wrong with the new configuration ends nothing.
      const loaded = reload()
      const next = await prepare(loaded, program, signals.stop, bug.reject)
      if (next.plan.identity !== current.plan.identity) {
        throw new UpstreamdError(
          'CONFIG_INVALID',
          'another state_dir, another nginx layout or another exec needs a restart',
        )
      }
      await current.end()
      current = next
      emit({ type: 'daemon.started', version, layout: current.plan.layout, state: loaded.config.state_dir })
      current.start()
    } catch (error) {
      if (!(error instanceof UpstreamdError || error instanceof UsageError)) throw error
      emit({ type: 'config.rejected', problem: reasonOf(error) })
    }
  }
  // Signals that come while one waits its turn are answered by that one.
  let isWaiting = false
  const changeLater = () => {
    if (isWaiting) return
    isWaiting = true
    changing = changing
      .then(() => {
        isWaiting = false
        return change()
      })
      .catch(bug.reject)
  }
  signals.onReload(changeLater)
  signals.onApprove(() => current.approve())
  watchFiles(first.files, changeLater, signals.stop)

  try {
    const code = await Promise.race([stopped(signals.stop), program.ended, bug.promise])
    if (!signals.stop.aborted) reason = 'the program has ended'
    await changing
    await current.end()
    // Only a stop ends nginx. What is a bug of ours must not.
    await Promise.all([program.stop(), ...current.plan.deliveries.map(({ target }) => target.stop())])
    return code
  } finally {
    if (first.config.pid_file !== undefined) rmSync(first.config.pid_file, { force: true })
    emit({ type: 'daemon.stopped', reason: String(signals.stop.reason ?? reason) })
  }
}

async function prepare(
  { config }: Loaded,
  { emit, see }: Program,
  stop: AbortSignal,
  fail: (bug: unknown) => void,
): Promise<Life> {
  const ending = new AbortController()
  const runtime: Runtime = { clock: systemClock, emit, signal: AbortSignal.any([stop, ending.signal]) }
  const plan = await makePlan(config, true, runtime, fail)
  for (const problem of plan.warnings) emit({ type: 'config.warned', problem })
  let daemon: Daemon | undefined
  return {
    plan,
    start() {
      daemon = startDaemon(plan, runtime, () => see(plan.deliveries))
      daemon.ended.catch(fail)
    },
    async end() {
      ending.abort()
      await daemon?.ended
    },
    approve: () => daemon?.approve(),
  }
}

/** The exit code of a stop. */
function stopped(signal: AbortSignal): Promise<0> {
  return new Promise(resolve => {
    if (signal.aborted) resolve(0)
    else signal.addEventListener('abort', () => resolve(0), { once: true })
  })
}

function writePid(path: string | undefined): void {
  if (path === undefined) return
  try {
    writeFileSync(`${path}.tmp`, `${process.pid}\n`)
    renameSync(`${path}.tmp`, path)
  } catch (error) {
    throw new UpstreamdError('CONFIG_UNREADABLE', `cannot write the pid file ${path} (-pid-file)`, { cause: error })
  }
}
