import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createLookups } from '../../src/lookups.ts'
import { type Answers, type Kind, type Lookups, type Query, queryId } from '../../src/model/query.ts'
import type { Event, EventType } from '../../src/observe/event.ts'
import { systemClock } from '../../src/runtime.ts'
import { ConsulConfig } from '../../src/source/consul/config.ts'
import { createConsulLookups } from '../../src/source/consul/lookups.ts'
import { createFileLookups } from '../../src/source/file/lookups.ts'
import { aRuntime } from '../support/builders.ts'
import { type RealConsul, startConsul, TTL } from '../support/consul.ts'
import { type FaultProxy, faults, startFaultProxy } from '../support/fault-proxy.ts'
import { until } from '../support/wait.ts'

const here = { datacenter: '', namespace: '', partition: '' }
const service = {
  ...here,
  kind: 'service',
  connect: false,
  name: 'web',
  tag: '',
  near: '',
  filters: ['passing'],
  peer: '',
  samenessGroup: '',
} as const
const aKey = (key: string): Query & { readonly kind: 'key' } => ({ ...here, kind: 'key', key, blocks: false })

let consul: RealConsul
beforeAll(async () => {
  consul = await startConsul()
  await consul.register({ Name: 'web', ID: 'w1', Port: 80, Tags: ['a'], Meta: { team: 'x' }, Check: TTL })
  await consul.register({ Name: 'web', ID: 'w2', Port: 81, Tags: ['b'], Check: { TTL: '1h', Status: 'critical' } })
  await consul.call('PUT', '/agent/service/register', {
    Name: 'web-proxy',
    ID: 'p1',
    Kind: 'connect-proxy',
    Port: 8181,
    Proxy: { DestinationServiceName: 'web' },
  })
})
afterAll(() => consul?.stop())

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

interface Opened {
  readonly lookups: Lookups
  readonly events: readonly Event[]
  readonly changes: () => number
  /** Wants it, too, and waits for an answer that fits. */
  gets<K extends Kind>(
    query: Query & { readonly kind: K },
    fits?: (answer: Answers[K]) => unknown,
    ms?: number,
  ): Promise<Answers[K]>
  saw<T extends EventType>(type: T): Promise<Extract<Event, { type: T }>>
}

function open(address = consul.address, more: object = {}): Opened {
  const { runtime, events, abort } = aRuntime(systemClock)
  let changes = 0
  const bugs: unknown[] = []
  const lookups = createLookups(
    {
      sources: [
        createConsulLookups(ConsulConfig.parse({ type: 'consul', address, ...more }), runtime),
        createFileLookups(runtime.clock),
      ],
      changed: () => {
        changes += 1
      },
      broken: error => bugs.push(error),
    },
    runtime,
  )
  endings.push(() => {
    abort()
    expect(bugs).toEqual([])
  })
  const wanted = new Map<string, Query>()
  return {
    lookups,
    events,
    changes: () => changes,
    async gets<K extends Kind>(
      query: Query & { readonly kind: K },
      fits: (answer: Answers[K]) => unknown = () => true,
      ms?: number,
    ) {
      wanted.set(queryId(query), query)
      lookups.want([...wanted.values()])
      return until(
        `an answer to ${queryId(query)}`,
        () => {
          const answer = lookups.answer<K>(query)
          return answer !== undefined && fits(answer) ? { answer } : undefined
        },
        ms,
      ).then(
        ({ answer }) => answer,
        error => {
          throw new Error(
            `${error.message}: ${JSON.stringify([lookups.answer<K>(query), events.slice(-3)]).slice(0, 2_000)}`,
          )
        },
      )
    },
    saw: type => until(`event ${type}`, () => events.find(event => event.type === type) as never),
  }
}

const put = (key: string, value: string) => putTo(consul.address, key, value)
async function putTo(address: string, key: string, value: string): Promise<void> {
  const response = await fetch(`http://${address}/v1/kv/${key}`, { method: 'PUT', body: value })
  expect((await response.text()).trim()).toBe('true')
}
const textOf = (row: unknown) => Buffer.from(String((row as { Value?: unknown })?.Value ?? ''), 'base64').toString()

