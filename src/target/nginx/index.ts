import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { closeFolder } from '../../disk.ts'
import { systemCode, UpstreamdError } from '../../errors.ts'
import { describe } from '../../model/diagnostic.ts'
import type { Generation } from '../../model/generation.ts'
import { defineModule } from '../../registry.ts'
import type { Runtime } from '../../runtime.ts'
import type { CommandConfig } from '../command.ts'
import { createExclusive } from '../exclusive.ts'
import type { Activation, Running, Staged, Target } from '../target.ts'
import { type Activator, activate } from './activate.ts'
import { adoptLayout, errorLogOf, globalsFor, pidFileOf, staleSocketsOf } from './adopt.ts'
import { createAftercare } from './aftercare.ts'
import { NginxConfig } from './config.ts'
import { isSocketFile } from './control-socket.ts'
import { hasDefaultServer } from './facts.ts'
import { createJudge } from './judge.ts'
import { keepRunning } from './keep-running.ts'
import type { Layout } from './layout.ts'
import { lookAfter } from './live-files.ts'
import { ownLayout } from './own.ts'
import { createPreflight, noPreflight } from './preflight.ts'
import { standIn } from './stand-in.ts'
import { Supervisor } from './supervisor.ts'

/** What nginx gets to end its requests, however late it is told. */
const SHORTEST_STOP_MS = 1_500
const cannotWrite = 'cannot write the next generation'

export const nginx = defineModule<Target>()({
  config: NginxConfig,
  create: (config, runtime) => createTarget(config, runtime),
})

function createTarget(config: NginxConfig, runtime: Runtime): Target {
  const { layout: plain, supervisor, pidFile } = assemble(config, runtime)
  const isOwn = config.layout === 'own'
  const startsNginx = config.may_start && !config.all_told_by_command
  const exclusive = createExclusive()
  // What a command starts, perhaps elsewhere, holds ports that we would take for somebody else's.
  const isTold = Object.keys(config.commands).length > 0
  const preflight = isTold ? noPreflight : createPreflight(supervisor, config.may_start, runtime)
  const judge = createJudge(config.binary.path, config.check_output, preflight)
  const files = lookAfter(plain, supervisor, pidFile, exclusive, runtime)
  const { layout } = files
  const activator: Activator = {
    layout,
    supervisor,
    digestOf: generation => (isOwn ? generation.digest : undefined),
    mayStart: config.may_start,
    clock: runtime.clock,
  }
  const aftercare = createAftercare(activator, exclusive, runtime)
  let stopping = false
  let askedToStop: number | undefined
  const rememberStop = () => {
    askedToStop = runtime.clock.now()
  }
  runtime.signal.addEventListener('abort', rememberStop, { once: true })
  let isWarned = false

  function warnOnce({ files, selection }: Generation): void {
    if (isWarned || selection.sites.length === 0 || hasDefaultServer(isOwn ? undefined : config.conf, files)) return
    isWarned = true
    const problem = 'no template has a default_server: a host that nobody registered is answered by the first service'
    runtime.emit({ type: 'config.warned', problem })
  }

  async function look(): Promise<Running | undefined> {
    const found = supervisor.look()
    // Somebody's command starts nginx, or nobody does: then what is on the disk is all there is to be live.
    if (found.state !== 'running')
      return startsNginx ? undefined : { pid: undefined, digest: await layout.proven(), draining: 0 }
    return {
      pid: found.master.pid,
      digest: isOwn ? await ownDigest() : await layout.proven(),
      draining: supervisor.draining(),
    }
  }

  /** The workers of a master that died a moment ago may have outlived it, and hold the ports. */
  async function endOrphans(): Promise<void> {
    const found = supervisor.look()
    if (found.state === 'orphaned' && config.on_exit !== 'leave') await supervisor.clean(found)
  }

  /**
   * What nginx answers with, unless a start would give something else: somebody edited it while nobody looked, or the
   * disk did not let us write down what is live.
   */
  async function ownDigest(): Promise<string | undefined> {
    const digest = await supervisor.digest(await layout.published())
    if (digest === undefined || digest !== (await layout.good())) return undefined
    return (await files.areIntact(digest)) ? digest : undefined
  }

  return {
    name: 'nginx',
    recall: () => files.recall(),
    running: () => onMachine('cannot look at nginx', look),

    async judge(generation, signal) {
      const sketch = await onMachine(cannotWrite, () => layout.sketch(generation))
      try {
        return await judge(generation, sketch, undefined, signal)
      } finally {
        await sketch.discard()
      }
    },

    async stage(generation): Promise<Staged> {
      warnOnce(generation)
      const prepared = await onMachine(cannotWrite, () => layout.prepare(generation))
      return {
        validate: signal => judge(generation, prepared, aftercare.fatal(generation.digest), signal),
        discard: () => prepared.discard(),
        activate: signal =>
          exclusive(async (): Promise<Activation> => {
            if (stopping) throw new UpstreamdError('TARGET_STAGE_FAILED', 'nothing is activated while stopping')
            const { previous, commands, isOurSignalNeeded } = await onMachine('cannot read what is live', async () => {
              const before = await layout.good()
              const previous = async () => (before === undefined ? undefined : layout.find(before))
              return { previous, ...(await waysToTell(config.commands, generation, previous)) }
            })
            await preflight.clear()
            const outcome = await activate(activator, generation, commands, isOurSignalNeeded, signal)
            if (outcome.kind === 'rolled_back') return outcome
            // Ends by itself within half a second.
            if (outcome.kind !== 'written') void aftercare.follow({ generation, previous, ...outcome })
            return outcome
          }),
      }
    },

    async standIn(draw, signal) {
      if (!startsNginx || stopping || (await layout.isStartable())) return false
      return exclusive(() =>
        standIn(supervisor, !isOwn, async () => {
          const generation = draw()
          const prepared = await onMachine(cannotWrite, () => layout.prepare(generation))
          try {
            const verdict = await judge(generation, prepared, undefined, signal)
            if (verdict.kind === 'valid') return activate(activator, generation, [], true, signal)
            const problem = verdict.diagnostics.map(describe).join('; ')
            return { kind: 'rolled_back', cause: new Error(problem) }
          } finally {
            await prepared.discard()
          }
        }),
      )
    },

    async supervise(signal) {
      const scope = { ...runtime, signal }
      const kept = { layout, supervisor, activator, exclusive, isOwn }
      await Promise.all([keepRunning(kept, scope), aftercare.watch(signal), files.keep(activator, scope)])
    },

    async stop() {
      stopping = true
      await exclusive(async () => {
        const { master } = supervisor
        if (master === undefined) return endOrphans()
        const started = runtime.clock.now()
        if ((config.on_exit ?? (master.started ? 'stop' : 'leave')) === 'leave') {
          runtime.emit({ type: 'process.left', pid: master.pid })
          return
        }
        // Counted from when we were asked: what was carried through since then has used some of it.
        const left = config.stop_timeout - (started - (askedToStop ?? started))
        await supervisor.stop(Math.max(SHORTEST_STOP_MS, left))
        runtime.emit({ type: 'process.stopped', pid: master.pid, ms: runtime.clock.now() - started })
      })
    },
  }
}

