import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Status } from '../../src/observe/status.ts'
import { type RealConsul, startConsul, TTL } from '../support/consul.ts'
import { type FaultProxy, faults, startFaultProxy } from '../support/fault-proxy.ts'
import { type Backend, get, startBackend } from '../support/http.ts'
import { freePort } from '../support/ports.ts'
import { shipped } from '../support/scene.ts'
import { type Bench, nginxOf, type Running, workbench } from '../support/upstreamd.ts'
import { until } from '../support/wait.ts'

/** A real Consul with `web` on its own node and `far` on another one, and a way to it that can be spoilt. */
let consul: RealConsul
let backends: readonly [Backend, Backend]
let proxy: FaultProxy
let bench: Bench
let port: number
let args: string[]
const registered: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  // Without it an agent keeps a new output of a check to itself for minutes.
  consul = await startConsul({ check_update_interval: '0s' })
  backends = [await startBackend('one'), await startBackend('two')]
  await consul.register({ Name: 'web', ID: 'web', Port: backends[0].port, Tags: ['calico'], Check: TTL })
  await consul.call('PUT', '/catalog/register', onNode('far', { ID: 'far', Service: 'far', Port: backends[0].port }))
})
afterAll(async () => {
  await consul?.stop()
  for (const backend of backends ?? []) await backend.close()
})
beforeEach(async () => {
  proxy = await startFaultProxy(consul.address)
  bench = workbench('consul-faults')
  port = await freePort()
  args = [`-consul-addr=${proxy.address}`, '-tag=calico', '-domain=test', `-listen=127.0.0.1:${port}`]
})
afterEach(async () => {
  await bench.clear()
  await proxy.close()
  for (const undo of registered.splice(0)) await undo()
})

/** A registration in the catalog itself, as external services have it. */
function onNode(
  Node: string,
  Service: { ID: string; Service: string; Port: number; Address?: string },
  Address = '127.0.0.1',
) {
  return { Node, Address, Service: { Tags: ['calico'], ...Service } }
}

async function register(name: string, given: object = {}): Promise<void> {
  await consul.register({ Name: name, ID: name, Port: backends[0].port, Tags: ['calico'], ...given })
  registered.push(() => consul.deregister(name))
}

async function place(node: string, service: Parameters<typeof onNode>[1], address?: string): Promise<void> {
  await consul.call('PUT', '/catalog/register', onNode(node, service, address))
  registered.push(() => consul.call('PUT', '/catalog/deregister', { Node: node, ServiceID: service.ID }))
}

async function started(more: readonly string[] = []): Promise<Running> {
  const running = bench.start([...args, ...more])
  await running.saw('daemon.ready')
  await answers('web', 'far')
  return running
}

const answers = async (...names: string[]) => {
  for (const name of names) {
    await until(`${name} answers`, async () => (await get(port, `${name}.test`)).status === 200)
  }
}
const textsOf = async (name: string) =>
  new Set(await Promise.all(Array.from({ length: 12 }, async () => (await get(port, `${name}.test`)).text)))
const status = (): Status => JSON.parse(readFileSync(join(bench.state, 'status.json'), 'utf8'))
/** What was made of the catalog since then. */
const made = (running: Running, from: number) =>
  running
    .events()
    .slice(from)
    .filter(({ type }) => type.startsWith('generation.'))
    .map(({ type }) => type)
const seconds = (count: number) => new Promise(resolve => setTimeout(resolve, count * 1_000))

describe('Consul goes away and comes back', () => {
  it('C3: nothing changed meanwhile: nothing is reloaded', async () => {
    const running = await started()
    const from = running.events().length

    await proxy.down()
    await running.saw('source.lost', ({ attempt }) => attempt === 2, from)
    await answers('web', 'far')
    expect(status().sources.consul).toMatchObject({ healthy: false, recalled: false, age: expect.any(String) })
    await proxy.up()
    await running.saw('source.recovered', undefined, from)
    await running.saw('source.snapshot', undefined, from)

    await until('status.json says so', () => status().sources.consul?.healthy)
    await seconds(1)
    expect(made(running, from)).toEqual([])
  })

  it('C3: much changed meanwhile: one reload', async () => {
    const running = await started()
    const from = running.events().length

    await proxy.down()
    await running.saw('source.lost', undefined, from)
    for (const name of ['new-a', 'new-b', 'new-c']) await register(name)
    await proxy.up()
    await answers('new.a', 'new.b', 'new.c', 'web', 'far')

    await seconds(1)
    expect(made(running, from).filter(type => type === 'generation.activated')).toHaveLength(1)
  })

  it('C3: a configuration that changes while it is away is in use at once', async () => {
    const config = join(bench.folder, 'upstreamd.yaml')
    writeFileSync(config, 'domain: test\n')
    args = [...args.filter(arg => !arg.startsWith('-domain')), `-config=${config}`]
    const running = await started()
    await proxy.down()
    await running.saw('source.lost')

    writeFileSync(config, 'domain: example\n')

    await until('the new name answers', async () => (await get(port, 'web.example')).status === 200)
  })
})