describe('everything templates ask for is answered', () => {
  it('a key, one that is empty, one that is not there yet, and one with odd characters', async () => {
    await put('k/full', 'text')
    await put('k/empty', '')
    await put(`k/${encodeURIComponent('ä {x} +&')}`, 'odd')
    const { gets } = open()

    expect(await gets(aKey('k/full'))).toMatchObject({ Key: 'k/full', Value: 'dGV4dA==', Flags: 0 })
    expect(await gets(aKey('k/empty'))).toMatchObject({ Key: 'k/empty', Value: null })
    expect(await gets(aKey('k/none'))).toBeNull()
    expect(textOf(await gets(aKey('k/ä {x} +&')))).toBe('odd')
    expect(textOf(await gets(aKey('k//full')))).toBe('text')

    await put('k/none', 'now')
    expect(textOf(await gets(aKey('k/none'), row => row))).toBe('now')
    await consul.call('DELETE', '/kv/k/none')
    expect(await gets(aKey('k/none'), row => row === null)).toBeNull()
  })

  it('a tree of keys, which may be empty', async () => {
    await put('tree/a', '1')
    await put('tree/b/c', '2')
    const { gets } = open()

    const tree = await gets({ ...here, kind: 'pairs', prefix: 'tree/' })

    expect(tree.map(({ Key }) => Key)).toEqual(['tree/a', 'tree/b/c'])
    expect(await gets({ ...here, kind: 'pairs', prefix: 'nothing/' })).toEqual([])
    expect((await gets({ ...here, kind: 'pairs', prefix: '' })).map(({ Key }) => Key)).toContain('tree/a')

    await put('tree/b/d', '3')
    const grown = await gets({ ...here, kind: 'pairs', prefix: 'tree/' }, rows => rows.length === 3)
    expect(grown[0]).toBe(tree[0]) // what did not change is the same object
  })

  it('instances: those that pass, all, those in a state, with a tag, by the name of the datacenter', async () => {
    const { gets } = open()
    const ids = async (query: Query & { readonly kind: 'service' }) =>
      (await gets(query)).map(({ Service }) => Service.ID).toSorted()

    expect(await ids(service)).toEqual(['w1'])
    expect(await ids({ ...service, filters: ['any'] })).toEqual(['w1', 'w2'])
    expect(await ids({ ...service, filters: ['critical', 'maintenance'] })).toEqual(['w2'])
    expect(await ids({ ...service, filters: ['any'], tag: 'b' })).toEqual(['w2'])
    expect(await ids({ ...service, datacenter: 'dc1' })).toEqual(['w1'])
    expect(await ids({ ...service, near: '_agent' })).toEqual(['w1'])
    expect(await ids({ ...service, name: 'nobody' })).toEqual([])
    expect(await ids({ ...service, connect: true })).toEqual(['p1'])
    const [row] = await gets(service)
    expect(row).toMatchObject({
      Node: { Node: 'test', Datacenter: 'dc1' },
      Service: { Service: 'web', Meta: { team: 'x' }, Port: 80 },
      Checks: expect.arrayContaining([expect.objectContaining({ CheckID: 'service:w1', Definition: {} })]),
    })
  })

  it('services, nodes, a node, the node of the agent, a node that is not there', async () => {
    const { gets } = open()

    expect(await gets({ ...here, kind: 'services' })).toMatchObject({ consul: [], web: expect.any(Array) })
    expect(await gets({ ...here, kind: 'nodes', near: '' })).toMatchObject([{ Node: 'test', Address: '127.0.0.1' }])
    const named = await gets({ ...here, kind: 'node', name: 'test' })
    expect(named).toMatchObject({ Node: { Node: 'test' } })
    expect(named?.Services.map(({ ID }) => ID)).toEqual(expect.arrayContaining(['consul', 'w1']))
    expect(await gets({ ...here, kind: 'node', name: '' })).toEqual(named)
    expect(await gets({ ...here, kind: 'node', name: 'nobody' })).toBeNull()
  })

  it('datacenters, all and those that answer', async () => {
    const { gets } = open()

    expect(await gets({ kind: 'datacenters', ignoreFailing: true })).toEqual(['dc1'])
    expect(await gets({ kind: 'datacenters', ignoreFailing: false })).toEqual(['dc1'])
  })

  it('authorities and a certificate', async () => {
    const { gets } = open()

    expect(await gets({ kind: 'caRoots' })).toMatchObject([
      { Active: true, RootCert: expect.stringContaining('BEGIN') },
    ])
    expect(await gets({ kind: 'caLeaf', service: 'web' })).toMatchObject({ Service: 'web' })
  })

  it('a file, when it comes, changes and goes, and its folder with it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'upstreamd-lookups-'))
    endings.push(() => rmSync(folder, { recursive: true, force: true }))
    const path = join(folder, 'later/app.txt')
    const { gets } = open()
    const file = { kind: 'file', path: ` ${path}\n` } as const

    expect(await gets(file)).toBeNull()
    mkdirSync(join(folder, 'later'))
    writeFileSync(path, 'one')
    expect(await gets(file, text => text === 'one')).toBe('one')
    writeFileSync(path, 'two')
    expect(await gets(file, text => text === 'two')).toBe('two')
    rmSync(join(folder, 'later'), { recursive: true })
    expect(await gets(file, text => text === null)).toBeNull()
  })
})

