import { compare, type Health, type Instance, type Snapshot, toServices } from '../../src/model/catalog.ts'
import { sources } from '../../src/source/registry.ts'
import { aRuntime } from './builders.ts'
import { type RealConsul, TTL } from './consul.ts'

/** Where one change happens: a service of its own on a node of its own. */
export interface Place {
  readonly consul: RealConsul
  readonly node: string
  readonly id: string
  readonly service: string
}

/** The instance with the place's id, and the service it is listed under. */
export type Found = (Instance & { readonly service: string }) | undefined

/** One kind of change: what is there before, what is written, and how it is known to have arrived. */
export interface Change {
  readonly title: string
  given?(place: Place): Promise<unknown>
  write(place: Place): Promise<unknown>
  seen(found: Found): boolean
  readonly isOfAgent?: true // through the agent, which tells the catalog a moment later
}

const ADDRESS = '10.1.0.1'

/** Whatever `catalog/register` takes, for the place's node. */
export function put({ consul, node }: Pick<Place, 'consul' | 'node'>, more: object = {}): Promise<unknown> {
  return consul.call('PUT', '/catalog/register', { Node: node, Address: ADDRESS, ...more })
}

export function drop({ consul, node }: Pick<Place, 'consul' | 'node'>, more: object = {}): Promise<unknown> {
  return consul.call('PUT', '/catalog/deregister', { Node: node, ...more })
}

const serviceOf = ({ id, service }: Place, more: object = {}) => ({ ID: id, Service: service, Port: 80, ...more })
const checkOf = ({ id }: Place, Status: string) => ({ CheckID: `of-${id}`, Name: 'c', ServiceID: id, Status })
const onService = (place: Place, more: object) => put(place, { Service: serviceOf(place, more) })
const withCheck = (place: Place, Status: string) =>
  put(place, { Service: serviceOf(place), Check: checkOf(place, Status) })
const onCheck = (place: Place, Status: string) => put(place, { Check: checkOf(place, Status) })
const onNodeCheck = (place: Place, Status: string, CheckID = 'serfHealth') =>
  put(place, { Check: { CheckID, Name: 'n', Status } })
const bare = (place: Place) => onService(place, {})
const agentService = ({ id, service }: Place, more: object = {}) => ({ Name: service, ID: id, Port: 80, ...more })
const isAs = (expected: Partial<NonNullable<Found>>) => (found: Found) =>
  found !== undefined &&
  Object.entries(expected).every(
    ([key, value]) => JSON.stringify(found[key as keyof Instance]) === JSON.stringify(value),
  )
const isGone = (found: Found) => found === undefined