describe('everything is started again while Consul is away', () => {
  it('C2: nginx serves the last good routes at once, and says how old they are', async () => {
    const template = join(bench.folder, 'ingress.njk')
    const text = readFileSync(shipped, 'utf8')
    writeFileSync(template, text)
    const first = await started([`-template=${template}:conf.d/ingress.conf`])
    expect(await first.stop()).toBe(0)
    expect(nginxOf(bench.folder)).toEqual([])
    await proxy.down()

    const second = bench.start([...args, `-template=${template}:conf.d/ingress.conf`])
    await answers('web', 'far')
    const answered = Date.now()
    const nginx = await second.saw('process.started')
    expect(answered - Date.parse(nginx.time)).toBeLessThan(1_000)

    const recalled = await second.saw('source.recalled')
    expect(recalled).toMatchObject({ source: 'consul', services: 2 })
    expect(recalled.age).toBeLessThan(60_000)
    await until('status.json is as told', () => status().sources.consul?.recalled)
    const { healthy, since, age, changed, services } = status().sources.consul ?? {}
    expect({ healthy, services }).toEqual({ healthy: false, services: 2 })
    expect(Date.parse(since ?? '')).toBeLessThan(Date.parse(nginx.time))
    expect(changed).toBe(since)
    expect(age).toMatch(/\d+(\.\d+)? (ms|s)$/)
    const check = await bench.run(['healthcheck'])
    expect(check).toMatchObject({ code: 0, stdout: expect.stringMatching(/consul does not answer, .* is .* old/) })

    // What is remembered is worth as much as what is told: a template that changes now is rendered with it.
    const before = second.events().length
    writeFileSync(template, text.replace('return 404', 'return 410'))
    await until('the template is live', async () => (await get(port, 'nobody.test')).status === 410)
    await second.saw('generation.activated', ({ how }) => how === 'reloaded', before)
    await answers('web', 'far')

    // And when Consul is back with the same, that was it.
    const from = second.events().length
    await proxy.up()
    await second.saw('source.recovered', undefined, from)
    await until('status.json says so', () => status().sources.consul?.recalled === false)
    await seconds(0.5)
    expect(made(second, from)).toEqual([])
  })

  it('C2: after a kill -9 of everything, too', async () => {
    const first = await started()
    await until('it is written down', () => readFileSync(join(bench.state, 'snapshots/consul.ndjson')))
    await first.stop('SIGKILL')
    for (const { pid } of nginxOf(bench.folder)) process.kill(pid, 'SIGKILL')
    await proxy.down()

    const second = bench.start(args)

    await answers('web', 'far')
    await second.saw('source.recalled')
    expect(second.events().filter(({ type }) => type === 'generation.stood_in')).toEqual([])
  })

  it('a file that cannot be used is told once, and the last generation serves all the same', async () => {
    const first = await started()
    await first.stop()
    const path = join(bench.state, 'snapshots/consul.ndjson')
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, 400))
    await proxy.down()

    const second = bench.start(args)

    await answers('web', 'far')
    await second.saw('source.lost', ({ attempt }) => attempt === 3)
    const told = second.events().filter(({ type }) => type === 'source.memory_failed' || type === 'source.recalled')
    expect(told).toMatchObject([{ type: 'source.memory_failed' }])
  })

  it('with other tags, what is remembered is not taken for all there is', async () => {
    const first = await started()
    await first.stop()
    await proxy.down()

    const second = bench.start(args.map(arg => (arg === '-tag=calico' ? '-tag=other' : arg)))

    await second.saw('source.memory_failed', ({ problem }) => problem.includes('holds only services tagged calico'))
    await second.saw('source.lost', ({ attempt }) => attempt === 2)
    await answers('web', 'far')
  })

  it('-once waits for Consul: it neither uses nor writes what is remembered', async () => {
    const first = await started()
    await first.stop()
    const path = join(bench.state, 'snapshots/consul.ndjson')
    const before = readFileSync(path, 'utf8')
    await register('later')

    const once = await bench.run([...args, '-once'])

    expect(once.code).toBe(0)
    expect(readFileSync(path, 'utf8')).toBe(before)
    expect(readFileSync(join(bench.state, 'nginx/current/conf.d/ingress.conf'), 'utf8')).toContain('later.test')
  })
})