describe('with more queries than connections', () => {
  const many = Array.from({ length: 300 }, (_, number) => aKey(`many/${number % 10}/${number}`))
  const changing = [0, 7, 150, 299].map(number => many[number] as (typeof many)[0])
  let proxy: FaultProxy
  beforeAll(async () => {
    for (const { key } of many) await put(key, 'old')
  })
  beforeEach(async () => {
    proxy = await startFaultProxy(consul.address)
    endings.push(() => proxy.close())
  })

  async function seesChanges({ lookups }: Opened): Promise<void> {
    for (const round of [1, 2]) {
      const value = `${round} ${performance.now()}`
      for (const { key } of changing) await put(key, value)
      await until(`round ${round} is seen`, () => changing.every(query => textOf(lookups.answer(query)) === value))
    }
    const [gone] = changing
    await consul.call('DELETE', `/kv/${gone?.key}`)
    await until('that one is gone is seen', () => gone && lookups.answer(gone) === null)
  }

  it('all are answered at once, changes are seen, the connections are few, and nothing is asked at rest', async () => {
    const opened = open(proxy.address)

    opened.lookups.want(many)
    await until('all have an answer', () => many.every(query => opened.lookups.answer(query)))
    await until('nothing is asked any more', isQuietFor(1_000, proxy))
    expect(proxy.seen.length).toBeLessThan(1.5 * many.length)

    const asked = proxy.seen.length
    await seesChanges(opened)
    const followers = proxy.seen.slice(asked).filter(({ url, isBlocking }) => !isBlocking && /[?&]stale/.test(url))
    expect(followers).toEqual([]) // who may know less than the one that told of the change
    expect(proxy.connections).toBeLessThanOrEqual(16)
  })

  it('where the token may not list what there is they take turns', async () => {
    proxy.inject(faults.denied, /[?&]keys/)
    const opened = open(proxy.address)

    opened.lookups.want(many)
    await until('all have an answer', () => many.every(query => opened.lookups.answer(query) !== undefined))

    await seesChanges(opened)
    expect(proxy.connections).toBeLessThanOrEqual(16)
    expect(opened.events).toEqual([])
  })

  it('services and nodes of a datacenter are asked when something in it changes', async () => {
    const opened = open(proxy.address)
    const names = Array.from({ length: 12 }, (_, number) => `far-${number}`)
    const services = names.map(name => ({ ...service, name, datacenter: 'dc1' }))
    const node = { ...here, kind: 'node', name: 'test', datacenter: 'dc1' } as const
    await consul.register({ Name: 'far-3', ID: 'f3', Check: TTL })

    opened.lookups.want([...services, node])
    await until('all have an answer', () => services.every(query => opened.lookups.answer(query)))
    await until('nothing is asked any more', isQuietFor(1_000, proxy))
    expect(opened.lookups.answer(services[3] as (typeof services)[0])).toHaveLength(1)

    await consul.register({ Name: 'far-7', ID: 'f7', Check: TTL })
    await consul.setCheck('f3', 'critical')
    await until('both are seen', () => {
      const sizes = [3, 7].map(number => opened.lookups.answer(services[number] as (typeof services)[0])?.length)
      return sizes.join() === '0,1'
    })
    await until('the node, too', () => opened.lookups.answer(node)?.Services.some(({ ID }) => ID === 'f7'))
    for (const id of ['f3', 'f7']) await consul.deregister(id)
  })
})

