import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Catalog, type RealConsul, startConsul, TTL } from '../support/consul.ts'
import { startFakeConsul } from '../support/fake-consul.ts'
import { until } from '../support/wait.ts'

type Table = 'services' | 'checks' | 'nodes'
const paths: Readonly<Record<Table, string>> = {
  services: '/catalog/services',
  checks: '/health/state/any',
  nodes: '/catalog/nodes',
}
const NOTHING_PASSES = encodeURIComponent('CheckID == ""')

/** The verbs of a test, and the one that agents do not have. */
type Subject = Pick<Catalog, 'address' | 'register' | 'deregister' | 'setCheck' | 'maintenance' | 'stop'> & {
  joinNode(node: string, address: string): Promise<void>
  leaveNode(node: string): Promise<void>
}

async function realConsul(): Promise<Subject> {
  const consul: RealConsul = await startConsul()
  await until('the node has told everything of itself', async () => {
    const nodes = (await consul.call('GET', '/catalog/nodes')) as {
      Meta: object | null
      TaggedAddresses: object | null
    }[]
    return nodes[0]?.Meta && nodes[0].TaggedAddresses
  })
  return {
    ...consul,
    joinNode: async (Node, Address) => void (await consul.call('PUT', '/catalog/register', { Node, Address })),
    leaveNode: async Node => void (await consul.call('PUT', '/catalog/deregister', { Node })),
  }
}

interface Answer {
  readonly index: number
  readonly body: unknown
  readonly ms: number
}

