import type { Answers, Row } from '../../../model/query.ts'
import { SNIPPETS } from '../functions/types.ts'
import { compareText } from '../order.ts'
import { Nil, Slice, type Struct } from '../values.ts'
import { owned } from './owner.ts'
import { bool, int, struct, structOf, tags, text, textMap } from './read.ts'
import { remembered } from './remembered.ts'

export const snippets = remembered((services: Answers['services']) => {
  const names = Object.keys(services).sort(compareText)
  const made = names.map(name => snippet(services[name] ?? [], name))
  return new Slice(SNIPPETS, made, made.length === 0)
})

const snippet = remembered((given: readonly string[], name) =>
  owned(name, structOf('*dependency.CatalogSnippet', { Name: text(name), Tags: tags(given) })),
)

export const NODES = '[]*dependency.Node'

/** `unsorted`: Consul has sorted them by how near they are. */
export const nodes = remembered((rows: readonly Row[], unsorted) => {
  const made = unsorted === '' ? rows.toSorted(by('Node', 'Address')) : rows
  return new Slice(
    NODES,
    made.map(row => node(row)),
  )
})

const node = remembered(
  struct('*dependency.Node', {
    ID: text,
    Node: text,
    Address: text,
    Datacenter: text,
    TaggedAddresses: textMap,
    Meta: textMap,
  }),
)

const NODE_SERVICES = '[]*dependency.CatalogNodeService'

export const catalogNode = remembered((answer: NonNullable<Answers['node']>) => {
  const services = answer.Services.toSorted(by('Service', 'ID')).map(row => nodeService(row))
  return catalogNodeOf(node(answer.Node), new Slice(NODE_SERVICES, services))
})

/** What `node` gives back when Consul knows no such node. */
export const noNode = catalogNodeOf(new Nil('*dependency.Node'), new Slice(NODE_SERVICES, [], true))

function catalogNodeOf(node: Struct | Nil, services: Slice): Struct {
  return structOf('*dependency.CatalogNode', { Node: node, Services: services })
}

const nodeServiceFields = struct('*dependency.CatalogNodeService', {
  ID: text,
  Service: text,
  Tags: tags,
  Meta: textMap,
  Port: int,
  Address: text,
  EnableTagOverride: bool,
})

const nodeService = remembered((row: Row) => owned(text(row.Service), nodeServiceFields(row)))

/** The order of rows by these fields, the first one first. */
export function by(...names: readonly string[]): (one: Row, other: Row) => number {
  return (one, other) => {
    for (const name of names) {
      const order = compareText(text(one[name]), text(other[name]))
      if (order !== 0) return order
    }
    return 0
  }
}