/** Has nothing been asked for so long? */
function isQuietFor(ms: number, { seen }: FaultProxy): () => boolean {
  let quiet = { asked: -1, since: 0 }
  return () => {
    const now = performance.now()
    if (seen.length !== quiet.asked) quiet = { asked: seen.length, since: now }
    return now - quiet.since >= ms
  }
}

describe('another datacenter', () => {
  it('is asked by its name, and missing from those that answer when it does not', async () => {
    const far = await startConsul({ datacenter: 'dc2' })
    endings.push(() => far.stop())
    const { DebugConfig } = (await far.call('GET', '/agent/self')) as { DebugConfig: { SerfPortWAN: number } }
    await consul.call('PUT', `/agent/join/127.0.0.1:${DebugConfig.SerfPortWAN}?wan=1`)
    await putTo(far.address, 'far', 'away')
    const { gets, lookups } = open()
    const inFar = { ...aKey('far'), datacenter: 'dc2' }

    expect(textOf(await gets(inFar, row => row))).toBe('away')
    expect(await gets(aKey('far'))).toBeNull()
    expect(await gets({ kind: 'datacenters', ignoreFailing: true }, names => names.length === 2, 30_000)).toEqual([
      'dc1',
      'dc2',
    ])

    await far.kill()
    const later = open()
    expect(await later.gets({ kind: 'datacenters', ignoreFailing: true }, () => true, 30_000)).toEqual(['dc1'])
    expect(textOf(lookups.answer(inFar))).toBe('away')
  })
})

describe('what nobody wants any more', () => {
  it('is not asked for any more, and is forgotten; until then it is known at once', async () => {
    const proxy = await startFaultProxy(consul.address)
    endings.push(() => proxy.close())
    await put('brief/a', '1')
    await put('brief/b', '1')
    const { lookups, gets } = open(proxy.address)
    const [a, b] = [aKey('brief/a'), aKey('brief/b')]
    await gets(a)
    await gets(b)

    lookups.want([b])
    expect(lookups.answer(a)).toBeDefined()
    await until('it is forgotten', () => lookups.answer(a) === undefined)

    const asked = proxy.seen.length
    await put('brief/a', '2')
    await put('brief/b', '2')
    await until('the other one is seen', () => textOf(lookups.answer(b)) === '2')
    expect(proxy.seen.slice(asked).filter(({ path }) => path.endsWith('brief/a'))).toEqual([])
  })
})

