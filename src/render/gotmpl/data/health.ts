import type { HealthRow } from '../../../model/query.ts'
import { SERVICES } from '../functions/types.ts'
import { compareText } from '../order.ts'
import { Slice, type Struct } from '../values.ts'
import { aggregatedStatus, checks } from './check.ts'
import { owned } from './owner.ts'
import { int, map, rowOf, struct, structOf, tags, text, textMap } from './read.ts'
import { remembered } from './remembered.ts'

/** What `service` and `connect` give back of an answer: those the filters accept, by node and ID unless Consul sorted them. */
export function healthServices(
  rows: readonly HealthRow[],
  { name, filters, near }: { readonly name: string; readonly filters: readonly string[]; readonly near: string },
): Slice {
  // One empty answer may stand for whatever is not there: nothing is remembered of it, or it would never end.
  if (rows.length === 0) return owned(name, new Slice(SERVICES, []))
  return chosen(rows, JSON.stringify([name, near === '', ...filters]))
}

const chosen = remembered((rows: readonly HealthRow[], detail) => {
  const [name, isSorted, ...filters]: [string, boolean, ...string[]] = JSON.parse(detail)
  const accepted = rows
    .map(row => healthService(row))
    .filter(service => filters.includes('any') || filters.includes(textOf(service, 'Status')))
  return owned(name, new Slice(SERVICES, isSorted ? accepted.sort(byNodeThenId) : accepted))
})

export const healthService = remembered((row: HealthRow): Struct => {
  const [node, service] = [rowOf(row.Node), rowOf(row.Service)]
  const name = text(service.Service)
  const made = structOf('*dependency.HealthService', {
    Node: text(node.Node),
    NodeID: text(node.ID),
    NodeAddress: text(node.Address),
    NodeTaggedAddresses: textMap(node.TaggedAddresses),
    NodeMeta: textMap(node.Meta),
    ServiceMeta: textMap(service.Meta),
    Address: text(service.Address) || text(node.Address),
    ServiceTaggedAddresses: serviceAddresses(service.TaggedAddresses),
    ID: text(service.ID),
    Name: name,
    Tags: tags(service.Tags),
    Checks: checks(row.Checks),
    Status: aggregatedStatus(row.Checks),
    Port: int(service.Port),
    Weights: weights(service.Weights),
  })
  return owned(name, made)
})

const serviceAddresses = map(
  'map[string]api.ServiceAddress',
  struct('api.ServiceAddress', { Address: text, Port: int }),
)

const weights = struct('api.AgentWeights', { Passing: int, Warning: int })

function byNodeThenId(one: Struct, other: Struct): number {
  return compareText(textOf(one, 'Node'), textOf(other, 'Node')) || compareText(textOf(one, 'ID'), textOf(other, 'ID'))
}

function textOf({ fields }: Struct, name: string): string {
  const value = fields.get(name)
  return typeof value === 'string' ? value : ''
}
