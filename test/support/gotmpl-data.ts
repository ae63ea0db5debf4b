import { type Answer, type HealthRow, type Query, queryId, type Row } from '../../src/model/query.ts'
import { serviceQuery } from '../../src/render/queries.ts'

/** What Consul and the disk hold, in the form of the recorded cases of consul-template. */
export interface Held {
  readonly service?: readonly Entries[]
  readonly connect?: readonly Entries[]
  readonly services?: readonly Entry[]
  readonly nodes?: readonly Row[]
  readonly node?: Readonly<Record<string, { readonly Node: Row; readonly Services: readonly Row[] }>>
  readonly kv?: Readonly<Record<string, string>>
  readonly pairs?: Readonly<Record<string, readonly Entry[]>>
  readonly files?: Readonly<Record<string, string>>
  readonly datacenters?: readonly string[]
  readonly caRoots?: readonly Row[]
}

interface Entries {
  readonly query: string
  readonly entries: readonly Entry[]
}

/** A struct of consul-template's, its fields by name. */
type Entry = Readonly<Record<string, unknown>>

/** As Consul would have answered; undefined as long as nothing of this kind is held. */
export function answerOf(query: Query, held: Held): Answer | undefined {
  switch (query.kind) {
    case 'service': {
      const known = query.connect ? held.connect : held.service
      const found = known?.find(({ query: text }) => queryId(serviceQuery(text, query.connect)) === queryId(query))
      return known && (found?.entries ?? []).map(healthRow)
    }
    case 'services':
      return held.services && Object.fromEntries(held.services.map(({ Name, Tags }) => [Name, Tags ?? []]))
    case 'node':
      return held.node && (held.node[query.name] ?? null)
    case 'key': {
      const value = held.kv?.[query.key]
      return value === undefined ? held.kv && null : keyRow(query.key, value)
    }
    case 'pairs':
      return (held.kv ?? held.pairs) && pairRows(query.prefix, held)
    case 'file':
      return held.files && (held.files[query.path] ?? null)
    case 'nodes':
    case 'datacenters':
    case 'caRoots':
      return held[query.kind]
    default:
      return undefined
  }
}

function healthRow(entry: Entry): HealthRow {
  const { Node, NodeID, NodeAddress, NodeTaggedAddresses, NodeMeta, Name, ServiceMeta, Status = 'passing' } = entry
  return {
    Node: { Node, ID: NodeID, Address: NodeAddress, TaggedAddresses: NodeTaggedAddresses, Meta: NodeMeta },
    Service: { ...entry, Service: Name, Meta: ServiceMeta, TaggedAddresses: entry.ServiceTaggedAddresses },
    Checks: [{ Status }],
  }
}

function pairRows(prefix: string, { kv = {}, pairs = {} }: Held): Row[] {
  const given = pairs[prefix]
  if (given === undefined) {
    const under = Object.entries(kv).filter(([path]) => path.startsWith(prefix))
    return under.map(([path, value]) => keyRow(path, value))
  }
  // The tests of consul-template give some pairs another path than the one they were asked for with.
  return given.map(({ Path, Key, Value }) => {
    const isBelow = String(Path).startsWith(prefix)
    return keyRow(isBelow ? String(Path) : `${prefix}/${Key}`, String(Value))
  })
}

function keyRow(key: string, value: string): Row {
  return { Key: key, Value: Buffer.from(value).toString('base64') }
}
