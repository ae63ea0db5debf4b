import { createHash } from 'node:crypto'
import { type Catalog, compare, type Instance, type Service } from '../model/catalog.ts'
import { quote } from '../model/quote.ts'
import type {
  NonEmpty,
  Rejection,
  Selection,
  Site,
  Unavailable,
  UpstreamServer,
  VisibleService,
} from '../model/selection.ts'
import { parseAddress } from './address.ts'
import type { SelectionRules } from './rules.ts'
import { type Claim, problemOf, settle, wantedNames } from './server-name.ts'
import { serversFrom, visibleInstances } from './servers.ts'

/** What is to be proxied, what is not and why. Pure; the order of the catalog does not matter. */
export function select(catalog: Catalog, rules: SelectionRules, live: Selection | undefined): Selection {
  const rejections: Rejection[] = []
  const found = catalog.services.map(service => candidateOf(service, rules))
  for (const { rejections: own } of found) rejections.push(...own)
  const candidates = found.flatMap(({ candidate }) => candidate ?? []).sort(byService)
  const named = nameAll(candidates, live, rejections)

  const sites: Site[] = []
  const unavailable: Unavailable[] = []
  const upstreamName = upstreamNames(rules.reservedUpstreams)
  for (const { candidate, serverNames } of named) {
    const { service, servers } = candidate
    if (isNonEmpty(servers)) sites.push(siteOf(candidate, serverNames, upstreamName(service), servers))
    else unavailable.push({ service, serverNames })
  }
  // What is dropped has its say about host names all the same: an older claim is not lost by being down.
  return { sites, unavailable: rules.onEmpty === 'drop' ? [] : unavailable, rejections: rejections.sort(byService) }
}

/** Everything chosen by health, whatever its tags, with the same checks on every value. */
export function visibleServices(catalog: Catalog, rules: SelectionRules): VisibleService[] {
  return catalog.services
    .filter(({ name }) => isServiceName(name))
    .map(({ name, instances }) => {
      const visible = visibleInstances(name, instances.filter(isHealthy(rules)), rules)
      return { name, tags: [...new Set(visible.flatMap(({ tags }) => tags))].sort(compare), instances: visible }
    })
}

/** The host names that instances give as their address, to be resolved before `select`: of the selected ones, or of all. */
export function hostNamesOf(catalog: Catalog, rules: Pick<SelectionRules, 'tags'>, ofAll: boolean): Set<string> {
  const names = new Set<string>()
  for (const service of catalog.services) {
    for (const [instance, name] of hostNamesIn(service)) if (ofAll || isWanted(rules)(instance)) names.add(name)
  }
  return names
}

const namesIn = new WeakMap<Service, readonly (readonly [Instance, name: string])[]>()

function hostNamesIn(service: Service) {
  const before = namesIn.get(service)
  if (before !== undefined) return before
  const found = service.instances.flatMap(instance => {
    const parsed = parseAddress(instance.address)
    return parsed.kind === 'name' ? [[instance, parsed.name] as const] : []
  })
  namesIn.set(service, found)
  return found
}

/** An instance must carry all wanted tags itself, and none of the unwanted ones. */
export function isWanted({ tags }: Pick<SelectionRules, 'tags'>): (instance: Instance) => boolean {
  return instance =>
    tags.all.every(tag => instance.tags.includes(tag)) && !tags.none.some(tag => instance.tags.includes(tag))
}

interface Candidate {
  readonly service: string
  readonly names: readonly string[] // valid ones it asks for
  readonly createIndex: bigint
  readonly servers: readonly UpstreamServer[]
}

/** What becomes of one service by itself. */
interface Found {
  readonly candidate: Candidate | undefined
  readonly rejections: readonly Rejection[]
}

/** A service that did not change gives what it gave under the same rules: most are the same from change to change. */
const known = new WeakMap<SelectionRules, WeakMap<Service, Found>>()

function candidateOf(service: Service, rules: SelectionRules): Found {
  const before = known.get(rules) ?? new WeakMap<Service, Found>()
  known.set(rules, before)
  const rejections: Rejection[] = []
  const found = before.get(service) ?? { candidate: examine(service, rules, rejections), rejections }
  before.set(service, found)
  return found
}

/** The same for what is made of a candidate. */
const made = new WeakMap<Candidate, Site>()

