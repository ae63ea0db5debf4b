import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Event } from '../../src/observe/event.ts'
import type { Clock } from '../../src/runtime.ts'
import { type ConsulClient, connect } from '../../src/source/consul/client.ts'
import { ConsulConfig } from '../../src/source/consul/config.ts'
import { nodesOf } from '../../src/source/consul/reader.ts'
import { createRounds, type Rounds } from '../../src/source/consul/rounds.ts'
import { Tables } from '../../src/source/consul/tables.ts'
import { aRuntime } from '../support/builders.ts'
import { type FakeConsul, startFakeConsul } from '../support/fake-consul.ts'

/** Sleeps end when the test says so. */
function aClock(): Clock & { wake(): void; readonly slept: number[] } {
  const waiting: (() => void)[] = []
  const slept: number[] = []
  return {
    slept,
    now: () => 0,
    sleep: ms =>
      new Promise(resolve => {
        slept.push(ms)
        waiting.push(resolve)
      }),
    wake() {
      for (const resolve of waiting.splice(0)) resolve()
    },
  }
}

const NODES = Array.from({ length: 12 }, (_, number) => `n${number}`)

let fake: FakeConsul
let client: ConsulClient
let clock: ReturnType<typeof aClock>
let events: Event[]
let tables: Tables
let rounds: Rounds
let asked: string[]
let sick: Set<string>
let again: PromiseWithResolvers<void>

beforeEach(async () => {
  fake = await startFakeConsul()
  for (const node of NODES) await fake.joinNode(node, '10.0.0.1')
  asked = []
  sick = new Set()
  fake.interfere((request, response) => {
    const node = decodeURIComponent(/node-services\/([^?]*)/.exec(request.url ?? '')?.[1] ?? '')
    asked.push(node)
    if (sick.has(node)) response.writeHead(500).end('rpc error')
    return sick.has(node)
  })
  client = connect(ConsulConfig.parse({ type: 'consul', address: fake.address }), { asked: 0 })
  clock = aClock()
  const { runtime, events: emitted } = aRuntime(clock)
  events = emitted
  tables = new Tables()
  tables.setNodes(NODES.map(Node => ({ Node, Address: '10.0.0.1' })))
  again = Promise.withResolvers()
  rounds = createRounds(
    client,
    nodesOf(tables, client, new AbortController().signal),
    'consul',
    () => again.resolve(),
    runtime,
  )
})
afterEach(async () => {
  client.close()
  await fake.stop()
})

/** What a round asks, in its order; `all` of them may have changed. */
async function round(given: { all?: boolean } = {}): Promise<string[]> {
  asked = []
  if (given.all) tables.touchAll()
  await rounds.read()
  return asked
}

/** The pause is over. */
async function pauseIsOver(): Promise<void> {
  again = Promise.withResolvers()
  clock.wake()
  await again.promise
}

