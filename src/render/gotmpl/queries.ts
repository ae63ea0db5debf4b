import { quote } from './quote.ts'
import { GoError } from './values.ts'

/** What a template asks of Consul or of the disk. Texts that were not given are empty. */
export type Query =
  | ServiceQuery
  | (Place & { readonly kind: 'services' })
  | (Place & { readonly kind: 'nodes'; readonly near: string })
  | (Place & { readonly kind: 'node'; readonly name: string }) // no name: the agent's own node
  | (Place & { readonly kind: 'key'; readonly key: string; readonly blocks: boolean })
  | (Place & { readonly kind: 'pairs'; readonly prefix: string })
  | { readonly kind: 'datacenters'; readonly ignoreFailing: boolean }
  | { readonly kind: 'peerings'; readonly partition: string }
  | { readonly kind: 'exportedServices' | 'importedServices'; readonly partition: string }
  | { readonly kind: 'partitions' | 'caRoots' }
  | { readonly kind: 'caLeaf'; readonly service: string }
  | { readonly kind: 'file'; readonly path: string }

export interface ServiceQuery extends Place {
  readonly kind: 'service'
  readonly connect: boolean
  readonly name: string
  readonly tag: string
  readonly near: string
  readonly filters: readonly string[]
  readonly peer: string
  readonly samenessGroup: string
}

interface Place {
  readonly datacenter: string
  readonly namespace: string
  readonly partition: string
}

const tag = '(?:(?<tag>[\\w=:.\\-]+)\\.)?'
const service = '(?<name>[\\w\\-]+)'
const node = '(?<name>[\\w.\\-]+)'
const options = '(?:\\?(?<query>[\\w\\-=&]+))?'
const datacenter = '(?:@(?<dc>[\\w.\\-]+))?'
const near = '(?:~(?<near>[\\w.\\-]+))?'
const filters = '(?:\\|(?<filter>[\\w,]+))?'
const path = '\\/?(?<path>[^@?]+)'

const grammar = {
  service: new RegExp(`^${tag}${service}${options}${datacenter}${near}${filters}$`),
  services: new RegExp(`^${options}${datacenter}$`),
  nodes: new RegExp(`^${options}${datacenter}${near}$`),
  node: new RegExp(`^(?:${node}${options}${datacenter})?$`),
  path: new RegExp(`^(?:${path}${options}${datacenter})?$`),
  peerings: new RegExp(`^${options}$`),
}

const states = ['any', 'passing', 'warning', 'critical', 'maintenance']

/** `[tag.]name[?query][@dc][~near][|filters]`. Errors call it health.service, with Connect too. */
export function serviceQuery(text: string, connect = false): ServiceQuery {
  const { parts, parameters, place } = read('health.service', grammar.service, text)
  const given = (parts.filter ?? '').split(',').filter(filter => filter !== '')
  const unknown = given.find(filter => !states.includes(filter))
  if (unknown !== undefined) {
    throw new GoError(`health.service: invalid filter: ${quote(unknown)} in ${quote(text)}`)
  }
  const [peer, samenessGroup] = [parameters('peer'), parameters('sameness-group')]
  if (peer !== '' && samenessGroup !== '') {
    throw new GoError('health.service: cannot specify both peer and sameness-group')
  }
  return {
    kind: 'service',
    connect,
    name: parts.name ?? '',
    tag: parts.tag ?? '',
    near: parts.near ?? '',
    filters: parts.filter === undefined ? ['passing'] : given.sort(),
    peer,
    samenessGroup,
    ...place,
  }
}

/** `[?query][@dc]` */
export function servicesQuery(text: string): Query {
  return { kind: 'services', ...read('catalog.services', grammar.services, text).place }
}

/** `[?query][@dc][~near]` */
export function nodesQuery(text: string): Query {
  const { parts, place } = read('catalog.nodes', grammar.nodes, text)
  return { kind: 'nodes', near: parts.near ?? '', ...place }
}