function assemble(config: NginxConfig, runtime: Runtime): { layout: Layout; supervisor: Supervisor; pidFile: string } {
  const { binary, conf, state } = config
  const shared = { binary: binary.path, version: binary.version, compiledIn: binary.conf, prefix: binary.prefix }
  if (config.layout === 'own') {
    const layout = ownLayout(state)
    const pidFile = join(layout.run, 'nginx.pid')
    const supervisor = new Supervisor(
      {
        ...shared,
        conf: layout.conf,
        pidFile,
        isPidFileShared: false,
        run: layout.run,
        errorLog: undefined,
        cwd: layout.run,
        startArguments: layout.startArguments,
        globals: () => ['daemon off;'],
        control: layout.run,
        staleSockets: async () =>
          readdirSync(layout.run)
            .filter(isSocketFile)
            .map(name => join(layout.run, name)),
      },
      runtime,
    )
    return { layout, supervisor, pidFile }
  }

  const run = join(state, 'run')
  closeFolder(run)
  const layout = adoptLayout(state, conf, config.rights, runtime.emit)
  const pidFile = pidFileOf(conf, binary.prefix) ?? binary.pid
  const supervisor = new Supervisor(
    {
      ...shared,
      conf,
      pidFile,
      isPidFileShared: true,
      run,
      errorLog: errorLogOf(conf),
      cwd: layout.cwd,
      startArguments: layout.startArguments,
      globals: () => globalsFor(conf),
      control: undefined,
      staleSockets: () => staleSocketsOf(conf),
    },
    runtime,
  )
  return { layout, supervisor, pidFile }
}

/** What the machine refuses (a full disk, no descriptor left) is no bug: throws TARGET_STAGE_FAILED, to be tried again. */
async function onMachine<T>(what: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task()
  } catch (error) {
    if (error instanceof UpstreamdError || systemCode(error) === undefined) throw error
    throw new UpstreamdError('TARGET_STAGE_FAILED', what, { cause: error })
  }
}

/** Commands of the files that changed, once each; our own signal when one of them has none. */
async function waysToTell(
  commands: Readonly<Record<string, CommandConfig>>,
  generation: Generation,
  previous: () => Promise<Generation | undefined>,
): Promise<{ commands: CommandConfig[]; isOurSignalNeeded: boolean }> {
  if (Object.keys(commands).length === 0) return { commands: [], isOurSignalNeeded: true }

  const before = new Map((await previous())?.files.map(({ path, text }) => [path, text]))
  const changed = generation.files.filter(({ path, text }) => before.get(path) !== text)
  const told = (changed.length > 0 ? changed : generation.files).map(({ path }) => commands[path])
  return {
    commands: [...new Map(told.flatMap(command => (command ? [[JSON.stringify(command), command]] : []))).values()],
    isOurSignalNeeded: told.some(command => command === undefined),
  }
}