describe('which nodes are asked', () => {
  it('every one that may have changed, once', async () => {
    expect((await round()).toSorted()).toEqual(NODES.toSorted())
    expect(await round()).toEqual([])
  })

  it('one that was never read ends the attempt when it fails', async () => {
    sick.add('n3')

    await expect(round()).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' })
  })

  it('none that has left, before the list of nodes says so: that is no trouble', async () => {
    await round()
    for (const node of ['n1', 'n3', 'n5', 'n7', 'n9']) await fake.leaveNode(node)

    const seen = await round({ all: true })

    expect(['n0', 'n2', 'n4', 'n6', 'n8', 'n10', 'n11'].filter(node => !seen.includes(node))).toEqual([])
    expect(NODES.filter(node => tables.hasNode(node))).toHaveLength(7)
    expect(events).toEqual([])
  })

  it('one that is listed and not known, all the same, keeps what it had', async () => {
    await round()
    fake.interfere((request, response) => {
      const isIt = /node-services\/n3/.test(request.url ?? '')
      if (isIt) response.writeHead(200, { 'x-consul-index': '99' }).end('{"Node":null,"Services":[]}')
      return isIt
    })

    await round({ all: true })

    expect([tables.hasNode('n3'), tables.knows('n3')]).toEqual([true, true])
    expect(events).toMatchObject([{ type: 'source.partial', names: ['n3'] }])
  })

  it('all others, however many there are with a name that Consul has no answer for', async () => {
    const odd = ['.', '..', 'a\nb', 'a\tb', 'a//b']
    tables = new Tables()
    tables.setNodes([...odd, ...NODES].map(Node => ({ Node, Address: '10.0.0.1' })))
    const { runtime } = aRuntime(clock)
    rounds = createRounds(client, nodesOf(tables, client, new AbortController().signal), 'consul', () => {}, runtime)
    sick = new Set(odd)

    await round()

    expect(NODES.filter(node => !tables.knows(node))).toEqual([])
  })

  it('one that joins later and fails is left out until it answers: the others go on', async () => {
    await round()
    tables.wasComplete = true
    sick = new Set(['z'])
    await fake.joinNode('z', '10.0.0.1')
    tables.setNodes([...NODES, 'z'].map(Node => ({ Node, Address: '10.0.0.1' })))

    expect((await round({ all: true })).toSorted()).toEqual([...NODES, 'z'].toSorted())
    sick.clear()
    await pauseIsOver()

    expect(await round()).toEqual(['z'])
  })

  it('one that was never read before any other: without it nothing is complete', async () => {
    await round()
    sick = new Set(NODES)
    for (const node of ['z1', 'z2']) await fake.joinNode(node, '10.0.0.1')
    tables.touchAll()
    tables.setNodes([...NODES, 'z1', 'z2'].map(Node => ({ Node, Address: '10.0.0.1' })))

    expect((await round()).slice(0, 2).toSorted()).toEqual(['z1', 'z2'])
    expect([tables.knows('z1'), tables.knows('z2')]).toEqual([true, true])
  })

  it('those that failed come when it is time, after all others', async () => {
    await round()
    sick = new Set(['n0', 'n1'])

    expect((await round({ all: true })).toSorted()).toEqual(NODES.toSorted())
    expect((await round({ all: true })).toSorted()).toEqual(NODES.slice(2).toSorted())
    await pauseIsOver()
    const third = await round({ all: true })

    expect(third.slice(0, 10).toSorted()).toEqual(NODES.slice(2).toSorted())
    expect(third.slice(10).toSorted()).toEqual(['n0', 'n1'])
  })

  it('however many have failed for long: they keep nobody waiting', async () => {
    await round()
    sick = new Set(NODES.slice(0, 5))
    await round({ all: true })
    for (let times = 0; times < 6; times += 1) {
      await pauseIsOver()
      await round()
    }

    expect((await round({ all: true })).toSorted()).toEqual(NODES.slice(5).toSorted())
  })

  it('they take turns: one that is well again is found among those that are not', async () => {
    await round()
    sick = new Set(NODES.slice(0, 8))
    await round({ all: true })
    for (let times = 0; times < 6; times += 1) {
      await pauseIsOver()
      await round()
    }
    sick.delete('n5')

    const seen: string[] = []
    for (let times = 0; times < 4; times += 1) {
      await pauseIsOver()
      seen.push(...(await round()))
    }

    expect(seen).toContain('n5')
    expect(events.findLast(({ type }) => type === 'source.partial')).toMatchObject({
      names: expect.not.arrayContaining(['n5']),
    })
  })

  it('none, for a while, when the first few fail one after the other: then it is not the nodes', async () => {
    await round()
    sick = new Set(NODES)

    expect((await round({ all: true })).length).toBeLessThanOrEqual(4)
    expect(await round({ all: true })).toEqual([])
    await pauseIsOver()
    expect((await round()).length).toBeLessThanOrEqual(4)
  })

  it('more and more rarely, as long as nobody answers', async () => {
    await round()
    sick = new Set(NODES)
    await round({ all: true })
    for (let times = 0; times < 14; times += 1) {
      await pauseIsOver()
      await round()
    }

    expect(clock.slept.slice(0, 3).every(ms => ms <= 2_000)).toBe(true)
    expect(clock.slept.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThan(10_000)
    expect(clock.slept.every(ms => ms >= 100 && ms <= 30_100)).toBe(true)
  })

  it('who does not answer is said once, however often it is asked', async () => {
    await round()
    sick = new Set(['n0', 'n1'])
    await round({ all: true })
    for (let times = 0; times < 3; times += 1) {
      await pauseIsOver()
      await round()
    }
    sick.add('n2')
    await round({ all: true })

    expect(events).toMatchObject([
      { type: 'source.partial', names: ['n0', 'n1'] },
      { type: 'source.partial', names: ['n0', 'n1', 'n2'] },
    ])
  })

  it('that all of them answer again is said, once', async () => {
    await round()
    sick = new Set(['n0'])
    await round({ all: true })
    sick.clear()
    await pauseIsOver()
    await round()
    await round({ all: true })

    expect(events.map(({ type }) => type)).toEqual(['source.partial', 'source.completed'])
  })
})
