import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Snapshot } from '../../src/model/catalog.ts'
import type { Event, EventType } from '../../src/observe/event.ts'
import { type Clock, systemClock } from '../../src/runtime.ts'
import { connect } from '../../src/source/consul/client.ts'
import { ConsulConfig } from '../../src/source/consul/config.ts'
import { nodes as nodesQuestion } from '../../src/source/consul/questions.ts'
import { follow } from '../../src/source/follow.ts'
import { sources } from '../../src/source/registry.ts'
import { aRuntime } from '../support/builders.ts'
import { type RealConsul, startConsul, TTL } from '../support/consul.ts'
import { startFakeConsul } from '../support/fake-consul.ts'
import { type FaultProxy, faults, startFaultProxy } from '../support/fault-proxy.ts'
import { until } from '../support/wait.ts'

/** The source as the daemon keeps it going. */
interface Followed {
  readonly snapshots: readonly Snapshot[]
  readonly events: readonly Event[]
  saw<T extends EventType>(type: T, from?: number): Promise<Extract<Event, { type: T }>>
  sees(what: string, fits: (snapshot: Snapshot) => unknown, ms?: number): Promise<Snapshot>
  end(): Promise<void>
}

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

function followed(section: object, clock: Clock = systemClock): Followed {
  const { runtime, events, abort } = aRuntime(clock)
  const snapshots: Snapshot[] = []
  const source = sources.create({ type: 'consul', ...section } as { type: string }, runtime)
  const following = follow(
    source,
    () => true,
    snapshot => snapshots.push(snapshot),
    runtime,
  )
  const end = async () => {
    abort()
    await following
  }
  endings.push(end)
  return {
    snapshots,
    events,
    saw: (type, from = 0) =>
      until(`event ${type}`, () => events.slice(from).find(event => event.type === type) as never),
    sees: (what, fits, ms) =>
      until(what, () => snapshots.slice(-1).find(fits), ms).catch(error => {
        throw new Error(`${error.message}: ${JSON.stringify([events.slice(-3), snapshots.at(-1)]).slice(0, 3_000)}`)
      }),
    end,
  }
}

async function proxyBefore({ address }: { address: string }): Promise<FaultProxy> {
  const proxy = await startFaultProxy(address)
  endings.push(() => proxy.close())
  return proxy
}

const instancesOf = (snapshot: Snapshot, name: string) =>
  snapshot.services.find(service => service.name === name)?.instances ?? []
const has = (name: string) => (snapshot: Snapshot) => instancesOf(snapshot, name).length > 0

let consul: RealConsul
beforeAll(async () => {
  consul = await startConsul()
  await consul.register({ Name: 'web', ID: 'w1', Port: 80, Check: TTL })
})
afterAll(() => consul?.stop())

