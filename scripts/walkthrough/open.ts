import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../test/support/ports.ts'
import { nginxOf, type Running, workbench } from '../../test/support/upstreamd.ts'
import { type Instance, startInstances } from './instances.ts'
import { print, printFact } from './page.ts'
import { openConsul, openFile, type Registry, whyNoConsul } from './registry.ts'
import { DOMAIN, event, lastWords, type Stage } from './stage.ts'

const TAG = 'demo'

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
    '-reload-interval=0s', // six changes in a second are a demo's, not a catalog's
    `-template=${template}:conf.d/ingress.conf`,
  ])
  closers.push(() => stop(running, bench.folder))
  const signal = AbortSignal.any([interrupted, ended(running)])
  const { folder, state } = bench
  const stage = { folder, state, template, port, registry, instances, newcomer, running, signal }
  const nginx = await event(stage, 'process.started', 0, 20_000)
  await event(stage, 'daemon.ready', 0, 20_000)
  printFact('upstreamd', `${registry.flags.join(' ')} -tag=${TAG} -domain=${DOMAIN} -listen=127.0.0.1:${port} ...`)
  const ms = Math.round(performance.now() - started)
  printFact(`nginx ${nginx.version}`, `http://127.0.0.1:${port} (ready after ${ms} ms)`)
  print('')
  return stage
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