function siteOf(
  candidate: Candidate,
  serverNames: NonEmpty<string>,
  upstream: string,
  servers: NonEmpty<UpstreamServer>,
): Site {
  const before = made.get(candidate)
  if (before?.upstream.name === upstream && areSame(before.serverNames, serverNames)) return before
  const site: Site = {
    service: candidate.service,
    serverNames,
    tags: [...new Set(servers.flatMap(server => server.tags))].sort(compare),
    meta: agreed(servers),
    upstream: { name: upstream, servers },
  }
  made.set(candidate, site)
  return site
}

function areSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, at) => text === b[at])
}

function isNonEmpty<T>(list: readonly T[]): list is NonEmpty<T> {
  return list.length > 0
}

function examine(service: Service, rules: SelectionRules, rejections: Rejection[]): Candidate | undefined {
  // Consul's own servers register themselves: nobody proxies to them, and they are back first after a loss of everything.
  if (service.source === 'consul' && service.name === 'consul') return undefined
  const wanted = service.instances.filter(isWanted(rules)).sort((a, b) => compare(a.id, b.id))
  if (wanted.length === 0) return undefined
  if (!isServiceName(service.name)) {
    const detail = `${quote(service.name)} is not a name of letters, digits, ".", "_" and "-" (at most 127)`
    rejections.push({ service: service.name, reason: 'invalid_service_name', detail })
    return undefined
  }

  const healthy = wanted.filter(isHealthy(rules))
  if (healthy.length === 0) {
    const states = [...new Set(wanted.map(instance => instance.health))].sort(compare).join(', ')
    const detail = `none of its ${wanted.length} instances is ${rules.health.join(' or ')} (they are: ${states})`
    rejections.push({ service: service.name, reason: 'no_healthy_instance', detail })
  }
  const checked = serversFrom(service.name, healthy, rules)
  rejections.push(...checked.rejections)

  const asked = rules.namesHosts
    ? wantedNames(service.name, healthy.length > 0 ? healthy : wanted, rules.serverName)
    : [service.name]
  const names = asked.filter(name => {
    if (!rules.namesHosts) return true
    const problem = problemOf(name, rules.serverName)
    if (problem !== undefined)
      rejections.push({ service: service.name, reason: 'invalid_server_name', detail: problem })
    return problem === undefined
  })
  const createIndex = wanted.map(instance => BigInt(instance.createIndex)).reduce((a, b) => (a < b ? a : b))
  return { service: service.name, names, createIndex, servers: checked.servers }
}

/** Gives each candidate the names it may have; one that is left without any is out. */
function nameAll(candidates: readonly Candidate[], live: Selection | undefined, rejections: Rejection[]) {
  const claims: Claim[] = candidates.flatMap(({ service, names, createIndex }) =>
    names.map(name => ({ service, name, createIndex })),
  )
  const winners = settle(claims, holdersOf(live))
  return candidates.flatMap(candidate => {
    const mine = candidate.names.filter(name => {
      const winner = winners.get(name)
      if (winner === candidate.service) return true

      const detail = `${name} belongs to service ${winner}`
      rejections.push({ service: candidate.service, reason: 'server_name_taken', detail })
      return false
    })
    const [first, ...others] = mine
    return first === undefined
      ? []
      : [{ candidate, serverNames: [first, ...others] satisfies NonEmpty<string> as NonEmpty<string> }]
  })
}

function holdersOf(live: Selection | undefined): Map<string, string> {
  const holders = new Map<string, string>()
  for (const { service, serverNames } of [...(live?.sites ?? []), ...(live?.unavailable ?? [])]) {
    for (const name of serverNames) holders.set(name, service)
  }
  return holders
}

/** nginx compares upstream names without case; a second claimant gets a suffix made from its exact name. */
function upstreamNames(reserved: ReadonlySet<string>): (service: string) => string {
  const taken = new Set(reserved)
  return service => {
    const plain = service.toLowerCase()
    let name = plain
    // Somebody may have registered the very name that the suffix makes, so one try is not enough.
    for (let salt = ''; taken.has(name); salt += '+') name = `${plain}-${shortHash(service + salt)}`
    taken.add(name)
    return name
  }
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8)
}

function agreed(servers: readonly UpstreamServer[]): Record<string, string> {
  const meta: Record<string, string> = Object.create(null)
  for (const [key, value] of Object.entries(servers[0]?.meta ?? {})) {
    if (servers.every(server => server.meta[key] === value)) meta[key] = value
  }
  return meta
}

export function isHealthy({ health }: SelectionRules): (instance: Instance) => boolean {
  return instance => health.includes(instance.health)
}

export function isServiceName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,126}$/.test(name)
}

function byService(a: { readonly service: string }, b: { readonly service: string }): number {
  return compare(a.service, b.service)
}
