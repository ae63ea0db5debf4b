/** What templates ask for beyond the services that are selected. */

/** What is asked of Consul or of the disk. Texts that were not given are empty. */
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
  readonly filters: readonly string[] // sorted; `passing` alone when none were given
  readonly peer: string
  readonly samenessGroup: string
}

export interface Place {
  readonly datacenter: string
  readonly namespace: string
  readonly partition: string
}

export type Kind = Query['kind']

/**
 * What the answers look like: Consul's own JSON, its fields by their names there; of a row, fields may be missing that
 * this Consul does not know, and there may be more. Null: asked, and there is none.
 */
export interface Answers {
  readonly service: readonly HealthRow[] // GET /v1/health/service/:name, health/connect/:name; all that the filters let through
  readonly services: Readonly<Record<string, readonly string[]>> // GET /v1/catalog/services
  readonly nodes: readonly Row[] // GET /v1/catalog/nodes
  readonly node: { readonly Node: Row; readonly Services: readonly Row[] } | null // GET /v1/catalog/node-services/:name
  readonly key: Row | null // the first of GET /v1/kv/:key; its Value is base64
  readonly pairs: readonly Row[] // GET /v1/kv/:prefix?recurse
  readonly datacenters: readonly string[] // GET /v1/catalog/datacenters
  readonly peerings: readonly Row[] // GET /v1/peerings
  readonly exportedServices: readonly Row[] // GET /v1/exported-services
  readonly importedServices: readonly Row[] // GET /v1/imported-services
  readonly partitions: readonly Row[] // GET /v1/partitions
  readonly caRoots: readonly Row[] // Roots of GET /v1/agent/connect/ca/roots
  readonly caLeaf: Row | null // GET /v1/agent/connect/ca/leaf/:service
  readonly file: string | null // the whole text
}

export type Row = Readonly<Record<string, unknown>>

export interface HealthRow {
  readonly Node: Row
  readonly Service: Row
  readonly Checks: readonly Row[]
}

export type Answer = Answers[Kind]

/** What is known of what was asked for, by `queryId`; the same object as long as nothing of it changes. */
export type Known = ReadonlyMap<string, Answer>

/** Seam: what is known beside the catalog, as far as somebody wants to know it. */
export interface Lookups {
  /** These are asked for now, all of them; what is no longer asked for is forgotten after a while. */
  want(queries: readonly Query[]): void
  /**
   * The last answer; undefined as long as there has been none. The same object until it changes, so that it can be
   * compared. What fails leaves the last answer as it was.
   */
  answer<K extends Kind>(query: Query & { readonly kind: K }): Answers[K] | undefined
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