describe.each([
  { title: 'the fake Consul', start: startFakeConsul as () => Promise<Subject>, isQuiet: true },
  // Its agent writes of its own accord, too, and more so on a busy machine: it may wake more than it is asked to.
  { title: 'a real Consul', start: realConsul, isQuiet: false },
])('$title', ({ start, isQuiet }) => {
  let consul: Subject
  beforeAll(async () => {
    consul = await start()
  })
  afterAll(() => consul?.stop())

  async function ask(path: string, index = 0, wait = '60s'): Promise<Answer> {
    const started = performance.now()
    const query = `${path.includes('?') ? '&' : '?'}index=${index}&wait=${wait}`
    const response = await fetch(`http://${consul.address}/v1${path}${query}`)
    expect(response.status).toBe(200)
    const body = await response.json()
    return { index: Number(response.headers.get('x-consul-index')), body, ms: performance.now() - started }
  }

  async function askAll(indexes: Partial<Record<Table, number>> = {}): Promise<Record<Table, Answer>> {
    const [services, checks, nodes] = await Promise.all([
      ask(paths.services, indexes.services),
      ask(paths.checks, indexes.checks),
      ask(paths.nodes, indexes.nodes),
    ])
    return { services, checks, nodes }
  }

  let markers = 0
  /** Moves all three tables, so that whoever still waits is woken, too. */
  async function wakeEverybody(): Promise<string> {
    markers += 1
    const mark = `marker-${markers}-`
    await consul.register({ Name: mark, Check: TTL })
    await consul.joinNode(mark, '10.255.0.1')
    await settled(mark)
    return mark
  }

  /** Agents write what they are told to the catalog a moment later. */
  async function settled(...words: string[]): Promise<void> {
    await until(`${words} is in all tables`, async () => {
      const texts = Object.values(await askAll()).map(({ body }) => JSON.stringify(body))
      return texts.every(text => words.every(word => text.includes(word)))
    })
  }

  /** Which tables a change wakes: those whose waiting query answers before the marker is there. */
  async function wokenBy(change: () => Promise<void>, expected: readonly Table[]): Promise<string[]> {
    const before = await askAll()
    const tables = Object.keys(paths) as Table[]
    const waiting = new Map(tables.map(table => [table, ask(paths[table], before[table].index)]))

    await change()
    await Promise.all(expected.map(table => waiting.get(table)))
    await askAll() // whoever was woken without being expected has answered by then, too
    const mark = await wakeEverybody()

    const woken: string[] = []
    for (const [table, waited] of waiting) {
      const { index, body } = await waited
      expect(index).toBeGreaterThan(before[table].index)
      if (!JSON.stringify(body).includes(mark)) woken.push(table)
    }
    return woken
  }

  const bare = (ID: string) => ({ Name: `${ID}-name`, ID, Port: 80 })
  const checked = (ID: string) => ({ ...bare(ID), Check: TTL })

  it.each<{
    title: string
    given?: (id: string) => Promise<void>
    change: (id: string) => Promise<void>
    wakes: Table[]
  }>([
    { title: 'registering a service without a check', change: id => consul.register(bare(id)), wakes: ['services'] },
    {
      title: 'registering the same again',
      given: id => consul.register(bare(id)),
      change: id => consul.register(bare(id)),
      wakes: [],
    },
    ...[
      { title: 'a tag', more: { Tags: ['a', 'b'] } },
      { title: 'meta', more: { Meta: { k: 'v' } } },
      { title: 'a port', more: { Port: 81 } },
      { title: 'an address', more: { Address: '10.0.0.9' } },
      { title: 'weights', more: { Weights: { Passing: 3, Warning: 2 } } },
    ].map(({ title, more }) => ({
      title,
      given: (id: string) => consul.register(bare(id)),
      change: (id: string) => consul.register({ ...bare(id), ...more }),
      wakes: ['services'] satisfies Table[] as Table[],
    })),
    {
      title: 'registering a service with its check',
      change: id => consul.register(checked(id)),
      wakes: ['services', 'checks'],
    },
    ...(['warning', 'critical'] as const).map(status => ({
      title: `a check that is ${status}`,
      given: (id: string) => consul.register(checked(id)),
      change: (id: string) => consul.setCheck(id, status),
      wakes: ['checks'] satisfies Table[] as Table[],
    })),
    {
      title: 'the same state again',
      given: id => consul.register(checked(id)),
      change: id => consul.setCheck(id, 'passing'),
      wakes: [],
    },
    {
      title: 'maintenance',
      given: id => consul.register(bare(id)),
      change: id => consul.maintenance(id, true),
      wakes: ['checks'],
    },
    {
      title: 'the end of maintenance',
      async given(id) {
        await consul.register(bare(id))
        await consul.maintenance(id, true)
      },
      change: id => consul.maintenance(id, false),
      wakes: ['checks'],
    },
    {
      title: 'deregistering a service with its check',
      given: id => consul.register(checked(id)),
      change: id => consul.deregister(id),
      wakes: ['services', 'checks'],
    },
    {
      title: 'deregistering a service without a check',
      given: id => consul.register(bare(id)),
      change: id => consul.deregister(id),
      wakes: ['services'],
    },
    { title: 'a node that joins', change: id => consul.joinNode(id, '10.0.0.1'), wakes: ['nodes'] },
    {
      title: 'a node that moves',
      given: id => consul.joinNode(id, '10.0.0.1'),
      change: id => consul.joinNode(id, '10.0.0.2'),
      wakes: ['nodes'],
    },
    {
      title: 'a node that leaves',
      given: id => consul.joinNode(id, '10.0.0.1'),
      change: id => consul.leaveNode(id),
      wakes: ['nodes'],
    },
  ])('$title wakes: $wakes', async ({ given, change, wakes }) => {
    const id = `case-${markers}`
    await given?.(id)
    await wakeEverybody()

    const woken = await wokenBy(() => change(id), wakes)

    expect(woken).toEqual(isQuiet ? wakes : expect.arrayContaining(wakes))
  })

  describe('an index', () => {
    it('zero is answered at once, with an index to wait on', async () => {
      const { services, checks, nodes } = await askAll()

      for (const { index } of [services, checks, nodes]) expect(index).toBeGreaterThan(0)
    })

    it('grows with every change of its table', async () => {
      const indexes: number[] = []
      for (const port of [1, 2, 3]) {
        await consul.register({ Name: 'growing', Port: port })
        await until('the port is there', async () => {
          const { body } = await ask('/catalog/node-services/test')
          return (
            JSON.stringify(body).includes(`"Service":"growing"`) && JSON.stringify(body).includes(`"Port":${port},`)
          )
        })
        indexes.push((await ask(paths.services)).index)
      }

      expect(indexes).toEqual([...new Set(indexes)].sort((a, b) => a - b))
    })

    it('that is behind is answered at once', async () => {
      const { index } = await ask(paths.services)

      expect((await ask(paths.services, index - 1)).index).toBe(index)
    })

    it('that is up to date is waited on, then told again when nothing happens', async () => {
      const { index } = await ask(paths.services)

      const answer = await ask(paths.services, index, '200ms')

      expect(answer.index).toBe(index)
      expect(answer.ms).toBeGreaterThanOrEqual(190)
    })

    it('from a future that was rolled back is waited on, then answered with a smaller one', async () => {
      const { index } = await ask(paths.services)

      const answer = await ask(paths.services, index + 1_000, '200ms')

      expect(answer.index).toBe(index)
      expect(answer.ms).toBeGreaterThanOrEqual(190)
    })

    it('comes with a filter that nothing passes, too: that of the whole table', async () => {
      await consul.register({ Name: 'filtered', Check: TTL })
      await until('its check is there', async () => JSON.stringify((await ask(paths.checks)).body).includes('filtered'))

      const filtered = await ask(`${paths.checks}?filter=${NOTHING_PASSES}`)

      expect(filtered.body).toEqual([])
      expect(filtered.index).toBe((await ask(paths.checks)).index)
    })
  })

  describe('what it tells', () => {
    const node = async (name: string) =>
      (await ask(`/catalog/node-services/${name}`)).body as { Services: Record<string, unknown>[] | null } | null
    const checks = async (id: string) => {
      const all = (await ask(paths.checks)).body as {
        Node: string
        CheckID: string
        Status: string
        ServiceID: string
      }[]
      return all
        .filter(({ ServiceID }) => ServiceID === id)
        .map(({ Node, CheckID, Status }) => ({ Node, CheckID, Status }))
    }

    it('the services of a node, with everything that was registered', async () => {
      const given = {
        Address: '10.0.0.7',
        Port: 8080,
        Tags: ['b', 'a'],
        Meta: { k: 'v' },
        Weights: { Passing: 3, Warning: 2 },
      }
      await consul.register({ Name: 'full', ID: 'f1', ...given })

      const found = await until('it is there', async () =>
        (await node('test'))?.Services?.find(({ ID }) => ID === 'f1'),
      )

      expect(found).toMatchObject({ Service: 'full', ...given, CreateIndex: expect.any(Number) })
    })

    it('one that says nothing of itself has weight 1 and no tags', async () => {
      await consul.register({ Name: 'bare', ID: 'b1' })

      const found = await until('it is there', async () =>
        (await node('test'))?.Services?.find(({ ID }) => ID === 'b1'),
      )

      expect(found).toMatchObject({ Port: 0, Tags: [], Weights: { Passing: 1, Warning: 1 } })
    })

    it('a registration keeps its CreateIndex through every change', async () => {
      const created = async (port: number) => {
        await consul.register({ Name: 'old', ID: 'o1', Port: port })
        const found = await until('it is there', async () =>
          (await node('test'))?.Services?.find(({ ID, Port }) => ID === 'o1' && Port === port),
        )
        return found.CreateIndex
      }

      expect(await created(2)).toBe(await created(1))
    })

    it('a node nobody knows has no services, which is not an empty list', async () => {
      expect((await node('nobody'))?.Services ?? null).toBeNull()
    })

    it('names and tags of all services', async () => {
      await consul.register({ Name: 'tagged', ID: 't1', Tags: ['a'] })
      await consul.register({ Name: 'tagged', ID: 't2', Tags: ['a', 'b'] })

      const body = await until('both are there', async () => {
        const services = (await ask(paths.services)).body as Record<string, string[]>
        return services.tagged?.length === 2 && services
      })

      expect(body.tagged?.toSorted()).toEqual(['a', 'b'])
      expect(body.consul).toEqual([])
    })

    it('nodes with their addresses', async () => {
      await consul.joinNode('addressed', '10.0.0.4')

      expect((await ask(paths.nodes)).body).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ Node: 'test', Address: '127.0.0.1' }),
          expect.objectContaining({ Node: 'addressed', Address: '10.0.0.4' }),
        ]),
      )
    })

    it('checks of a service, and the one of its node', async () => {
      await consul.register({ Name: 'sick', ID: 's1', Check: TTL })
      await consul.setCheck('s1', 'critical')

      await until('it is critical', async () => (await checks('s1'))[0]?.Status === 'critical')

      expect(await checks('s1')).toEqual([{ Node: 'test', CheckID: 'service:s1', Status: 'critical' }])
      expect(await checks('')).toEqual([{ Node: 'test', CheckID: 'serfHealth', Status: 'passing' }])
    })

    it('maintenance as a check with a name of its own, for as long as it lasts', async () => {
      await consul.register({ Name: 'serviced', ID: 'm1' })

      await consul.maintenance('m1', true)
      await until('maintenance has begun', async () => (await checks('m1')).length > 0)
      expect(await checks('m1')).toEqual([{ Node: 'test', CheckID: '_service_maintenance:m1', Status: 'critical' }])

      await consul.maintenance('m1', false)
      await until('maintenance is over', async () => (await checks('m1')).length === 0)
    })

    it('that a deregistered service is gone, with its checks', async () => {
      await consul.register({ Name: 'gone', ID: 'g1', Check: TTL })
      await until('it is there', async () => (await checks('g1')).length === 1)

      await consul.deregister('g1')

      await until('it is gone', async () => {
        const services = (await node('test'))?.Services ?? []
        return services.every(({ ID }) => ID !== 'g1') && (await checks('g1')).length === 0
      })
    })
  })
})
