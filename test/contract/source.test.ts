import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Code, isOf, type UpstreamdError } from '../../src/errors.ts'
import type { Instance, Snapshot } from '../../src/model/catalog.ts'
import type { Event } from '../../src/observe/event.ts'
import { sources } from '../../src/source/registry.ts'
import type { Interest, Source } from '../../src/source/source.ts'
import { aRuntime } from '../support/builders.ts'
import { type Catalog, type RealConsul, type Registration, startConsul, TTL } from '../support/consul.ts'
import { type FakeConsul, startFakeConsul } from '../support/fake-consul.ts'
import { freePort } from '../support/ports.ts'
import { until } from '../support/wait.ts'

/** Abort to end: 100 ms are promised; the rest is for machines that are busy. */
const END_MS = 500

/** What a source reads, and the section of the configuration that makes it read that. */
interface World {
  readonly catalog: Catalog
  readonly section: { readonly type: string }
}

const everything: Interest = () => true

/** The endings of everything a test has opened. */
const endings: (() => void | Promise<void>)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

function make(section: { readonly type: string }): { source: Source; events: Event[] } {
  const { runtime, events, abort } = aRuntime()
  endings.push(abort)
  return { source: sources.create(section, runtime), events }
}

/** A source that is read all the time. */
function follow(section: { readonly type: string }, interest: Interest = everything) {
  const { source, events } = make(section)
  const ending = new AbortController()
  const snapshots: Snapshot[] = []
  const state = { failure: undefined as unknown, isOver: false }

  async function read(): Promise<void> {
    try {
      for await (const snapshot of source.snapshots(interest, ending.signal)) snapshots.push(snapshot)
    } catch (error) {
      state.failure = error
    } finally {
      state.isOver = true
    }
  }
  const reading = read()
  const end = async () => {
    ending.abort(new Error('the test is over'))
    await reading
  }
  endings.push(end)

  function check(): void {
    if (state.failure !== undefined) throw state.failure
  }
  return {
    source,
    events,
    snapshots,
    state,
    ending,
    reading,
    end,
    /** Waits until the latest snapshot fits. */
    sees: (what: string, fits: (snapshot: Snapshot) => unknown, ms?: number) =>
      until(what, () => (state.isOver ? undefined : snapshots.slice(-1).find(fits)), ms).catch(error => {
        check()
        throw new Error(`${error.message}: ${JSON.stringify(snapshots.at(-1)?.services)}`)
      }),
    fails: () => until('the source gives up', () => state.isOver && ({ error: state.failure } as const)),
  }
}

const service = (snapshot: Snapshot, name: string) => snapshot.services.find(found => found.name === name)
const instances = (snapshot: Snapshot, name: string): readonly Instance[] => service(snapshot, name)?.instances ?? []
const has = (name: string, fits: (instance: Instance) => unknown) => (snapshot: Snapshot) =>
  instances(snapshot, name).some(fits)

/** The file source's world: the same verbs, a file that is replaced in one step. */
function fileCatalog(path: string): Catalog {
  const services = new Map<string, Registration & { health?: string; isInMaintenance?: boolean }>()
  function write(): void {
    const list = [...services].map(([id, given]) => {
      const { Name: name, Address: address = '127.0.0.1', Port: port = 0, Tags: tags = [], Meta: meta = {} } = given
      const health = given.isInMaintenance ? 'maintenance' : (given.health ?? 'passing')
      return { name, instances: [{ id, address, port, tags, meta, health, weight: given.Weights?.Passing ?? 1 }] }
    })
    writeFileSync(`${path}.new`, JSON.stringify({ services: list }))
    renameSync(`${path}.new`, path)
  }
  const change = (id: string, given: object) => {
    services.set(id, { ...(services.get(id) as Registration), ...given })
    write()
  }
  write()
  return {
    address: path,
    register: async given => change(given.ID ?? given.Name, given),
    setCheck: async (id, health) => change(id, { health }),
    maintenance: async (id, isInMaintenance) => change(id, { isInMaintenance }),
    async deregister(id) {
      services.delete(id)
      write()
    },
    stop: async () => {},
  }
}

