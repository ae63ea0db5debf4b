import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EventType } from '../../src/observe/event.ts'
import { get } from '../../test/support/http.ts'
import { freePort } from '../../test/support/ports.ts'
import { type Logged, nginxOf, type Running, workbench } from '../../test/support/upstreamd.ts'
import { until } from '../../test/support/wait.ts'
import { type Instance, startInstances } from './instances.ts'
import { print, printFact } from './page.ts'
import { openConsul, openFile, type Registry, whyNoConsul } from './registry.ts'

export const DOMAIN = 'demo.example'
export const TAG = 'demo'

/** How long anything may take to show; usually it is there after a tenth of a second. */
export const PATIENCE_MS = 6_000

/** Everything that runs, and what to ask of it. */
export interface Stage {
  readonly folder: string
  readonly state: string
  readonly template: string // our copy
  readonly port: number // nginx's
  readonly registry: Registry
  readonly instances: readonly Instance[] // registered from the beginning
  readonly newcomer: Instance // answers, but nobody knows it yet
  readonly running: Running
  /** Aborts when the demo is interrupted, and when upstreamd ends by itself. */
  readonly signal: AbortSignal
}

/** Starts everything, telling what it is; what has to be closed is put into `closers` as soon as it is open. */
export async function openStage(closers: (() => Promise<void>)[], interrupted: AbortSignal): Promise<Stage> {
  const bench = workbench('demo')
  closers.push(() => bench.clear())
  const { instances, newcomer } = await openInstances(closers)
  interrupted.throwIfAborted()
  const registry = await openRegistry(closers, bench.folder)
  await registry.register(instances)
  printFact('services', `${countsOf(instances)}, each instance on a port of its own, tagged "${TAG}"`)
  interrupted.throwIfAborted()

  const template = join(bench.folder, 'ingress.conf.njk')
  copyFileSync(join(import.meta.dirname, '../../ctmpl/ingress.conf.njk'), template)
  const port = await freePort()
  const started = performance.now()
  const running = bench.start([
    ...registry.flags,
    `-tag=${TAG}`,
    `-domain=${DOMAIN}`,
    `-listen=127.0.0.1:${port}`,
    `-template=${template}:conf.d/ingress.conf`,
  ])
  closers.push(() => stop(running, bench.folder))
  const signal = AbortSignal.any([interrupted, ended(running)])
  const stage = { ...bench, template, port, registry, instances, newcomer, running, signal }
  const nginx = await event(stage, 'process.started', 0, 20_000)
  await event(stage, 'daemon.ready', 0, 20_000)
  printFact('upstreamd', `${registry.flags.join(' ')} -tag=${TAG} -domain=${DOMAIN} -listen=127.0.0.1:${port} ...`)
  const ms = Math.round(performance.now() - started)
  printFact(`nginx ${nginx.version}`, `http://127.0.0.1:${port} (ready after ${ms} ms)`)
  print('')
  return stage
}

/** The first event of this type since `from`, a count of events. */
export function event<T extends EventType>(
  stage: Stage,
  type: T,
  from = 0,
  patience = PATIENCE_MS,
): Promise<Logged<T>> {
  const isIt = (logged: Logged): logged is Logged<T> => logged.type === type
  const look = () => stage.running.events().slice(from).find(isIt)
  return until(`${type} in upstreamd's log`, look, patience, stage.signal)
}

/** What upstreamd said last, for whoever has to find out why. */
export function lastWords(running: Running): string {
  const lines = running.log().split('\n').filter(Boolean).slice(-5)
  return lines.map(line => (line.startsWith('{') ? `upstreamd: ${JSON.parse(line).msg}` : line)).join('\n')
}

/** What so many requests in a row are answered with: the text, or the status when it is no 200. */
export async function ask({ port }: Stage, service: string, times: number): Promise<string[]> {
  const answers: string[] = []
  for (let turn = 0; turn < times; turn += 1) {
    const { status, text } = await get(port, hostOf(service))
    answers.push(status === 200 ? text.trim() : String(status))
  }
  return answers
}

export interface Seen {
  readonly ms: number // from `since` to the first of these answers
  readonly text: string
}

/** Waits until a service is answered by these and by nobody else, each as often as the others. */
export async function answersOf(
  stage: Stage,
  service: string,
  expected: readonly string[],
  since = performance.now(),
): Promise<Seen> {
  const wanted = [...expected, ...expected]
  let answers: readonly string[] = []
  async function look(): Promise<number | false> {
    const asked = performance.now()
    answers = await ask(stage, service, wanted.length)
    return answers.toSorted().join() === wanted.toSorted().join() && asked
  }
  try {
    const ms = (await until('the answers', look, PATIENCE_MS, stage.signal)) - since
    return { ms, text: `${hostOf(service)} → ${answers.join(' ')}` }
  } catch (error) {
    stage.signal.throwIfAborted()
    throw new Error(`${hostOf(service)} → ${answers.join(' ') || error}; expected ${wanted.join(' ')}`)
  }
}

export function idsOf({ instances }: Stage, service: string): string[] {
  return instances.filter(instance => instance.service === service).map(({ id }) => id)
}

/** The server name upstreamd makes of a service's name. */
export function hostOf(service: string): string {
  return `${service.replaceAll('-', '.')}.${DOMAIN}`
}

async function openInstances(closers: (() => Promise<void>)[]): Promise<Pick<Stage, 'instances' | 'newcomer'>> {
  const { instances, close } = await startInstances({ web: 3, api: 2, docs: 1, 'web-shop': 1 })
  closers.push(close)
  return { instances: instances.slice(0, -1), newcomer: instances.at(-1) as Instance }
}

async function openRegistry(closers: (() => Promise<void>)[], folder: string): Promise<Registry> {
  const why = whyNoConsul()
  if (why !== undefined) print(`  ${why}: services come from a file instead.\n`)
  const registry = why === undefined ? await openConsul(closers, TAG) : await openFile(folder, TAG)
  printFact(registry.about.name, registry.about.text)
  return registry
}

/** Ends upstreamd, which ends nginx; throws when that is not what happens. */
async function stop(running: Running, folder: string): Promise<void> {
  const { child } = running
  const wasRunning = child.exitCode === null && child.signalCode === null
  const code = await running.stop()
  if (!wasRunning) return
  // Told to stop while it was loading, it has no listener yet and ends by the signal itself.
  const isTold = code === 0 || child.signalCode === 'SIGTERM' || child.signalCode === 'SIGINT'
  if (!isTold) throw new Error(describeEnd(running))
  const left = nginxOf(folder).map(({ pid, command }) => `${pid} (${command})`)
  if (left.length > 0) throw new Error(`upstreamd left nginx behind, which is killed now: ${left.join(', ')}`)
}

function ended(running: Running): AbortSignal {
  const controller = new AbortController()
  running.child.once('exit', () => controller.abort(new Error(describeEnd(running))))
  return controller.signal
}

function describeEnd(running: Running): string {
  const { signalCode, exitCode } = running.child
  return `upstreamd ended with ${signalCode ?? `code ${exitCode}`}\n${lastWords(running)}`
}

function countsOf(instances: readonly Instance[]): string {
  return [...Map.groupBy(instances, ({ service }) => service)]
    .map(([name, { length }]) => `${name} ×${length}`)
    .join(', ')
}
