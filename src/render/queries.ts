import type { Kind, Query, ServiceQuery } from '../model/query.ts'

type Quote = (text: string) => string

/** A query that is none, in consul-template's words. */
export class QueryError extends Error {
  /** The same with texts quoted as some language quotes them. */
  readonly quotedBy: (quote: Quote) => string

  constructor(say: (quote: Quote) => string) {
    super(say(JSON.stringify))
    this.quotedBy = say
  }
}

type QueryOf<K extends Kind> = Query & { readonly kind: K }

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
    throw new QueryError(quote => `health.service: invalid filter: ${quote(unknown)} in ${quote(text)}`)
  }
  const [peer, samenessGroup] = [parameters('peer'), parameters('sameness-group')]
  if (peer !== '' && samenessGroup !== '') {
    throw new QueryError(() => 'health.service: cannot specify both peer and sameness-group')
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
export function servicesQuery(text: string): QueryOf<'services'> {
  return { kind: 'services', ...read('catalog.services', grammar.services, text).place }
}

/** `[?query][@dc][~near]` */
export function nodesQuery(text: string): QueryOf<'nodes'> {
  const { parts, place } = read('catalog.nodes', grammar.nodes, text)
  return { kind: 'nodes', near: parts.near ?? '', ...place }
}

/** `[name][?query][@dc]` */
export function nodeQuery(text: string): QueryOf<'node'> {
  const { parts, place } = read('catalog.node', grammar.node, text)
  return { kind: 'node', name: parts.name ?? '', ...place }
}

/** `path[?query][@dc]`; `key` blocks until there is one, keyExists and keyOrDefault do not: two queries. */
export function keyQuery(text: string, blocks: boolean): QueryOf<'key'> {
  const { parts, place } = read('kv.get', grammar.path, text)
  return { kind: 'key', key: parts.path ?? '', blocks, ...place }
}

/** `path[?query][@dc]`, for `ls` and `tree` and their safe twins. */
export function pairsQuery(text: string): QueryOf<'pairs'> {
  const { parts, place } = read('kv.list', grammar.path, text)
  return { kind: 'pairs', prefix: parts.path ?? '', ...place }
}

/** `[?partition=x]` */
export function peeringsQuery(text: string): QueryOf<'peerings'> {
  return { kind: 'peerings', partition: read('list.peering', grammar.peerings, text).place.partition }
}

function read(endpoint: string, pattern: RegExp, text: string) {
  const match = pattern.exec(text)
  if (match === null) throw new QueryError(quote => `${endpoint}: invalid format: ${quote(text)}`)

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
      const supported = `supported keys: ${known.join(',')}`
      throw new QueryError(quote => {
        return `${endpoint}: invalid query parameter key ${quote(key)} in query ${quote(query)}: ${supported}`
      })
    }
    if (!values.has(key)) values.set(key, rest.join('='))
  }
  return key => values.get(key) ?? ''
}