describe('Consul answers wrongly', () => {
  it.each([
    { title: 'C4: there is no leader', fault: faults.noLeader, code: 'SOURCE_UNREACHABLE' },
    { title: 'C6: the token is refused', fault: faults.denied, code: 'SOURCE_DENIED' },
    { title: 'C7: empty lists that were filtered by ACLs', fault: faults.emptyAndFiltered, code: 'SOURCE_DENIED' },
    { title: 'C8: it is busy', fault: faults.busy(1), code: 'SOURCE_UNREACHABLE' },
    { title: 'C9: empty lists without an index', fault: faults.emptyWithoutIndex, code: 'SOURCE_NO_INDEX' },
    { title: 'C11: a page in HTML', fault: faults.html, code: 'SOURCE_MALFORMED' },
    { title: 'C11: half of the truth', fault: faults.cutLength, code: 'SOURCE_UNREACHABLE' },
    { title: 'C12: headers without end', fault: faults.endlessHeaders, code: 'SOURCE_UNREACHABLE' },
  ])('$title: everything is served on, and few questions are asked', async ({ fault, code }) => {
    const running = await started()
    const from = running.events().length
    const asked = proxy.seen.length

    proxy.inject(fault)
    expect(await running.saw('source.lost', undefined, from)).toMatchObject({ code })
    await register('unseen')
    await seconds(1)

    await answers('web', 'far')
    expect(made(running, from)).toEqual([])
    expect(proxy.seen.length - asked).toBeLessThan(8)
    expect(status()).toMatchObject({ ready: true, sources: { consul: { healthy: false, services: 2 } } })
  })

  it('C4: a leader is found: what changed meanwhile goes live', async () => {
    const running = await started()
    proxy.inject(faults.noLeader)
    await running.saw('source.lost')
    await register('elected')

    proxy.heal()

    await answers('elected', 'web', 'far')
  })

  it('C12: all connections go dead without a word: everything is served on', async () => {
    const running = await started()
    const from = running.events().length

    proxy.inject(faults.hang)
    await seconds(1)

    await answers('web', 'far')
    expect(made(running, from)).toEqual([])
  })

  it('C5: one node cannot be read: its services stay, those of the others go on', async () => {
    const running = await started()
    proxy.inject(faults.noLeader, /node-services\/far/)

    await place('far', { ID: 'hidden', Service: 'hidden', Port: backends[0].port })
    await register('near')

    await answers('near', 'web', 'far')
    await running.saw('source.partial', ({ names }) => names.join() === 'far')
    await until('status.json names it', () => status().sources.consul?.stale.join() === 'far')
    expect(status().sources.consul?.healthy).toBe(true)
    proxy.heal()
    await answers('hidden')
    await running.saw('source.completed')
  })
})

describe('Consul moves, and nothing changes', () => {
  it('C10: the same body with a new index, again and again: nothing is rendered', async () => {
    const running = await started()
    const from = running.events().length

    proxy.inject(faults.indexRunning)
    const asked = proxy.seen.length
    await until('it was asked a few times', () => proxy.seen.length > asked + 6)

    expect(made(running, from)).toEqual([])
  })

  it('C15: checks whose output changes 20 times a second: nothing is rendered, and a state that changes is', async () => {
    const running = await started()
    const from = running.events().length

    for (let count = 0; count < 60; count += 1) {
      await consul.call('PUT', '/agent/check/update/service:web', { Status: 'passing', Output: `load ${count}` })
      await seconds(0.05)
    }
    await running.saw('source.snapshot', undefined, from) // it did reach us
    expect(made(running, from)).toEqual([])

    await consul.setCheck('web', 'critical')
    await until('web is out', async () => (await get(port, 'web.test')).status === 503)
    await consul.setCheck('web', 'passing')
    await answers('web')
  })
})

describe('C16: registrations as they come', () => {
  it('the same service id on two nodes is two instances', async () => {
    await place('node-a', { ID: 'same', Service: 'twice', Port: backends[0].port })
    await place('node-b', { ID: 'same', Service: 'twice', Port: backends[1].port })

    await started()

    expect(await textsOf('twice')).toEqual(new Set(['one', 'two']))
  })

  it('a service without an address of its own is at its node', async () => {
    await place('homely', { ID: 'homely', Service: 'homely', Port: backends[1].port, Address: '' }, '127.0.0.1')

    await started()

    expect(await textsOf('homely')).toEqual(new Set(['two']))
  })

  it('IPv6 is served, in whatever spelling', async () => {
    const six = await startBackend('six', '::1')
    registered.push(() => six.close())
    await register('six', { Address: '0:0:0:0::0001', Port: six.port })

    await started()

    await until('six answers', async () => (await get(port, 'six.test')).text === 'six')
  })

  it('port 0 is left out with its reason, the rest of the service is served', async () => {
    await register('half', { ID: 'half-1' })
    await register('half', { ID: 'half-2', Port: 0 })
    registered.push(
      () => consul.deregister('half-1'),
      () => consul.deregister('half-2'),
    )

    const running = await started()

    await running.saw('selection.rejected', ({ rejection }) => rejection.reason === 'invalid_port')
    await answers('half')
  })

  it('weights reach nginx; an instance in maintenance gets nothing', async () => {
    await register('pair', { ID: 'pair-1', Weights: { Passing: 7, Warning: 1 } })
    await register('pair', { ID: 'pair-2', Port: backends[1].port })
    registered.push(
      () => consul.deregister('pair-1'),
      () => consul.deregister('pair-2'),
    )
    await started()
    expect(readFileSync(join(bench.state, 'nginx/current/conf.d/ingress.conf'), 'utf8')).toContain(
      `127.0.0.1:${backends[0].port} weight=7`,
    )
    expect(await textsOf('pair')).toEqual(new Set(['one', 'two']))

    await consul.maintenance('pair-1', true)

    await until('only the other is left', async () => [...(await textsOf('pair'))].join() === 'two')
  })
})
