import { isIPv6 } from 'node:net'
import { type Catalog, compare, type Instance, type Service } from '../model/catalog.ts'
import type { Answer, Answers, HealthRow, Kind, Row } from '../model/query.ts'
import type { ListedService, Selection, Site, UpstreamServer } from '../model/selection.ts'
import { parseAddress } from './address.ts'
import type { SelectionRules } from './rules.ts'
import { isHealthy, isServiceName, isWanted } from './select.ts'
import { checkInstance, isPort } from './servers.ts'

/** Every service as it is registered. */
export function listServices({ services }: Catalog): ListedService[] {
  return services.map(service => {
    const before = asRegistered.get(service)
    if (before !== undefined) return before
    const listed = {
      ...of(
        service.name,
        service.instances.map(instance => rowOf(service.name, instance)),
      ),
      tags: service.tags,
      isNamed: true,
    }
    asRegistered.set(service, listed)
    return listed
  })
}

const asRegistered = new WeakMap<Service, ListedService>()

/**
 * The same for nginx's configuration: addresses and ports are checked, and whatever else holds syntax of nginx's is not
 * there. What is selected is as it is selected: whoever is held, or kept, passes still.
 */
export function listChecked({ services }: Catalog, rules: SelectionRules, { sites }: Selection): ListedService[] {
  const selected = new Map(sites.map(site => [site.service, site]))
  const listed = services
    .filter(({ name }) => isServiceName(name))
    .map(service => {
      const site = selected.get(service.name)
      selected.delete(service.name)
      return checkedOf(service, rules, site)
    })
  // What is left is not registered any more, and goes on all the same.
  return [...listed, ...[...selected.values()].map(listedSite)].sort((a, b) => compare(a.name, b.name))
}

/** A site that nothing else is known of. */
export function listedSite(site: Site): ListedService {
  return of(
    site.service,
    site.upstream.servers.map(server => rowOfServer(site.service, server)),
  )
}

interface Checked {
  readonly site: Site | undefined
  readonly listed: ListedService
}

const checked = new WeakMap<SelectionRules, WeakMap<Service, Checked>>()

function checkedOf(service: Service, rules: SelectionRules, site: Site | undefined): ListedService {
  const known = checked.get(rules) ?? new WeakMap<Service, Checked>()
  checked.set(rules, known)
  const before = known.get(service)
  if (before !== undefined && before.site === site) return before.listed
  const listed = of(service.name, rowsOf(service, rules, site))
  known.set(service, { site, listed })
  return listed
}

function rowsOf(service: Service, rules: SelectionRules, site: Site | undefined): HealthRow[] {
  const isChosen = (instance: Instance) => isHealthy(rules)(instance) && isWanted(rules)(instance)
  const others = site === undefined ? service.instances : service.instances.filter(instance => !isChosen(instance))
  const servers = new Set(site?.upstream.servers.map(({ endpoint }) => endpoint))
  const beside = others.flatMap(instance =>
    checkInstance(service.name, instance, rules)
      .servers.filter(({ endpoint }) => !servers.has(endpoint))
      .map(server => checkedRow(rowOf(service.name, instance), server)),
  )
  if (site === undefined) return beside
  const byId = new Map(service.instances.map(instance => [instance.id, instance]))
  const selected = site.upstream.servers.map(server => {
    const instance = byId.get(server.id)
    if (instance === undefined) return rowOfServer(service.name, server)
    const row = checkedRow(rowOf(service.name, instance), server)
    return isHealthy(rules)(instance) ? row : { ...row, Checks: [] } // held or kept
  })
  return [...selected, ...beside]
}

function of(name: string, rows: readonly HealthRow[]): ListedService {
  const tags = rows.flatMap(({ Service }) => (Service.Tags ?? []) as readonly string[])
  const isNamed = rows.some(({ Checks }) => Checks.every(({ Status }) => Status === 'passing'))
  return { name, tags: [...new Set(tags)].sort(compare), rows, isNamed }
}

/** As Consul would say it, where another source said it, or nobody kept it. */
function rowOf(service: string, instance: Instance): HealthRow {
  if (instance.row !== undefined) return instance.row
  const { node, address, health } = instance
  const id = instance.id.startsWith(`${node}/`) ? instance.id.slice(node.length + 1) : instance.id
  const maintenance = health === 'maintenance'
  const check = {
    Node: node,
    CheckID: maintenance ? `_service_maintenance:${id}` : 'health',
    Status: maintenance ? 'critical' : health,
    ServiceID: id,
  }
  return {
    Node: { Node: node, Address: address },
    Service: { ...serviceOf(service, instance), ID: id, Address: address },
    Checks: health === 'passing' ? [] : [check],
  }
}