/** Every kind of change there is, on a node that somebody else looks after. */
const elsewhere: readonly Change[] = [
  { title: 'a new instance without a check', write: bare, seen: isAs({ port: 80, health: 'passing' }) },
  {
    title: 'a new instance with a check',
    write: place => withCheck(place, 'warning'),
    seen: isAs({ health: 'warning' }),
  },
  ...(['passing', 'warning', 'critical'] as const).map(
    (status): Change => ({
      title: `a check that becomes ${status}`,
      given: place => withCheck(place, status === 'passing' ? 'critical' : 'passing'),
      write: place => onCheck(place, status),
      seen: isAs({ health: status }),
    }),
  ),
  {
    title: 'a check that comes later',
    given: bare,
    write: place => onCheck(place, 'critical'),
    seen: isAs({ health: 'critical' }),
  },
  {
    title: 'a check that is taken away',
    given: place => withCheck(place, 'critical'),
    write: place => drop(place, { CheckID: `of-${place.id}` }),
    seen: isAs({ health: 'passing' }),
  },
  {
    title: 'a check that writes the ids of its node, its service and itself otherwise: Consul does not mind case',
    given: place => withCheck(place, 'passing'),
    write: place =>
      put(
        { ...place, node: place.node.toUpperCase() },
        { Check: { CheckID: `OF-${place.id}`, Name: 'c', ServiceID: place.id.toUpperCase(), Status: 'critical' } },
      ),
    seen: isAs({ health: 'critical' }),
  },
  {
    title: 'the address of an id',
    given: bare,
    write: place => onService(place, { Address: '10.2.0.2' }),
    seen: isAs({ address: '10.2.0.2' }),
  },
  {
    title: 'an address that is taken back: the node’s counts',
    given: place => onService(place, { Address: '10.2.0.2' }),
    write: bare,
    seen: isAs({ address: ADDRESS }),
  },
  { title: 'the port of an id', given: bare, write: place => onService(place, { Port: 81 }), seen: isAs({ port: 81 }) },
  {
    title: 'tags',
    given: bare,
    write: place => onService(place, { Tags: ['b', 'a'] }),
    seen: isAs({ tags: ['a', 'b'] }),
  },
  {
    title: 'meta',
    given: bare,
    write: place => onService(place, { Meta: { k: 'v' } }),
    seen: isAs({ meta: { k: 'v' } }),
  },
  {
    title: 'weights',
    given: bare,
    write: place => onService(place, { Weights: { Passing: 9, Warning: 2 } }),
    seen: isAs({ weight: 9 }),
  },
  {
    title: 'the weight of one that warns',
    given: async place => {
      await onService(place, { Weights: { Passing: 9, Warning: 2 } })
      await onCheck(place, 'passing')
    },
    write: place => onCheck(place, 'warning'),
    seen: isAs({ weight: 2 }),
  },
  {
    title: 'the address of a node',
    given: bare,
    write: place => put(place, { Address: '10.3.0.3' }),
    seen: isAs({ address: '10.3.0.3' }),
  },
  {
    title: 'a node that fails',
    given: async place => {
      await bare(place)
      await onNodeCheck(place, 'passing')
    },
    write: place => onNodeCheck(place, 'critical'),
    seen: isAs({ health: 'critical' }),
  },
  {
    title: 'a node that recovers',
    given: async place => {
      await bare(place)
      await onNodeCheck(place, 'critical')
    },
    write: place => onNodeCheck(place, 'passing'),
    seen: isAs({ health: 'passing' }),
  },
  {
    title: 'maintenance of a node',
    given: bare,
    write: place => onNodeCheck(place, 'critical', '_node_maintenance'),
    seen: isAs({ health: 'maintenance' }),
  },
  {
    title: 'the end of maintenance of a node',
    given: async place => {
      await bare(place)
      await onNodeCheck(place, 'critical', '_node_maintenance')
    },
    write: place => drop(place, { CheckID: '_node_maintenance' }),
    seen: isAs({ health: 'passing' }),
  },
  {
    title: 'a service that is renamed',
    given: bare,
    write: place => put(place, { Service: serviceOf({ ...place, service: `${place.service}-new` }) }),
    seen: found => found?.service.endsWith('-new') === true,
  },
  {
    title: 'a service that is written with a capital letter from now on: another one',
    given: bare,
    write: place => put(place, { Service: serviceOf({ ...place, service: place.service.toUpperCase() }) }),
    seen: found => found?.service === found?.service.toUpperCase() && found !== undefined,
  },
  {
    title: 'an instance that leaves',
    given: bare,
    write: place => drop(place, { ServiceID: place.id }),
    seen: isGone,
  },
  {
    title: 'an instance that leaves with its check',
    given: place => withCheck(place, 'critical'),
    write: place => drop(place, { ServiceID: place.id }),
    seen: isGone,
  },
  {
    title: 'a whole node that leaves',
    given: place => withCheck(place, 'passing'),
    write: place => drop(place),
    seen: isGone,
  },
  {
    title: 'a node that leaves and is back at once, with something else',
    given: bare,
    write: async place => {
      await drop(place)
      await onService(place, { Port: 82 })
    },
    seen: isAs({ port: 82 }),
  },
]