describe('one question is never waited for too long, nor is too much taken', () => {
  const limits = { grace: 700, silence: 300, bytes: 1_000_000 }

  it.each([
    { title: 'a Consul that never answers', fault: faults.hang, says: 'no complete answer within 700 ms' },
    { title: 'a header now and then', fault: faults.slowHeaders, says: 'no complete answer within 700 ms' },
    { title: 'a body that comes byte by byte', fault: faults.slowBody, says: 'no complete answer within 700 ms' },
    { title: 'a body that stops', fault: faults.stalledBody, says: 'nothing came for 300 ms in the middle' },
    { title: 'headers without end', fault: faults.endlessHeaders, says: /Header overflow/i },
    { title: 'a body without end', fault: faults.huge(2 ** 40), says: 'an answer of more than 1000000 bytes' },
  ])('C12 C13: $title is cut off, and the connection with it', async ({ fault, says }) => {
    const proxy = await proxyBefore(consul)
    const closed: Promise<unknown>[] = []
    proxy.inject(exchange => {
      closed.push(new Promise(resolve => exchange.socket.once('close', resolve)))
      return fault(exchange)
    })
    const client = connect(ConsulConfig.parse({ type: 'consul', address: proxy.address }), { asked: 0 }, limits)
    endings.push(() => client.close())

    const asking = client.ask(nodesQuestion, new AbortController().signal)

    await expect(asking).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE', message: expect.stringMatching(says) })
    await Promise.all(closed)
  })

  it('C12: a body that is slow but comes to its end is taken', async () => {
    const proxy = await proxyBefore(consul)
    proxy.inject(async ({ response, answer }) => {
      const { headers, body } = await answer()
      response.writeHead(200, { 'x-consul-index': String(headers['x-consul-index']) })
      for (let at = 0; at < body.length; at += body.length / 4) {
        response.write(body.subarray(at, at + body.length / 4))
        await new Promise(resolve => setTimeout(resolve, 120))
      }
      response.end()
    })
    const client = connect(ConsulConfig.parse({ type: 'consul', address: proxy.address }), { asked: 0 }, limits)
    endings.push(() => client.close())

    const { body } = await client.ask(nodesQuestion, new AbortController().signal)

    expect(body.map(({ Node }) => Node)).toContain('test')
  })

  it('C12: the kernel asks after 15 s whether the other end of a query that blocks is still there', async () => {
    const proxy = await proxyBefore(consul)
    proxy.inject(faults.hang)
    const client = connect(ConsulConfig.parse({ type: 'consul', address: proxy.address }), { asked: 0 }, limits)
    endings.push(() => client.close())
    const asking = client.ask(nodesQuestion, new AbortController().signal).catch(() => {})
    await until('it asks', () => proxy.seen[0])

    const timer = keepAliveTimerTo(Number(proxy.address.split(':')[1]))

    expect(timer).toBeGreaterThan(5)
    expect(timer).toBeLessThanOrEqual(15)
    await asking
  })

  /** Seconds until the kernel asks, of the connection to this port; see proc(5), /proc/net/tcp. */
  function keepAliveTimerTo(port: number): number {
    const remote = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
    const rows = readFileSync('/proc/net/tcp', 'utf8').split('\n')
    const row = rows
      .map(text => text.trim().split(/\s+/))
      .find(cells => cells[2]?.endsWith(remote) && cells[3] === '01')
    const [kind, ticks] = row?.[5]?.split(':') ?? []
    return kind === '02' ? Number.parseInt(ticks ?? '', 16) / 100 : Number.NaN
  }
})

