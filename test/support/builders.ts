import {
  type Catalog,
  compare,
  type Instance,
  type Service,
  type Snapshot,
  toServices,
} from '../../src/model/catalog.ts'
import { type Generation, generationOf } from '../../src/model/generation.ts'
import type { NonEmpty, Selection, Site, Unavailable, UpstreamServer } from '../../src/model/selection.ts'
import type { Emit, Event } from '../../src/observe/event.ts'
import type { Seen } from '../../src/render/seen.ts'
import type { NginxView, Surroundings, View } from '../../src/render/view.ts'
import { viewOf } from '../../src/render/view.ts'
import { type Clock, type Runtime, systemClock } from '../../src/runtime.ts'
import { listedSite } from '../../src/select/listed.ts'
import type { SelectionRules } from '../../src/select/rules.ts'
import type { CommandConfig } from '../../src/target/command.ts'

/** The nouns of the pipeline, made of what a test is about; everything else is ordinary. */

export function anInstance(given: Partial<Instance> = {}): Instance {
  return {
    id: 'node-1/web-1',
    node: 'node-1',
    address: '10.0.0.1',
    port: 8080,
    tags: [],
    meta: {},
    weight: 1,
    health: 'passing',
    createIndex: '10',
    ...given,
  }
}

export interface ServiceGiven {
  readonly name?: string
  readonly source?: string
  readonly tags?: readonly string[] // of every instance
  readonly instances?: number | readonly Partial<Instance>[]
}

/** `aService({ instances: 2 })`: 10.0.0.1:8080 and 10.0.0.2:8080, both passing. */
export function aService({ name = 'web', source = 'consul', tags = [], instances = 1 }: ServiceGiven = {}): Service {
  const given = typeof instances === 'number' ? Array.from({ length: instances }, () => ({})) : instances
  const made = given.map((instance, position) => {
    const number = position + 1
    return anInstance({ id: `node-${number}/${name}-${number}`, address: `10.0.0.${number}`, tags, ...instance })
  })
  const [service] = toServices(source, new Map([[name, made]]))
  return service as Service
}

export function aCatalog(...services: readonly (Service | Omit<ServiceGiven, 'source'>)[]): Catalog {
  const made = services.map(service => ('source' in service ? service : aService(service)))
  return { services: made.toSorted((a, b) => compare(a.name, b.name)), indexes: { consul: '7' } }
}

export function aSnapshot(given: Partial<Snapshot> = {}): Snapshot {
  return { source: 'consul', index: '7', services: [aService()], ...given }
}

export function someRules({ serverName, tags, ...given }: RulesGiven = {}): SelectionRules {
  return {
    health: ['passing'],
    reservedUpstreams: new Set(),
    resolved: new Map(),
    refusals: { loopback: false, self: undefined },
    onEmpty: '503',
    namesHosts: true,
    ...given,
    tags: { all: [], none: [], ...tags },
    serverName: { form: 'dotted', domain: 'flyclock.cn', longest: 253, ...serverName },
  }
}

type RulesGiven = Partial<Omit<SelectionRules, 'tags' | 'serverName'>> & {
  readonly tags?: Partial<SelectionRules['tags']>
  readonly serverName?: Partial<SelectionRules['serverName']>
}

export function aServer(given: Partial<UpstreamServer> = {}): UpstreamServer {
  const { address = '10.0.0.1', port = 8080 } = given
  const endpoint = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
  const id = `node-1/${endpoint}`
  return { address, port, endpoint, weight: 1, backup: false, id, node: 'node-1', tags: [], meta: {}, ...given }
}

/** `aSite('web', 3)`: 10.0.0.1:8080 to 10.0.0.3:8080 as web.flyclock.cn. */
export function aSite(service: string, servers: number | readonly UpstreamServer[], given: Partial<Site> = {}): Site {
  const made =
    typeof servers === 'number'
      ? Array.from({ length: servers }, (_, position) => aServer({ address: `10.0.0.${position + 1}` }))
      : servers
  return {
    service,
    serverNames: [`${service.replaceAll('-', '.')}.flyclock.cn`],
    tags: [],
    meta: {},
    upstream: { name: service, servers: made as unknown as NonEmpty<UpstreamServer> },
    ...given,
  }
}

/** What templates see, when they look at nothing but what is selected. */
export function aSeen(selection: Selection, given: Partial<Seen> = {}): Seen {
  return { selection, services: [], listed: [], known: new Map(), ...given }
}

export function aSelection(
  sites: readonly Site[],
  given: { readonly unavailable?: readonly string[]; readonly rejections?: Selection['rejections'] } = {},
): Selection {
  const unavailable = (given.unavailable ?? []).map(
    (service): Unavailable => ({ service, serverNames: [`${service}.flyclock.cn`] }),
  )
  return { sites, unavailable, rejections: given.rejections ?? [] }
}

export function aGeneration(files: Readonly<Record<string, string>>, selection = aSelection([])): Generation {
  return generationOf(
    Object.entries(files).map(([path, text]) => ({ path, text })),
    selection,
  )
}

export function someSurroundings({ nginx, ...given }: SurroundingsGiven = {}): Surroundings {
  return {
    domain: 'flyclock.cn',
    listen: '80',
    env: {},
    trustsCatalog: false,
    ...given,
    nginx: {
      version: '1.22.1',
      ownsDefaultServer: true,
      isShipped: false,
      hasKeepaliveMinTimeout: false,
      isRoot: true,
      ...nginx,
    },
  }
}

type SurroundingsGiven = Partial<Omit<Surroundings, 'nginx'>> & { readonly nginx?: Partial<NginxView> }

export function aView(sites: readonly Site[] = [aSite('web', 2)], given: SurroundingsGiven = {}): View {
  return viewOf(aSeen(aSelection(sites), { listed: sites.map(listedSite) }), someSurroundings(given))
}

/** A runtime that remembers what was emitted; its clock is the machine's unless another is given. */
export function aRuntime(clock: Clock = systemClock): { runtime: Runtime; events: Event[]; abort: () => void } {
  const events: Event[] = []
  const emit: Emit = event => void events.push(event)
  const ending = new AbortController()
  return { runtime: { clock, emit, signal: ending.signal }, events, abort: () => ending.abort('the test is over') }
}

/** A command of the user, as a shell reads it. */
export function aCommand(run: string): CommandConfig {
  return { run, timeout: 30_000, environment: { pristine: false, custom: [], allowlist: [], denylist: [] } }
}