function folderOf(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `upstreamd-${name}-`))
  endings.push(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Every way to have a source of each type. A source without one fails the first test below. */
const worlds: Readonly<Record<string, readonly { readonly title: string; start(): Promise<World> }[]>> = {
  consul: [
    { title: 'consul, with a fake Consul', start: () => overConsul(startFakeConsul) },
    { title: 'consul, with a real Consul', start: () => overConsul(startRealConsul) },
  ],
  file: [
    {
      title: 'file',
      async start() {
        const path = join(folderOf('source'), 'services.yaml')
        return { catalog: fileCatalog(path), section: { type: 'file', path } as { type: string } }
      },
    },
  ],
}

let real: RealConsul | undefined
afterAll(() => real?.stop())

/** One for all tests, because its start takes a second; each test finds it empty. */
async function startRealConsul(): Promise<Catalog> {
  real ??= await startConsul()
  const { call, deregister } = real
  for (const id of Object.keys((await call('GET', '/agent/services')) as object)) await deregister(id)
  await until('nothing is left of the test before', async () => {
    const services = (await call('GET', '/catalog/services')) as object
    return Object.keys(services).join() === 'consul'
  })
  return { ...real, stop: async () => {} }
}

async function overConsul(start: () => Promise<Catalog>): Promise<World> {
  const catalog = await start()
  endings.push(() => catalog.stop())
  return { catalog, section: consulAt(catalog.address) }
}

function consulAt(address: string): { readonly type: string } {
  return { type: 'consul', address } as { type: string }
}

it('every source that is registered has to keep these promises', () => {
  expect(Object.keys(worlds).sort()).toEqual([...sources.types].sort())
})

describe.each(Object.values(worlds).flat())('source $title', ({ start }) => {
  let world: World
  beforeEach(async () => {
    world = await start()
  })

  it('the first snapshot waits for no change, and holds everything', async () => {
    await world.catalog.register({ Name: 'web', ID: 'w1', Port: 80 })
    await world.catalog.register({ Name: 'api', ID: 'a1', Port: 81 })
    const before = follow(world.section)
    await before.sees('both', snapshot => service(snapshot, 'web') && service(snapshot, 'api'))

    // What is known by now is all in the first one of whoever asks next.
    const { snapshots, sees } = follow(world.section)
    await sees('anything', () => true)

    expect(instances(snapshots[0] as Snapshot, 'web')).toHaveLength(1)
    expect(instances(snapshots[0] as Snapshot, 'api')).toHaveLength(1)
  })

  it('everything is sorted, so that equal knowledge is equal data', async () => {
    for (const [Name, ID] of [
      ['b', 'z'],
      ['a', '10'],
      ['B', 'x'],
      ['a', '9'],
    ] as const) {
      await world.catalog.register({ Name, ID, Port: 80, Tags: ['y', 'x', ID] })
    }
    const { sees } = follow(world.section)

    const snapshot = await sees('all', snapshot => snapshot.services.flatMap(({ instances }) => instances).length >= 4)

    const sorted = (texts: readonly string[]) => texts.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    const names = snapshot.services.map(({ name }) => name)
    expect(names).toEqual(sorted(names))
    expect(names).toEqual(expect.arrayContaining(['B', 'a', 'b']))
    for (const { tags, instances } of snapshot.services) {
      expect(tags).toEqual(sorted([...new Set(instances.flatMap(instance => instance.tags))]))
      expect(instances.map(({ id }) => id)).toEqual(sorted(instances.map(({ id }) => id)))
      for (const instance of instances) expect(instance.tags).toEqual(sorted(instance.tags))
    }
  })

  it('a snapshot names its source and where that one stood', async () => {
    const { source, sees } = follow(world.section)

    const snapshot = await sees('anything', () => true)

    expect(snapshot.source).toBe(source.name)
    expect(snapshot.services.every(found => found.source === source.name)).toBe(true)
    expect(snapshot.index).not.toBe('')
    expect(source.description).toContain(world.catalog.address)
  })

  it('every instance comes with all that templates and selection use', async () => {
    const Weights = { Passing: 7, Warning: 1 }
    await world.catalog.register({
      Name: 'web',
      ID: 'w1',
      Address: '10.0.0.7',
      Port: 8080,
      Tags: ['b', 'a'],
      Meta: { k: 'v' },
      Weights,
      Check: TTL,
    })
    const { sees } = follow(world.section)

    const snapshot = await sees(
      'web passes',
      has('web', ({ health }) => health === 'passing'),
    )

    expect(instances(snapshot, 'web')).toEqual([
      {
        id: expect.stringContaining('w1'),
        node: expect.stringMatching(/./),
        address: '10.0.0.7',
        port: 8080,
        tags: ['a', 'b'],
        meta: { k: 'v' },
        weight: 7,
        health: 'passing',
        createIndex: expect.stringMatching(/^\d+$/),
      },
    ])
  })

  it('every kind of change is seen', async () => {
    const { catalog, section } = world
    const web = { Name: 'web', ID: 'w1', Address: '10.0.0.1', Port: 80, Check: TTL }
    const { sees } = follow(section)
    await sees('anything', () => true)

    await catalog.register(web)
    await sees(
      'it is registered',
      has('web', ({ port, health }) => port === 80 && health === 'passing'),
    )
    await catalog.register({ ...web, Port: 81 })
    await sees(
      'its port',
      has('web', ({ port }) => port === 81),
    )
    await catalog.register({ ...web, Port: 81, Address: '10.0.0.2' })
    await sees(
      'its address',
      has('web', ({ address }) => address === '10.0.0.2'),
    )
    await catalog.register({ ...web, Tags: ['new'] })
    await sees(
      'its tags',
      has('web', ({ tags }) => tags.includes('new')),
    )
    await catalog.register({ ...web, Meta: { k: 'v' } })
    await sees(
      'its meta',
      has('web', ({ meta }) => meta.k === 'v'),
    )
    await catalog.register({ ...web, Weights: { Passing: 9, Warning: 1 } })
    await sees(
      'its weight',
      has('web', ({ weight }) => weight === 9),
    )
    await catalog.setCheck('w1', 'warning')
    await sees(
      'its check warns',
      has('web', ({ health }) => health === 'warning'),
    )
    await catalog.setCheck('w1', 'critical')
    await sees(
      'its check fails',
      has('web', ({ health }) => health === 'critical'),
    )
    await catalog.setCheck('w1', 'passing')
    await sees(
      'its check passes',
      has('web', ({ health }) => health === 'passing'),
    )
    await catalog.maintenance('w1', true)
    await sees(
      'maintenance',
      has('web', ({ health }) => health === 'maintenance'),
    )
    await catalog.maintenance('w1', false)
    await sees(
      'the end of maintenance',
      has('web', ({ health }) => health === 'passing'),
    )
    await catalog.register({ Name: 'web', ID: 'w2', Port: 82 })
    await sees('a second instance', snapshot => instances(snapshot, 'web').length === 2)
    await catalog.deregister('w1')
    await sees('the first one is gone', snapshot => {
      const [only, ...more] = instances(snapshot, 'web')
      return only?.port === 82 && more.length === 0
    })
    await catalog.deregister('w2')
    await sees('the last one is gone', snapshot => instances(snapshot, 'web').length === 0)
  })

  it('what nobody is interested in is left out', async () => {
    await world.catalog.register({ Name: 'wanted', Port: 80, Tags: ['calico'] })
    await world.catalog.register({ Name: 'other', Port: 80, Tags: ['bridge'] })
    const all = follow(world.section)
    await all.sees('both', snapshot => service(snapshot, 'wanted') && service(snapshot, 'other'))

    const { sees } = follow(world.section, (_name, tags) => tags.includes('calico'))

    const snapshot = await sees('wanted', found => service(found, 'wanted'))
    expect(snapshot.services.map(({ name }) => name)).toEqual(['wanted'])
  })

  it('it ends soon after the abort, and without an error', async () => {
    const { sees, ending, reading, state } = follow(world.section)
    await sees('anything', () => true)

    const started = performance.now()
    ending.abort()
    await reading

    expect(performance.now() - started).toBeLessThan(END_MS)
    expect(state).toEqual({ failure: undefined, isOver: true })
  })

  it('also when the abort comes before the first word, or before it was asked at all', async () => {
    const early = follow(world.section)
    early.ending.abort()
    const { source } = make(world.section)
    const started = performance.now()

    await early.reading
    for await (const _ of source.snapshots(everything, AbortSignal.abort())) expect.unreachable()

    expect(performance.now() - started).toBeLessThan(END_MS)
    expect(early.state.failure).toBeUndefined()
  })

  it('it lets go of everything when nobody reads on', async () => {
    const { source } = make(world.section)
    const signal = new AbortController().signal
    const started = performance.now()

    for await (const snapshot of source.snapshots(everything, signal)) {
      expect(snapshot.services).toBeDefined()
      break
    }

    expect(performance.now() - started).toBeLessThan(15_000)
  })

  it('asking again works, as does asking twice at once', async () => {
    await world.catalog.register({ Name: 'web', Port: 80 })
    const first = follow(world.section)
    const second = follow(world.section)
    await first.sees('web', found => service(found, 'web'))
    await second.sees('web', found => service(found, 'web'))
    await first.end()

    const signal = new AbortController().signal
    for await (const snapshot of first.source.snapshots(everything, signal)) {
      expect(service(snapshot, 'web')).toBeDefined()
      break
    }
    expect(second.state.isOver).toBe(false)
  })
})

const LISTS = ['catalog/services', 'catalog/nodes', 'health/state/any']
const PATHS = [...LISTS, 'catalog/node-services']
/** An answer of the right shape that holds nothing. */
const nothingOf = (path: string) =>
  ({ 'catalog/services': '{}', 'catalog/node-services': '{"Services":[]}' })[path] ?? '[]'

/** What a Consul, or what pretends to be one, may answer, and what that is for us. */
interface Fault {
  readonly title: string
  readonly code: Code
  readonly says: string | RegExp
  readonly only?: readonly string[] // where it can happen; else everywhere
  answer(response: ServerResponse, nothing: string): void
}

const faults: readonly Fault[] = [
  {
    title: 'an HTML page with status 200',
    code: 'SOURCE_MALFORMED',
    says: 'not JSON: <html>',
    answer: response => response.writeHead(200, { 'x-consul-index': '5' }).end('<html>Sign in</html>'),
  },
  {
    title: 'no index',
    code: 'SOURCE_NO_INDEX',
    says: 'without a usable X-Consul-Index',
    answer: (response, nothing) => response.writeHead(200).end(nothing),
  },
  {
    title: 'an index that is no number',
    code: 'SOURCE_NO_INDEX',
    says: 'without a usable X-Consul-Index',
    answer: (response, nothing) => response.writeHead(200, { 'x-consul-index': 'many' }).end(nothing),
  },
  {
    title: 'a body that is cut off',
    code: 'SOURCE_UNREACHABLE',
    says: 'the connection broke inside the answer',
    answer(response) {
      response.writeHead(200, { 'x-consul-index': '5', 'content-length': '5000' })
      response.write('[{"Node":')
      setImmediate(() => response.destroy())
    },
  },
  {
    title: 'half of a body, said to be all of it',
    code: 'SOURCE_MALFORMED',
    says: 'not JSON',
    answer: response => response.writeHead(200, { 'x-consul-index': '5' }).end('[{"Node":'),
  },
  {
    title: 'a connection that is closed without a word',
    code: 'SOURCE_UNREACHABLE',
    says: /socket hang up|ECONNRESET/,
    answer: response => response.destroy(),
  },
  {
    title: '403',
    code: 'SOURCE_DENIED',
    says: 'HTTP 403 Permission denied',
    answer: response => response.writeHead(403).end('Permission denied'),
  },
  {
    title: 'an empty list that was filtered by ACLs: not allowed is not none',
    code: 'SOURCE_DENIED',
    says: 'the token may read nothing of',
    only: LISTS,
    answer: (response, nothing) =>
      response.writeHead(200, { 'x-consul-index': '5', 'x-consul-results-filtered-by-acls': 'true' }).end(nothing),
  },
  {
    title: '500, because there is no leader',
    code: 'SOURCE_UNREACHABLE',
    says: 'HTTP 500 No cluster leader',
    answer: response => response.writeHead(500).end('No cluster leader'),
  },
  {
    title: '429',
    code: 'SOURCE_UNREACHABLE',
    says: 'HTTP 429',
    answer: response => response.writeHead(429, { 'retry-after': '7' }).end('Your IP is issuing too many connections'),
  },
  {
    title: 'JSON that is something else',
    code: 'SOURCE_MALFORMED',
    says: 'not what the API promises',
    answer: response => response.writeHead(200, { 'x-consul-index': '5' }).end('{"error":"quota"}'),
  },
  {
    title: 'null',
    only: LISTS,
    code: 'SOURCE_MALFORMED',
    says: 'not what the API promises',
    answer: response => response.writeHead(200, { 'x-consul-index': '5' }).end('null'),
  },
]

describe('source consul, when Consul is not well', () => {
  let fake: FakeConsul
  beforeEach(async () => {
    fake = await startFakeConsul()
    endings.push(() => fake.stop())
    await fake.register({ Name: 'web', ID: 'w1', Port: 80, Check: TTL })
  })
  const pathOf = (request: IncomingMessage) => PATHS.find(path => isFor(path, request)) ?? ''
  const isFor = (path: string, request: IncomingMessage) => request.url?.startsWith(`/v1/${path}`) ?? false
  const at = () => consulAt(fake.address)

  async function refused(
    attempt: ReturnType<typeof follow>,
    code: Code,
    says: string | RegExp,
  ): Promise<UpstreamdError> {
    const { error } = await attempt.fails()
    if (!isOf('source', error)) throw error
    expect(error.message).toMatch(says)
    expect(error.code).toBe(code)
    return error
  }

  it('nobody listens there', async () => {
    const attempt = follow(consulAt(`127.0.0.1:${await freePort()}`))

    await refused(attempt, 'SOURCE_UNREACHABLE', /ECONNREFUSED/)
    expect(attempt.snapshots).toEqual([])
  })

  describe.each(faults)('it answers with $title', ({ code, says, only = PATHS, answer }) => {
    it.each(only)('to %s: the first attempt fails, and yields nothing', async path => {
      fake.interfere((request, response) => {
        if (isFor(path, request)) answer(response, nothingOf(path))
        return isFor(path, request)
      })
      const attempt = follow(at())

      await refused(attempt, code, says)
      expect(attempt.snapshots).toEqual([])
    })

    it('to everything, later on: contact is lost, and never are there fewer services', async () => {
      const attempt = follow(at())
      await attempt.sees('web', found => service(found, 'web'))

      fake.interfere((request, response) => {
        answer(response, nothingOf(pathOf(request)))
        return true
      })
      await fake.register({ Name: 'later', Port: 80, Check: TTL })

      await refused(attempt, code, says)
      for (const snapshot of attempt.snapshots) expect(service(snapshot, 'web')).toBeDefined()
    })
  })

  it('what it asks of us with Retry-After is passed on', async () => {
    fake.interfere((_request, response) => {
      response.writeHead(503, { 'retry-after': '7' }).end('busy')
      return true
    })

    expect((await refused(follow(at()), 'SOURCE_UNREACHABLE', 'busy')).retryAfter).toBe(7_000)
  })

  it('the services of one node cannot be read any more: they are kept, which is said, and the rest goes on', async () => {
    const attempt = follow(at())
    await attempt.sees('web', found => service(found, 'web'))
    fake.interfere((request, response) => {
      if (isFor('catalog/node-services', request)) response.writeHead(500).end('rpc error')
      return isFor('catalog/node-services', request)
    })

    await fake.register({ Name: 'later', ID: 'l1', Port: 80 })
    await until('it is said', () => attempt.events.find(({ type }) => type === 'source.partial'))
    await fake.setCheck('w1', 'critical')
    const degraded = await attempt.sees(
      'the check',
      has('web', ({ health }) => health === 'critical'),
    )
    expect(service(degraded, 'later')).toBeUndefined()

    fake.interfere(undefined)
    await attempt.sees('what was missed is made up for', found => service(found, 'later'))
    await until('that is said, too', () => attempt.events.find(({ type }) => type === 'source.completed'))
    expect(attempt.events.find(({ type }) => type === 'source.partial')).toMatchObject({
      names: ['test'],
      problem: 'HTTP 500 rpc error',
    })
  })

  it('a service registered while its node is being read is not lost', async () => {
    const attempt = follow(at())
    await attempt.sees('web', found => service(found, 'web'))
    let isHeld = true
    fake.interfere(async (request, response) => {
      if (!isHeld || !isFor('catalog/node-services', request)) return false
      isHeld = false
      // The answer is as old as the question, and arrives behind the news of the second change.
      const old = await (await fetch(`http://${fake.address}${request.url}`)).text()
      await fake.register({ Name: 'second', Port: 80 })
      setTimeout(() => response.writeHead(200, { 'x-consul-index': '99' }).end(old), 300)
      return true
    })

    await fake.register({ Name: 'first', Port: 80 })

    await attempt.sees('both', found => service(found, 'first') && service(found, 'second'), 5_000)
  })

  it('a check table that moves without a word holds nothing up', async () => {
    const attempt = follow(at())
    await attempt.sees('web', found => service(found, 'web'))

    fake.moveChecksSilently()
    await fake.register({ Name: 'later', Port: 80 })

    await attempt.sees('the change', found => service(found, 'later'), 5_000)
  })

  it('an instance is never seen before its checks', async () => {
    const attempt = follow(at())
    await attempt.sees('web', found => service(found, 'web'))

    for (const round of [1, 2, 3, 4, 5]) {
      await fake.register({ Name: 'sick', ID: `s${round}`, Port: 80, Check: { ...TTL, Status: 'critical' } })
      await attempt.sees(
        `instance ${round}`,
        has('sick', ({ id }) => id.endsWith(`s${round}`)),
      )
    }

    for (const snapshot of attempt.snapshots) {
      for (const { health } of instances(snapshot, 'sick')) expect(health).toBe('critical')
    }
  })

  it('a failing instance never passes on its way out', async () => {
    await fake.register({ Name: 'sick', ID: 's1', Port: 80, Check: { ...TTL, Status: 'critical' } })
    const attempt = follow(at())
    await attempt.sees('sick', found => service(found, 'sick'))

    await fake.deregister('s1')
    await attempt.sees('it is gone', found => service(found, 'sick') === undefined)

    for (const snapshot of attempt.snapshots) {
      for (const { health } of instances(snapshot, 'sick')) expect(health).toBe('critical')
    }
  })

  it('servers that were restored from a snapshot count from the beginning: that is said, and changes are seen', async () => {
    const waiting = new Set<string>()
    fake.interfere(request => {
      if (/[?&]index=[1-9]/.test(request.url ?? '')) waiting.add(pathOf(request))
      return false
    })
    const attempt = follow(at())
    await attempt.sees('web', found => service(found, 'web'))
    await until('it waits for changes', () => waiting.size === LISTS.length)

    fake.restore()
    await until('it is said', () => attempt.events.find(({ type }) => type === 'source.index_reset'))
    await fake.register({ Name: 'later', Port: 80 })

    await attempt.sees('the change', found => service(found, 'later'))
    expect(attempt.state.failure).toBeUndefined()
  })

  it('a node that leaves takes its services with it, and comes back with them', async () => {
    await fake.joinNode('other', '10.0.0.9')
    const attempt = follow(at())
    await attempt.sees('web', found => service(found, 'web'))

    await fake.leaveNode('test')
    await attempt.sees('nothing is left', found => found.services.length === 0)
    await fake.joinNode('test', '127.0.0.1')

    await attempt.sees(
      'web is back',
      has('web', ({ port }) => port === 80),
    )
  })

  it('a service without an address of its own follows its node', async () => {
    await fake.register({ Name: 'plain', Port: 80, Address: '' })
    const attempt = follow(at())
    await attempt.sees(
      'plain',
      has('plain', ({ address }) => address === '127.0.0.1'),
    )

    await fake.joinNode('test', '10.0.0.77')

    await attempt.sees(
      'the node has moved',
      has('plain', ({ address }) => address === '10.0.0.77'),
    )
  })

  it('the number of connections does not grow with the catalog', async () => {
    for (let n = 0; n < 60; n += 1) await fake.joinNode(`node-${n}`, '10.0.0.1')
    for (let n = 0; n < 300; n += 1) await fake.register({ Name: `service-${n}`, Port: 80, Check: TTL })
    const attempt = follow(at())

    const snapshot = await attempt.sees('all of it', found => found.services.length > 300)

    expect(snapshot.services).toHaveLength(302)
    expect(fake.connections).toBeLessThanOrEqual(16)
  })

  it('someone who answers at once, always the same, is not hammered', async () => {
    let asked = 0
    fake.interfere((request, response) => {
      if (!isFor('catalog/nodes', request)) return false
      asked += 1
      response.writeHead(200, { 'x-consul-index': '5' }).end('[{"Node":"test","Address":"127.0.0.1"}]')
      return true
    })
    const began = performance.now()
    const attempt = follow(at())
    await attempt.sees('web', found => service(found, 'web'))

    // Ten changes take their time: an answer every 100 ms would be ten requests a second.
    for (let round = 0; round < 10; round += 1) {
      await fake.register({ Name: 'web', ID: 'w1', Port: 1_000 + round })
      await attempt.sees(
        'the change',
        has('web', ({ port }) => port === 1_000 + round),
      )
    }

    const seconds = (performance.now() - began) / 1_000
    expect(asked).toBeLessThan(7 + 3 * seconds)
  })

  it('the token goes into a header, never into the address', async () => {
    const seen: IncomingMessage[] = []
    fake.interfere(request => {
      seen.push(request)
      return false
    })
    const attempt = follow({ ...at(), token: 'secret' } as { type: string })
    await attempt.sees('web', found => service(found, 'web'))

    expect(seen.every(({ headers }) => headers['x-consul-token'] === 'secret')).toBe(true)
    expect(seen.some(({ url }) => url?.includes('secret'))).toBe(false)
  })

  it('a token in a file is read anew at every attempt', async () => {
    const path = join(folderOf('token'), 'token')
    writeFileSync(path, 'first\n')
    const seen = new Set<unknown>()
    fake.interfere(request => {
      seen.add(request.headers['x-consul-token'])
      return false
    })
    const attempt = follow({ ...at(), token_file: path } as { type: string })
    await attempt.sees('web', found => service(found, 'web'))
    await attempt.end()

    writeFileSync(path, 'second\n')
    for await (const _ of attempt.source.snapshots(everything, new AbortController().signal)) break

    expect(seen).toEqual(new Set(['first', 'second']))
  })

  it('a token file that is not there is a denial, not a bug', async () => {
    await refused(follow({ ...at(), token_file: '/nowhere/token' } as { type: string }), 'SOURCE_DENIED', 'cannot read')
  })

  it('the address is told without the password that stands in it', () => {
    const { source } = make(consulAt('http://user:password@127.0.0.1:8500'))

    expect(source.description).toBe('consul at http://127.0.0.1:8500')
  })

  it.each(['not an address', 'a:b', '127.0.0.1:99999', 'unix://x'])(
    'the address %j is refused when the source is made: a reload with it must end nothing',
    address => {
      expect(() => make(consulAt(address))).toThrow('is neither host:port, a URL nor unix:///path')
    },
  )

  it('Consul speaks through a unix socket', async () => {
    const path = join(folderOf('socket'), 'consul.sock')
    const proxy = createServer((request, response) => {
      fetch(`http://${fake.address}${request.url}`).then(
        async answer => {
          const body = await answer.text()
          response.writeHead(answer.status, { 'x-consul-index': answer.headers.get('x-consul-index') ?? '' }).end(body)
        },
        () => response.destroy(),
      )
    })
    await new Promise<void>(resolve => proxy.listen(path, resolve))
    endings.push(() => {
      proxy.closeAllConnections()
      proxy.close()
    })

    await follow(consulAt(`unix://${path}`)).sees('web', found => service(found, 'web'))
  })
})

describe('source file, when the file is not well', () => {
  let path: string
  beforeEach(() => {
    path = join(folderOf('source'), 'services.yaml')
  })
  const good = 'services:\n  - name: web\n    instances:\n      - { address: 10.0.0.1, port: 80 }\n'
  const replace = (text: string) => {
    writeFileSync(`${path}.new`, text)
    renameSync(`${path}.new`, path)
  }
  const at = () => ({ type: 'file', path }) as { type: string }

  it('it is not there', async () => {
    const { error } = await follow(at()).fails()

    expect(error).toMatchObject({ code: 'SOURCE_UNREACHABLE' })
    expect(isOf('source', error)).toBe(true)
  })

  it.each([
    { title: 'is broken YAML', text: 'services: [', says: /is neither YAML nor JSON/ },
    { title: 'is empty', text: '', says: /./ },
    { title: 'is a list', text: '- web', says: /./ },
    { title: 'has a port that is a word', text: good.replace('80', 'http'), says: /port/ },
    { title: 'has a misspelt key', text: good.replace('address', 'adress'), says: /adress/ },
    { title: 'has a state nobody knows', text: good.replace('80', '80, health: fine'), says: /health/ },
  ])('it $title: nothing is delivered, what was known is not taken back', async ({ text, says }) => {
    replace(text)
    const first = await follow(at()).fails()
    expect(isOf('source', first.error)).toBe(true)
    expect(first.error).toMatchObject({ code: 'SOURCE_MALFORMED', message: expect.stringMatching(says) })

    replace(good)
    const attempt = follow(at())
    await attempt.sees('web', found => service(found, 'web'))
    replace(text)

    const { error } = await attempt.fails()
    expect(error).toMatchObject({ code: 'SOURCE_MALFORMED' })
    for (const snapshot of attempt.snapshots) expect(service(snapshot, 'web')).toBeDefined()
  })

  it('tags and meta of a service are those of its instances, which may add their own', async () => {
    replace(
      [
        'services:',
        '  - name: web',
        '    tags: [calico]',
        '    meta: { team: x, version: 1 }',
        '    instances:',
        '      - { address: 10.0.0.1, port: 80, tags: [canary], meta: { version: 2 } }',
        '      - { address: 10.0.0.2, port: 80 }',
      ].join('\n'),
    )

    const snapshot = await follow(at()).sees('web', found => service(found, 'web'))

    expect(instances(snapshot, 'web')).toMatchObject([
      { tags: ['calico', 'canary'], meta: { team: 'x', version: '2' } },
      { tags: ['calico'], meta: { team: 'x', version: '1' } },
    ])
  })

  it('the same bytes are the same index, others another', async () => {
    replace(good)
    const attempt = follow(at())
    const one = await attempt.sees('web', found => service(found, 'web'))
    replace(good.replace('80', '81'))
    const other = await attempt.sees(
      'the change',
      has('web', ({ port }) => port === 81),
    )
    replace(good)
    const again = await attempt.sees('it is as before', found => found !== one && found !== other)

    expect(again.index).toBe(one.index)
    expect(other.index).not.toBe(one.index)
  })
})