describe('C5: nodes whose services cannot be read', () => {
  let many: RealConsul
  beforeEach(async () => {
    many = await startConsul()
    for (const node of nodesOf(12)) await place(node, 'old')
  })
  afterEach(() => many.stop())
  const nodesOf = (count: number) => Array.from({ length: count }, (_, number) => `n${number}`)
  const place = (node: string, name: string) =>
    many.call('PUT', '/catalog/register', {
      Node: node,
      Address: '10.0.0.9',
      Service: { ID: `${name}-${node}`, Service: name, Port: 80 },
    })
  const nodesWith = (snapshot: Snapshot, name: string) =>
    instancesOf(snapshot, name)
      .map(({ node }) => node)
      .sort()

  it('keep what they had, starve nobody, are asked now and then, and catch up', async () => {
    const proxy = await proxyBefore(many)
    const { saw, sees, snapshots } = followed({ address: proxy.address })
    await sees('all nodes', snapshot => nodesWith(snapshot, 'old').length === 12)

    const sick = ['n0', 'n1', 'n2', 'n3', 'n4']
    proxy.inject(faults.noLeader, /node-services\/n[0-4]\?/)
    const from = proxy.seen.length
    for (const node of nodesOf(12)) await place(node, 'new')
    await sees('the others go on', snapshot => nodesWith(snapshot, 'new').length === 7)
    const partial = await saw('source.partial')
    expect(partial.names.length).toBeGreaterThan(0)
    expect(sick).toEqual(expect.arrayContaining([...partial.names]))
    await new Promise(resolve => setTimeout(resolve, 4_000))
    const askedOfTheSick = proxy.seen.slice(from).filter(({ url }) => /node-services\/n[0-4]\?/.test(url)).length
    expect(askedOfTheSick).toBeLessThan(20)
    await place('n11', 'third')
    await sees('a change elsewhere is not kept waiting', has('third'), 3_000)

    proxy.heal()
    await sees('all of them', snapshot => nodesWith(snapshot, 'new').length === 12)
    await saw('source.completed')
    for (const snapshot of snapshots) expect(nodesWith(snapshot, 'old')).toHaveLength(12)
  })

  it('hold up nobody, when contact was lost meanwhile', async () => {
    const proxy = await proxyBefore(many)
    const { saw, sees, snapshots, events } = followed({ address: proxy.address })
    await sees('all nodes', snapshot => nodesWith(snapshot, 'old').length === 12)
    proxy.inject(faults.noLeader)
    await saw('source.lost')

    proxy.heal()
    proxy.inject(faults.noLeader, /node-services\/n0\?/)
    await place('n1', 'new')
    await place('n0', 'new')
    await sees('the others are back', snapshot => nodesWith(snapshot, 'new').join() === 'n1')
    expect(events.findLast(({ type }) => type === 'source.partial')).toMatchObject({ names: ['n0'] })

    proxy.heal()
    await sees('all of them', snapshot => nodesWith(snapshot, 'new').length === 2)
    for (const snapshot of snapshots) expect(nodesWith(snapshot, 'old')).toHaveLength(12)
  })

  it('all of them: after a few it is enough', async () => {
    const proxy = await proxyBefore(many)
    const { saw, sees } = followed({ address: proxy.address })
    await sees('all nodes', snapshot => nodesWith(snapshot, 'old').length === 12)

    proxy.inject(faults.noLeader, /node-services/)
    const from = proxy.seen.length
    await place('n0', 'new')
    await saw('source.partial')
    await new Promise(resolve => setTimeout(resolve, 5_000))
    expect(proxy.seen.slice(from).filter(({ path }) => path.includes('node-services')).length).toBeLessThan(18)

    proxy.heal()
    await sees('the change', has('new'))
    await saw('source.completed')
  })
})

describe('rights', () => {
  const MASTER = '11111111-2222-3333-4444-555555555555'
  const guarded = { acl: { enabled: true, default_policy: 'deny', tokens: { master: MASTER, agent: MASTER } } }
  /** A hundred times as fast: half a minute is a third of a second. */
  const hasty: Clock = {
    now: () => systemClock.now() * 100,
    sleep: (ms, signal) => systemClock.sleep(ms / 100, signal),
  }
  let folder: string
  let closed: RealConsul
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'upstreamd-rights-'))
    closed = await startConsul(guarded, MASTER)
    await closed.register({ Name: 'web', ID: 'w1', Port: 80, Check: TTL })
  })
  afterEach(async () => {
    await closed.stop()
    rmSync(folder, { recursive: true })
  })

  async function aToken(rules: string): Promise<{ secret: string; policy: string }> {
    const { ID: policy } = (await closed.call('PUT', '/acl/policy', { Name: 'p', Rules: rules })) as { ID: string }
    const token = (await closed.call('PUT', '/acl/token', { Policies: [{ ID: policy }] })) as { SecretID: string }
    return { secret: token.SecretID, policy }
  }

  it('C6: a wrong token is knocked with every half minute; mended in its file it is taken up', async () => {
    const tokenFile = join(folder, 'token')
    writeFileSync(tokenFile, '00000000-0000-0000-0000-00000000dead\n')
    const proxy = await proxyBefore(closed)
    const { saw, sees, events } = followed({ address: proxy.address, token_file: tokenFile }, hasty)
    const lost = await saw('source.lost')
    expect(lost.code).toBe('SOURCE_DENIED')
    expect(lost.retryIn).toBeGreaterThanOrEqual(24_000)
    await saw('source.lost', events.indexOf(lost) + 1)
    expect(proxy.seen.length).toBeLessThan(6)

    writeFileSync(tokenFile, `${MASTER}\n`)

    await sees('web', has('web'))
    await saw('source.recovered')
  })

  it('C7: a token that loses its rights sees no service any more; none of them is taken for gone', async () => {
    const { secret, policy } = await aToken('node_prefix "" { policy = "read" } service_prefix "" { policy = "read" }')
    const { saw, sees, snapshots } = followed({ address: closed.address, token: secret })
    await sees('web', has('web'))

    await closed.call('PUT', `/acl/policy/${policy}`, { Name: 'p', Rules: 'node_prefix "" { policy = "read" }' })
    await closed.register({ Name: 'api', ID: 'a1', Port: 81, Check: TTL })
    await closed.setCheck('w1', 'warning')

    expect(await saw('source.lost')).toMatchObject({ code: 'SOURCE_EMPTY' })
    for (const snapshot of snapshots) expect(has('web')(snapshot)).toBe(true)
  })
})

