import { readdirSync, readFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EventType } from '../../src/observe/event.ts'
import { type Catalog, startConsul, TTL } from '../support/consul.ts'
import { startFakeConsul } from '../support/fake-consul.ts'
import { get } from '../support/http.ts'
import { openScene, type Scene, shipped } from '../support/scene.ts'
import { type Logged, nginxOf, type Running } from '../support/upstreamd.ts'
import { until } from '../support/wait.ts'

const INTERVAL = 2_000 // what upstreamd does without -reload-interval

let scene: Scene
const endings: (() => void | Promise<void>)[] = []
beforeEach(async () => {
  scene = await openScene('budget')
})
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
  await scene.close()
})

/** The services of this Consul in place of those of the file. */
async function openCatalog(opened: Promise<Catalog>): Promise<{ catalog: Catalog; args: string[] }> {
  const catalog = await opened
  endings.push(() => catalog.stop())
  const rest = scene.own.filter(arg => !arg.startsWith('-source='))
  return { catalog, args: [...rest, `-consul-addr=${catalog.address}`] }
}

/** Does it over and over, so many times a second, for so many ms; never two at a time. */
async function repeatedly(perSecond: number, ms: number, task: (round: number) => Promise<void>): Promise<void> {
  const started = performance.now()
  for (let round = 0; performance.now() - started < ms; round += 1) {
    await task(round)
    await pause(Math.max(0, started + ((round + 1) * 1_000) / perSecond - performance.now()))
  }
}

function of<T extends EventType>(running: Running, type: T, from = 0): (Logged<T> & { readonly time: string })[] {
  return running
    .events()
    .slice(from)
    .filter((event): event is Logged<T> & { readonly time: string } => event.type === type)
}
const reloadsOf = (running: Running, from: number) =>
  of(running, 'generation.activated', from).filter(({ how }) => how === 'reloaded')