/** `[name][?query][@dc]` */
export function nodeQuery(text: string): Query {
  const { parts, place } = read('catalog.node', grammar.node, text)
  return { kind: 'node', name: parts.name ?? '', ...place }
}

/** `path[?query][@dc]`; `key` blocks until there is one, keyExists and keyOrDefault do not: two queries. */
export function keyQuery(text: string, blocks: boolean): Query {
  const { parts, place } = read('kv.get', grammar.path, text)
  return { kind: 'key', key: parts.path ?? '', blocks, ...place }
}

/** `path[?query][@dc]`, for `ls` and `tree` and their safe twins. */
export function pairsQuery(text: string): Query {
  const { parts, place } = read('kv.list', grammar.path, text)
  return { kind: 'pairs', prefix: parts.path ?? '', ...place }
}

/** `[?partition=x]` */
export function peeringsQuery(text: string): Query {
  return { kind: 'peerings', partition: read('list.peering', grammar.peerings, text).place.partition }
}

/** What names a query in logs and tells two queries apart, as consul-template spells it. */
export function queryId(query: Query): string {
  switch (query.kind) {
    case 'service':
      return `health.${query.connect ? 'connect' : 'service'}(${serviceId(query)})`
    case 'services':
      return named('catalog.services', where(query))
    case 'nodes':
      return named('catalog.nodes', where(query) + marked('~', query.near))
    case 'node':
      return named('catalog.node', query.name + where(query))
    case 'key':
      return `kv.${query.blocks ? 'block' : 'get'}(${query.key}${where(query)})`
    case 'pairs':
      return `kv.list(${query.prefix}${where(query)})`
    case 'datacenters':
      return 'catalog.datacenters' // of `datacenters` and `datacenters true` the first in the template wins
    case 'peerings':
      return `list.peerings${marked('?partition=', query.partition)}`
    case 'exportedServices':
    case 'importedServices':
      return `list.${query.kind}(${query.partition})`
    case 'partitions':
      return 'list.partitions'
    case 'caRoots':
      return 'connect.caroots'
    case 'caLeaf':
      return named('connect.caleaf', query.service)
    case 'file':
      return `file(${query.path})`
  }
}

function serviceId(query: ServiceQuery): string {
  return [
    marked('', query.tag, '.'),
    query.name,
    where(query),
    marked('@peer=', query.peer),
    marked('@sameness-group=', query.samenessGroup),
    marked('~', query.near),
    marked('|', query.filters.join(',')),
  ].join('')
}

function where({ datacenter, partition, namespace }: Place): string {
  return marked('@', datacenter) + marked('@partition=', partition) + marked('@ns=', namespace)
}

function marked(before: string, text: string, after = ''): string {
  return text === '' ? '' : before + text + after
}

function named(name: string, details: string): string {
  return details === '' ? name : `${name}(${details})`
}

function read(endpoint: string, pattern: RegExp, text: string) {
  const match = pattern.exec(text)
  if (match === null) throw new GoError(`${endpoint}: invalid format: ${quote(text)}`)

  const parts: Record<string, string | undefined> = match.groups ?? {}
  const parameters = parametersOf(endpoint, parts.query ?? '')
  const place = { datacenter: parts.dc ?? '', namespace: parameters('ns'), partition: parameters('partition') }
  return { parts, parameters, place }
}

const known = ['ns', 'peer', 'partition', 'sameness-group']

/** The first value of a key counts, as in Go. The grammar leaves nothing that would have to be decoded. */
function parametersOf(endpoint: string, query: string): (key: string) => string {
  const values = new Map<string, string>()
  for (const pair of query.split('&').filter(pair => pair !== '')) {
    const [key = '', ...rest] = pair.split('=')
    if (!known.includes(key)) {
      const reason = `invalid query parameter key ${quote(key)} in query ${quote(query)}`
      throw new GoError(`${endpoint}: ${reason}: supported keys: ${known.join(',')}`)
    }
    if (!values.has(key)) values.set(key, rest.join('='))
  }
  return key => values.get(key) ?? ''
}