describe('an index that tells nothing', () => {
  it.each([
    { title: 'goes back at every answer', fault: faults.indexBackwards },
    { title: 'never moves', fault: faults.indexRepeated },
    { title: 'is 0', fault: faults.indexZero },
    { title: 'is beyond 2^53', fault: faults.indexBeyondDoubles },
    { title: 'moves on by itself', fault: faults.indexRunning },
  ])('C9 C10: that $title hides no change, and makes none', async ({ fault, title }) => {
    const proxy = await proxyBefore(consul)
    proxy.inject(fault)
    const { sees, snapshots } = followed({ address: proxy.address })
    await sees('web', has('web'))
    const name = `late-${title.replaceAll(' ', '-').replace('^', '')}`
    await new Promise(resolve => setTimeout(resolve, 1_000))
    expect(snapshots).toHaveLength(1)

    await consul.register({ Name: name, ID: name, Port: 80 })
    await sees('it is registered', has(name))
    // Nothing but the body of its node tells of this one.
    await consul.register({ Name: name, ID: name, Port: 81 })
    await sees('its port', snapshot => instancesOf(snapshot, name)[0]?.port === 81)
    await consul.deregister(name)
  })
})

describe('a Consul that is busy', () => {
  it('C8: is given the time it asks for', async () => {
    const proxy = await proxyBefore(consul)
    proxy.inject(faults.busy(1))
    const { saw, events } = followed({ address: proxy.address })

    for (let times = 0; times < 3; times += 1) await saw('source.lost', events.length)

    const [first = 0, ...others] = proxy.seen.map(({ at }) => at)
    const tries = others.filter(at => at > first + 500)
    expect(tries).toHaveLength(2)
    for (const [position, at] of tries.entries()) {
      expect(at - (position === 0 ? first : (tries[position - 1] ?? 0))).toBeGreaterThanOrEqual(990)
    }
  })
})

describe('a catalog without end', () => {
  it('C13: ten thousand services with thirty thousand instances are one snapshot, and one more when one changes', async () => {
    const fake = await startFakeConsul()
    endings.push(() => fake.stop())
    for (let number = 0; number < 30_000; number += 1) {
      await fake.register({ Name: `s-${number % 10_000}`, ID: `i-${number}`, Port: 80, Tags: ['calico'], Check: TTL })
    }
    const { sees, snapshots } = followed({ address: fake.address })
    await sees('all of it', ({ services }) => services.length === 10_001)

    await fake.setCheck('i-7', 'critical')
    await sees('the change', snapshot => instancesOf(snapshot, 's-7').some(({ health }) => health === 'critical'))

    expect(snapshots).toHaveLength(2)
  })
})