const at = ({ time }: { readonly time: string }) => Date.parse(time)
/** How often nginx read its configuration again, as it says itself. */
function reconfigurations(): number {
  const [folder = ''] = readdirSync(scene.bench.state).filter(name => /^nginx/.test(name))
  const log = readFileSync(join(scene.bench.state, folder, 'run/control.log'), 'utf8')
  return log.split('\n').filter(line => /#\d+: reconfiguring$/.test(line)).length
}
const answer = async (service: string) => (await get(scene.port, `${service}.test`)).text

describe('a catalog that changes forty times a second', () => {
  it.each([
    {
      title: 'C15, our own layout, a real Consul, a quarter of a minute',
      open: () => startConsul(),
      layout: () => [],
      ms: 15_000,
    },
    {
      title: 'C15, an adopted tree',
      open: () => startFakeConsul(),
      layout: () => [`-nginx-conf=${scene.tree.conf}`, `-template=${shipped}:${scene.tree.destination}`],
      ms: 4_000,
    },
  ])(
    '$title: nginx is reloaded three times, then once in two seconds, and what was last is live soon',
    async ({ open, layout, ms }) => {
      const { catalog, args } = await openCatalog(open())
      const { port } = scene.backend
      const register = (Name: string, Port: number) => catalog.register({ Name, Port, Tags: ['calico'] })
      await register('steady', port)
      const running = scene.bench.start([...args, ...layout()])
      await running.saw('daemon.ready')
      const from = running.events().length
      const earlier = reconfigurations()
      const failed: string[] = []

      await repeatedly(40, ms, async round => {
        await register('flapping', 1_024 + (round % 60_000))
        if (round % 20 === 0 && (await answer('steady')) !== 'one') failed.push(`round ${round}`)
      })
      await register('flapping', port)
      await running.saw('generation.activated', ({ added }) => added.includes(`flapping 127.0.0.1:${port}`), from)
      await until('what was registered last answers', async () => (await answer('flapping')) === 'one')

      const snapshots = of(running, 'source.snapshot', from).map(at)
      const reloads = reloadsOf(running, from).map(at)
      const [first = 0, last = 0] = [snapshots[0], snapshots.at(-1)]
      const end = reloads.at(-1) ?? 0
      expect(snapshots.length, 'the catalog moved on all the time').toBeGreaterThan((ms / 1_000) * 3)
      expect(reloads.length).toBeLessThanOrEqual(3 + (end - first) / INTERVAL)
      expect(reloads.length, 'it went on while the catalog changed').toBeGreaterThanOrEqual(
        3 + Math.floor(ms / INTERVAL) - 1,
      )
      expect(end - last, 'ms from the last change until it was live').toBeLessThan(3_000)
      expect(failed, 'requests for a service that did not change').toEqual([])
      expect(reconfigurations() - earlier, 'nginx counts as we do').toBe(reloads.length)
      // Nothing is tested ahead that cannot go live: at most once in vain for every reload.
      expect(of(running, 'generation.validated', from).length).toBeLessThanOrEqual(2 * reloads.length + 1)
      expect(of(running, 'reloads.stretched', from)).toEqual([])
    },
  )

  it('in nothing but what checks print: nothing is rendered, and nginx is not told', async () => {
    const config = { check_update_interval: '0s' } // else the agent itself keeps such a change back
    const consul = startConsul(config)
    const { catalog, args } = await openCatalog(consul)
    await catalog.register({ Name: 'web', ID: 'web', Port: scene.backend.port, Tags: ['calico'], Check: TTL })
    const running = scene.bench.start(args)
    await running.saw('daemon.ready')
    const { call } = await consul
    const index = async () => {
      const response = await fetch(`http://${catalog.address}/v1/health/state/any`)
      return Number(response.headers.get('x-consul-index'))
    }
    const before = await index()
    const from = running.events().length

    await repeatedly(40, 2_000, async round => {
      await call('PUT', '/agent/check/update/service:web', { Status: 'passing', Output: `round ${round}` })
    })

    expect((await index()) - before, 'Consul was told of it').toBeGreaterThan(20)
    expect(of(running, 'generation.rendered', from)).toEqual([])
    expect(reloadsOf(running, from)).toEqual([])
  })
})

describe('old workers that do not end, because of downloads that do not', () => {
  const LIMIT = 8

  it('make reloads rarer, which is said once, and once that it is over; what is newest is live in the end', async () => {
    const hanging = createServer((_request, response) => response.write('the first byte'))
    await new Promise<void>(resolve => hanging.listen(0, '127.0.0.1', resolve))
    endings.push(
      () => void hanging.closeAllConnections(),
      () => void hanging.close(),
    )
    const { catalog, args } = await openCatalog(startFakeConsul())
    const hung = (hanging.address() as AddressInfo).port
    await catalog.register({ Name: 'download', Port: hung, Tags: ['calico'] })
    const running = scene.bench.start([...args, '-reload-interval=500ms'])
    await running.saw('daemon.ready')
    const from = running.events().length
    const downloads = new AbortController()
    endings.push(() => downloads.abort())
    let most = 0
    let known = -1

    await repeatedly(20, 6_000, async round => {
      await catalog.register({ Name: 'flapping', Port: 1_024 + round, Tags: ['calico'] })
      const live = of(running, 'generation.activated').length
      if (live > known) await download(scene.port, downloads.signal)
      known = live
      most = Math.max(most, drainingNow())
    })

    // At the usual interval it would be fourteen.
    expect(reloadsOf(running, from).length).toBeLessThanOrEqual(LIMIT)
    expect(most).toBeGreaterThan(4)
    expect(most).toBeLessThanOrEqual(LIMIT)
    expect(of(running, 'reloads.stretched', from)).toHaveLength(1)
    expect(of(running, 'reloads.eased', from)).toEqual([])

    downloads.abort()
    await running.saw('reloads.eased')
    await catalog.register({ Name: 'flapping', Port: scene.backend.port, Tags: ['calico'] })
    await until('what was registered last answers', async () => (await answer('flapping')) === 'one')
    expect(of(running, 'reloads.stretched', from)).toHaveLength(1)
  })

  /** Resolves when the first byte is there; the rest never comes. */
  function download(port: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port, agent: false, headers: { host: 'download.test' }, signal }
      const sent = request(options, response => {
        response.once('data', () => resolve())
        response.on('error', () => {}) // the end of the test
      })
      sent.on('error', reject)
      sent.end()
    })
  }

  /** One download hangs in each generation, so each has one worker that cannot end. */
  function drainingNow(): number {
    return nginxOf(scene.bench.folder).filter(({ command }) => command.includes('worker process is shutting down'))
      .length
  }
})

it('a plain file has no budget: it is written for every change', async () => {
  const destination = join(scene.bench.folder, 'plain.conf')
  const running = scene.bench.start([
    ...scene.own,
    '-reload-interval=1h',
    '-nginx-bin=/nowhere/nginx',
    `-template=${shipped}:${destination}`,
  ])
  await running.saw('generation.activated')

  for (let change = 0; change < 6; change += 1) {
    scene.services.write({ [`s${change}`]: [scene.backend.port] })
    await until('it is written', () => readFileSync(destination, 'utf8').includes(`s${change}.test`))
  }
})
