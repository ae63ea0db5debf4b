import { type ChildProcess, execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Event, EventType } from '../../src/observe/event.ts'
import type { Process } from '../../src/proc.ts'
import { nginxProcesses } from '../../src/target/nginx/proc.ts'
import { Children } from './children.ts'
import { until } from './wait.ts'

const root = join(import.meta.dirname, '../..')

export type Logged<T extends EventType = EventType> = Extract<Event, { type: T }> & {
  readonly time: string
  readonly msg: string
  readonly level: number
}

/** The built program, as a user runs it. */
export interface Running {
  readonly child: ChildProcess
  readonly pid: number
  readonly logFile: string
  events(): Logged[]
  /** The first event of this type since `from` (a count of events) that fits. */
  saw<T extends EventType>(type: T, fits?: (event: Logged<T>) => boolean, from?: number): Promise<Logged<T>>
  log(): string
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Bench {
  readonly folder: string
  readonly state: string
  start(args: readonly string[], environment?: Record<string, string>): Running
  /** Starts it as NOBODY, to whom the folder is given first. */
  startAsNobody(args: readonly string[]): Running
  /** Starts it to be ended by a signal just before its nth step that changes the world; see crash.mjs. */
  startAndCrash(step: number, args: readonly string[], signal?: NodeJS.Signals): Running
  /** Starts it by another program, which becomes it. */
  startBy(wrapper: readonly string[], args: readonly string[]): Running
  /** Starts it on a disk that can be made to be full for one step; see full-disk.mjs. */
  startOnFullDisk(control: string, args: readonly string[]): Running
  /** Runs it to its end. */
  run(args: readonly string[], environment?: Record<string, string>, wrapper?: readonly string[]): Promise<Ended>
  /** Ends everything that was started, nginx included. */
  end(): Promise<void>
  /** The same, and the folder goes, too. */
  clear(): Promise<void>
}

interface Launching {
  readonly wrapper?: readonly string[] // a program that becomes it
  readonly preload?: readonly string[]
  readonly user?: number
}

/** A folder of its own with a state folder in it, and a way to start the built program there. */
export function workbench(purpose = 'test'): Bench {
  const folder = mkdtempSync(join(tmpdir(), `upstreamd-${purpose}-`))
  const state = join(folder, 'state')
  const children = new Children()
  let runs = 0

  function launch(args: readonly string[], environment: Record<string, string>, more: Launching = {}) {
    runs += 1
    const [program = '', ...words] = [...(more.wrapper ?? []), process.execPath, ...(more.preload ?? [])]
    const stdout = join(folder, `stdout.${runs}`)
    const stderr = join(folder, `stderr.${runs}`)
    // Files, not pipes: nginx inherits them, and what it logs must be openable.
    const child = children.start(program, [...words, join(root, 'dist/upstreamd.js'), `-state-dir=${state}`, ...args], {
      stdio: ['ignore', openSync(stdout, 'a'), openSync(stderr, 'a')],
      env: { ...withoutConsul(process.env), ...environment },
      cwd: folder,
      ...(more.user !== undefined && { uid: more.user, gid: more.user }),
    })
    return { child, stdout, stderr }
  }

  return {
    folder,
    state,
    start: (args, environment = {}) => follow(launch([...logging, ...args], environment)),
    startBy: (wrapper, args) => follow(launch([...logging, ...args], {}, { wrapper })),
    startAndCrash: (step, args, signal = 'SIGKILL') =>
      follow(
        launch(
          [...logging, ...args],
          { CRASH_AT: String(step), CRASH_SIGNAL: signal },
          { preload: preload('crash.mjs') },
        ),
      ),
    startOnFullDisk: (control, args) =>
      follow(launch([...logging, ...args], { FULL_DISK: control }, { preload: preload('full-disk.mjs') })),
    startAsNobody(args) {
      execFileSync('chown', ['-R', `${NOBODY}:${NOBODY}`, folder])
      return follow(launch([...logging, ...args], {}, { user: NOBODY }))
    },
    async run(args, environment = {}, wrapper = []) {
      const { child, stdout, stderr } = launch(args, environment, { wrapper })
      const code = await new Promise<number | null>(resolve => child.once('exit', resolve))
      return { code, stdout: readFileSync(stdout, 'utf8'), stderr: readFileSync(stderr, 'utf8') }
    },
    end,
    async clear() {
      await end()
      rmSync(folder, { recursive: true, force: true })
    },
  }

  async function end(): Promise<void> {
    await children.endAll()
    endNginx(folder)
  }

  function follow({ child, stderr }: { child: ChildProcess; stderr: string }): Running {
    const events = () =>
      readFileSync(stderr, 'utf8')
        .split('\n')
        .filter(line => line.startsWith('{'))
        .map(line => JSON.parse(line) as Logged)
    return {
      child,
      pid: child.pid ?? 0,
      logFile: stderr,
      events,
      log: () => readFileSync(stderr, 'utf8'),
      saw: (type, fits = () => true, from = 0) =>
        until(
          `event ${type}`,
          () =>
            events()
              .slice(from)
              .find(event => event.type === type && fits(event as never)) as never,
        ).catch(error => {
          throw new Error(`${error.message}\n${readFileSync(stderr, 'utf8').split('\n').slice(-30).join('\n')}`)
        }),
      stop: (signal = 'SIGTERM') => children.end(child, signal),
    }
  }
}

/** A user nobody else is: its processes are only ours. */
export const NOBODY = 54_321

/** Only root may become somebody else, who must be able to read the program. */
export function canStartAsNobody(): boolean {
  if (process.getuid?.() !== 0) return false
  const found = spawnSync('test', ['-r', join(root, 'dist/upstreamd.js'), '-a', '-x', process.execPath], {
    uid: NOBODY,
    gid: NOBODY,
  })
  return found.status === 0
}

const preload = (name: string) => ['--import', join(import.meta.dirname, name)]
const logging = ['-log-format=json', '-log-level=debug']

/** Every nginx that belongs to this folder: masters by their command line, workers by their session. */
export function nginxOf(folder: string): Process[] {
  const all = nginxProcesses()
  const masters = all.filter(({ command }) => command.includes(folder))
  const sessions = new Set([
    ...masters.map(({ pid }) => pid),
    ...seenSessions(
      folder,
      masters.map(({ pid }) => pid),
    ),
  ])
  return all.filter(({ pid, session }) => sessions.has(pid) || sessions.has(session))
}

const seen = new Map<string, Set<number>>()

/** A master that was killed is no longer there to tell of its workers. */
function seenSessions(folder: string, now: readonly number[]): Set<number> {
  const known = seen.get(folder) ?? new Set()
  for (const pid of now) known.add(pid)
  seen.set(folder, known)
  return known
}

/** Again until none is left: a master that is killed in the middle of a reload may just have started a worker. */
export function endNginx(folder: string): void {
  for (let left = nginxOf(folder); left.length > 0; left = nginxOf(folder)) {
    for (const { pid } of left) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // it is gone already
      }
    }
  }
}

function withoutConsul(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !/^(CONSUL_|CT_)/.test(name)))
}