function rowOfServer(service: string, server: UpstreamServer): HealthRow {
  const { node, address } = server
  const row = {
    Node: { Node: node, Address: address },
    Service: serviceOf(service, server),
    Checks: [],
  }
  return checkedRow(row, server)
}

function serviceOf(service: string, { id, tags, meta, port, weight }: Instance | UpstreamServer): Row {
  return { ID: id, Service: service, Tags: tags, Meta: meta, Port: port, Weights: { Passing: weight, Warning: weight } }
}

/**
 * What others registered elsewhere, as it may be shown for nginx's configuration: of services those with an IP address.
 * Keys and files are the operator's own, and stay as they are.
 */
export function checkedAnswer(kind: Kind, answer: Answer): Answer {
  if (typeof answer !== 'object' || answer === null || owned.has(kind)) return answer
  const before = answers.get(answer)
  if (before !== undefined) return before
  const clean = checkedOfKind(kind, answer)
  answers.set(answer, clean)
  return clean
}

/** Services have names, and addresses, of the shape that those here must have, too. */
function checkedOfKind(kind: Kind, answer: Answer): Answer {
  if (kind === 'service') return (answer as Answers['service']).flatMap(remoteRow)
  const clean = harmlessValue(answer) as Answer
  if (kind === 'services')
    return Object.fromEntries(Object.entries(clean as Answers['services']).filter(([name]) => isServiceName(name)))
  if (kind !== 'node') return clean
  const node = clean as NonNullable<Answers['node']>
  return { ...node, Services: node.Services.flatMap(serviceOfNode) }
}

const owned: ReadonlySet<Kind> = new Set(['key', 'pairs', 'file', 'caRoots', 'caLeaf'])
const answers = new WeakMap<object, Answer>()

/** No address is that of the node. */
function serviceOfNode(row: Row): Row[] {
  const address = String(row.Address ?? '')
  const parsed = parseAddress(address)
  if (!isServiceName(String(row.Service)) || (address !== '' && parsed.kind !== 'ip')) return []
  return [parsed.kind === 'ip' ? { ...row, Address: bracketed(parsed.address) } : row]
}

function remoteRow(row: HealthRow): HealthRow[] {
  const { Service, Address, Port } = row.Service
  const parsed = parseAddress(String(Address === '' ? row.Node.Address : Address))
  if (!isServiceName(String(Service)) || parsed.kind !== 'ip' || !isPort(Port)) return []
  return [checkedRow(row, { address: parsed.address, port: Port })]
}

function checkedRow(
  { Node, Service, Checks }: HealthRow,
  { address, port }: Pick<UpstreamServer, 'address' | 'port'>,
): HealthRow {
  const node = harmless(Node)
  return {
    Node: { ...node, Address: bracketed(String(node.Address ?? '')) },
    Service: { ...harmless(Service), Address: bracketed(address), Port: port },
    Checks: Checks.map(harmless),
  }
}

/** An IPv6 address, so that a port can stand behind it. */
function bracketed(address: string): string {
  return isIPv6(address) ? `[${address}]` : address
}

/** Without texts, and entries of maps, that end an argument of nginx's or a quoted one, or mean more than they say. */
function harmless(row: Row): Row {
  const entries = Object.entries(row).flatMap(([key, value]) => {
    const clean = isHarmless(key) ? harmlessValue(value) : undefined
    return clean === undefined ? [] : [[key, clean]]
  })
  return Object.fromEntries(entries)
}

function harmlessValue(value: unknown): unknown {
  if (typeof value === 'string') return isHarmless(value) ? value : undefined
  if (Array.isArray(value)) return value.map(harmlessValue).filter(item => item !== undefined)
  return typeof value === 'object' && value !== null ? harmless(value as Row) : value
}

/**
 * Has it no character that ends an argument of nginx's, or a quoted one, or that nginx takes for more than it says? Where
 * an argument begins with `~` it is a regular expression, and templates cut: of `urlprefix-~.` they print what is behind
 * the `-`. Behind a letter or a digit, as in `1.2~rc1`, nobody cuts.
 */
export function isHarmless(text: string): boolean {
  return !/[^\P{Z} ]|[\p{C};{}"'\\$#]|(?<![\p{L}\p{N}])~/u.test(text)
}