/** The same through an agent. */
const ofAgent: readonly Change[] = [
  {
    title: 'a new instance without a check',
    write: place => place.consul.register(agentService(place)),
    seen: isAs({ health: 'passing' }),
  },
  {
    title: 'a new instance with a check',
    write: place => place.consul.register(agentService(place, { Check: { ...TTL, Status: 'warning' } })),
    seen: isAs({ health: 'warning' }),
  },
  {
    title: 'the status of a check',
    given: place => place.consul.register(agentService(place, { Check: TTL })),
    write: place => place.consul.setCheck(place.id, 'critical'),
    seen: isAs({ health: 'critical' }),
  },
  ...[
    { title: 'address and port', more: { Address: '10.2.0.2', Port: 81 }, expected: { address: '10.2.0.2', port: 81 } },
    { title: 'tags', more: { Tags: ['b', 'a'] }, expected: { tags: ['a', 'b'] } },
    { title: 'meta', more: { Meta: { k: 'v' } }, expected: { meta: { k: 'v' } } },
    { title: 'weights', more: { Weights: { Passing: 9, Warning: 2 } }, expected: { weight: 9 } },
  ].map(
    ({ title, more, expected }): Change => ({
      title,
      given: place => place.consul.register(agentService(place)),
      write: place => place.consul.register(agentService(place, more)),
      seen: isAs(expected),
    }),
  ),
  {
    title: 'maintenance of a service',
    given: place => place.consul.register(agentService(place)),
    write: place => place.consul.maintenance(place.id, true),
    seen: isAs({ health: 'maintenance' }),
  },
  {
    title: 'the end of maintenance of a service',
    async given(place) {
      await place.consul.register(agentService(place))
      await place.consul.maintenance(place.id, true)
    },
    write: place => place.consul.maintenance(place.id, false),
    seen: isAs({ health: 'passing' }),
  },
  {
    title: 'a service that is renamed',
    given: place => place.consul.register(agentService(place)),
    write: place => place.consul.register(agentService({ ...place, service: `${place.service}-new` })),
    seen: found => found?.service.endsWith('-new') === true,
  },
  {
    title: 'an instance that leaves',
    given: place => place.consul.register(agentService(place, { Check: TTL })),
    write: place => place.consul.deregister(place.id),
    seen: isGone,
  },
]

export const changes: readonly Change[] = [
  ...elsewhere,
  ...ofAgent.map((change): Change => ({ ...change, title: `${change.title}, through the agent`, isOfAgent: true })),
]

export function find(snapshot: Snapshot | undefined, { node, id }: Place): Found {
  const wanted = `${node}/${id}`.toLowerCase()
  for (const { name, instances } of snapshot?.services ?? []) {
    const found = instances.find(instance => instance.id.toLowerCase() === wanted)
    if (found !== undefined) return { ...found, service: name }
  }
  return undefined
}

/** What a source says that has only just begun. */
export async function readAnew(consul: RealConsul): Promise<Snapshot> {
  const { runtime, abort } = aRuntime()
  const ending = new AbortController()
  try {
    const source = sources.create({ type: 'consul', address: consul.address } as never, runtime)
    for await (const snapshot of source.snapshots(() => true, ending.signal)) return snapshot
    throw new Error('it said nothing')
  } finally {
    ending.abort()
    abort()
  }
}

interface Entry {
  readonly Node: { readonly Node: string; readonly Address: string }
  readonly Service: {
    readonly ID: string
    readonly Service: string
    readonly Address: string
    readonly Port: number
    readonly Tags: string[] | null
    readonly Meta: Record<string, string> | null
    readonly Weights: { readonly Passing: number; readonly Warning: number }
    readonly CreateIndex: number
  }
  readonly Checks: readonly { readonly CheckID: string; readonly Status: string }[]
}

/** The catalog as Consul puts it together itself, service by service: nothing of our reading is in it. */
export async function askConsul(
  consul: RealConsul,
  isWanted: (name: string) => boolean,
): Promise<Snapshot['services']> {
  const names = Object.keys((await consul.call('GET', '/catalog/services')) as object).filter(isWanted)
  const byName = new Map<string, Instance[]>()
  for (const name of names) {
    const entries = (await consul.call('GET', `/health/service/${encodeURIComponent(name)}`)) as Entry[]
    const mine = entries.filter(({ Service }) => Service.Service === name)
    if (mine.length > 0) byName.set(name, mine.map(toInstance))
  }
  return toServices('consul', byName)
}

function toInstance({ Node, Service, Checks }: Entry): Instance {
  const health = worst(Checks)
  return {
    id: `${Node.Node}/${Service.ID}`,
    node: Node.Node,
    address: Service.Address || Node.Address,
    port: Service.Port,
    tags: (Service.Tags ?? []).toSorted(compare),
    meta: Service.Meta ?? {},
    weight: health === 'warning' ? Service.Weights.Warning : Service.Weights.Passing,
    health,
    createIndex: String(Service.CreateIndex),
  }
}

function worst(checks: Entry['Checks']): Health {
  if (checks.some(({ CheckID }) => /^_(node_maintenance$|service_maintenance:)/.test(CheckID))) return 'maintenance'
  if (checks.some(({ Status }) => Status === 'critical')) return 'critical'
  return checks.some(({ Status }) => Status === 'warning') ? 'warning' : 'passing'
}
