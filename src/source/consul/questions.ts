import { z } from 'zod'
import { UpstreamdError } from '../../errors.ts'
import type { Interest } from '../source.ts'
import type { Question } from './answer.ts'
import { entriesOf, Remembered, rowsOf } from './rows.ts'
import {
  Check,
  Checks,
  Entries,
  Node,
  NodeService,
  NodeServices,
  Nodes,
  ServiceNames,
  serviceName,
  whole,
} from './wire.ts'

/** The three tables: together they see every change (facts). */
export const services: Question<ServiceNames> = {
  path: '/catalog/services',
  schema: ServiceNames,
  rows: entriesOf(serviceName),
  // A Consul that answers is a service itself.
  refuse: names => (names.length > 0 ? undefined : nothing('service')),
}

export const checks = checksAs(Check)
export const nodes = nodesAs(Node)

function checksAs(row: z.ZodType<Checks[number]>): Question<Checks> {
  const schema = z.array(row)
  return { path: '/health/state/any', schema, rows: rowsOf(row, schema, (_, rows) => rows) }
}

function nodesAs(row: z.ZodType<Nodes[number]>): Question<Nodes> {
  const schema = z.array(row)
  return {
    path: '/catalog/nodes',
    schema,
    rows: rowsOf(row, schema, (_, rows) => rows),
    // … and a node.
    refuse: nodes => (nodes.length > 0 ? undefined : nothing('node')),
  }
}

export interface TableQuestions {
  readonly services: Question<ServiceNames>
  readonly checks: Question<Checks>
  readonly nodes: Question<Nodes>
}

/** The same for one attempt: long answers are remembered from one to the next; with as much of the rows as is wanted. */
export function tableQuestions({ inFull, checksInFull }: Pick<Interest, 'inFull' | 'checksInFull'>): TableQuestions {
  return {
    services: { ...services, remembered: new Remembered() },
    checks: { ...(checksInFull ? checksAs(whole.Check) : checks), remembered: new Remembered() },
    nodes: { ...(inFull ? nodesAs(whole.Node) : nodes), remembered: new Remembered() },
  }
}

/** Where these tables stand now: a filter that nothing passes leaves only the header. */
export const checkIndex: Question<Checks> = { path: checks.path, schema: Checks, filter: 'CheckID == ""' }
export const nodeIndex: Question<Nodes> = { path: nodes.path, schema: Nodes, filter: 'Node == ""' }

const serviceRows = rowsOf(NodeService, NodeServices, (frame, Services) => frame && { ...frame, Services })
const wholeRows = rowsOf(whole.NodeService, whole.NodeServices, (frame, Services) => frame && { ...frame, Services })

/** All services of one node; of none when Consul does not know it. */
export function servicesOf(node: string, remembered: Remembered, inFull = false): Question<NodeServices> {
  return {
    path: '/catalog/node-services/{node}',
    schema: inFull ? whole.NodeServices : NodeServices,
    rows: inFull ? wholeRows : serviceRows,
    remembered,
    params: { node },
  }
}

/** The same of one that is listed for certain: the token may not read it; that it has no services is not said. */
export function ofListed(question: Question<NodeServices>): Question<NodeServices> {
  return {
    ...question,
    refuse: body =>
      isUnknown(body) ? new UpstreamdError('SOURCE_MALFORMED', 'it lists the node and does not know it') : undefined,
  }
}

/** Is this how Consul answers about a node that it does not know? */
export function isUnknown(body: NodeServices): boolean {
  return body?.Node == null
}

/** All instances of one service, with their nodes and their checks. */
export function instancesOf(
  service: string,
  { inFull, checksInFull }: Pick<Interest, 'inFull' | 'checksInFull'>,
): Question<Entries> {
  const schema = checksInFull ? whole.Entries : inFull ? whole.EntriesButChecks : Entries
  return { path: '/health/service/{service}', schema, params: { service } }
}

/**
 * Consul takes any name for a node, and has no answer for some: its router cleans what looks like a path (301), and
 * refuses what cannot be printed (400; both 1.8.7).
 */
export function isUnaskable(node: string): boolean {
  return node.split('/').some(part => /^\.{0,2}$/.test(part)) || /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(node)
}

/**
 * Has it just started, or may the token not read them? 1.8.7 says that with an empty list and nothing else. Either
 * way nothing is known.
 */
function nothing(what: string): UpstreamdError {
  const why = `it lists no ${what}, not even its own: it has just started, or the token may not read them`
  return new UpstreamdError('SOURCE_EMPTY', why)
}