describe('a Consul that is not well', () => {
  let proxy: FaultProxy
  beforeAll(async () => {
    proxy = await startFaultProxy(consul.address)
    await put('well/a', 'old')
    await put('well/b', 'old')
  })
  afterEach(() => proxy.heal())
  afterAll(() => proxy?.close())
  const [a, b] = [aKey('well/a'), aKey('well/b')]

  it('for one query holds up no other, leaves what is known, and is told once', async () => {
    const { gets, lookups, saw, events } = open(proxy.address)
    await gets(a)
    await gets(b)

    proxy.inject(faults.noLeader, /well\/a/)
    const told = await saw('lookup.failed')
    await put('well/b', 'new')
    await gets(b, row => textOf(row) === 'new')
    await until('it was tried again', () => proxy.seen.filter(({ path }) => path.endsWith('well/a')).length > 5)

    expect(told).toMatchObject({ queries: ['kv.get(well/a)'], code: 'SOURCE_UNREACHABLE' })
    expect(events).toHaveLength(1)
    expect(textOf(lookups.answer(a))).toBe('old')

    proxy.heal()
    await put('well/a', 'new')
    await gets(a, row => textOf(row) === 'new', 45_000)
  })

  it('leaves what has never been answered unknown: no empty answer, and no news', async () => {
    proxy.inject(faults.denied)
    const { lookups, saw, changes } = open(proxy.address)
    const pairs = { ...here, kind: 'pairs', prefix: 'well/' } as const

    lookups.want([a, pairs, { kind: 'datacenters', ignoreFailing: true }])
    const told = await saw('lookup.failed')

    expect(told.queries.toSorted()).toEqual(['catalog.datacenters', 'kv.get(well/a)', 'kv.list(well/)'])
    expect(told.code).toBe('SOURCE_DENIED')
    expect([lookups.answer(a), lookups.answer(pairs), changes()]).toEqual([undefined, undefined, 0])
  })

  it('for a token that has expired is asked with the one that takes its place in the file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'upstreamd-lookups-'))
    endings.push(() => rmSync(folder, { recursive: true, force: true }))
    const token_file = join(folder, 'token')
    writeFileSync(token_file, 'first')
    let good = 'first'
    proxy.inject(async ({ request, response, answer }) => {
      const isGood = request.headers['x-consul-token'] === good
      const { status, headers, body } = await answer()
      if (isGood) response.writeHead(status, { 'x-consul-index': String(headers['x-consul-index']) }).end(body)
      else response.writeHead(500).end('No cluster leader') // a refusal would be asked again after half a minute
    })
    const { gets, saw } = open(proxy.address, { token_file })
    await gets(a)

    good = 'second'
    await saw('lookup.failed')
    writeFileSync(token_file, 'second')
    await put('well/a', 'renewed')

    expect(textOf(await gets(a, row => textOf(row) === 'renewed', 45_000))).toBe('renewed')
    await put('well/a', 'old')
  })

  it.each([
    { title: 'errors', fault: faults.noLeader },
    { title: 'refusals', fault: faults.denied },
    { title: 'pages', fault: faults.html },
    { title: 'answers without an index', fault: faults.indexMissing },
    { title: 'half answers', fault: faults.halfJson },
    { title: 'resets', fault: faults.reset },
  ])(
    'with nothing but $title is asked seldom, by however many queries, and soon is well with all of them',
    async ({ fault }) => {
      const many = Array.from({ length: 40 }, (_, number) => aKey(`well/many/${number}`))
      const { lookups, saw, events } = open(proxy.address)
      lookups.want(many)
      await until('all have an answer', () => many.every(query => lookups.answer(query) === null))

      proxy.inject(fault)
      const asked = proxy.seen.length
      await saw('lookup.failed')
      await new Promise(resolve => setTimeout(resolve, 3_000)) // how often it is asked meanwhile is what this is about
      const rate = (proxy.seen.length - asked) / 3
      expect(events.length).toBe(1)
      expect(many.every(query => lookups.answer(query) === null)).toBe(true)
      expect(rate).toBeLessThan(10) // those that were under way come on top of two a second

      proxy.heal()
      for (const { key } of many) await put(key, 'new')
      await until('all are up to date', () => many.every(query => textOf(lookups.answer(query)) === 'new'), 45_000)
      for (const { key } of many) await consul.call('DELETE', `/kv/${key}`)
    },
  )
})
