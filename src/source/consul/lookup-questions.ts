import { posix } from 'node:path'
import { z } from 'zod'
import { healthOf } from '../../model/catalog.ts'
import type { Answer, HealthRow, Place, Query, Row, ServiceQuery } from '../../model/query.ts'
import type { Question } from './answer.ts'
import type { Rope } from './bells.ts'
import { checkIndex, nodeIndex } from './questions.ts'
import { Remembered, rowsOf } from './rows.ts'

/** What Consul is asked for a query, and what the answer is to whoever wants to know. */
export interface Lookup<T> {
  readonly question: Question<T>
  answer(body: T): Answer
}

/** Templates may print any field, so none is dropped; only what we go by ourselves is looked at. */
const AnyRow = z.record(z.string(), z.unknown())
const AnyRows = z.array(AnyRow)
const orNone = AnyRows.nullish().transform(rows => rows ?? [])

const Checked = z.looseObject({ CheckID: z.string(), Status: z.string() })
const Entry = z.looseObject({ Node: AnyRow, Service: AnyRow, Checks: z.array(Checked) })
type Entry = z.output<typeof Entry>
const Entries = z.array(Entry)

const Pair = z.looseObject({ Key: z.string() })
const Pairs = z.array(Pair)
const NodeRow = z.looseObject({ Node: z.string() })
const NodeRows = z.array(NodeRow)
const NodeWithServices = z
  .looseObject({ Node: AnyRow.nullish(), Services: AnyRows.nullish() })
  .nullable()
  .transform(body => (body?.Node == null ? null : { Node: body.Node, Services: body.Services ?? [] }))
const Tags = z.record(z.string(), z.array(z.string()))
const Names = z.array(z.string())
const Roots = z.looseObject({ Roots: AnyRows.nullish() }).transform(({ Roots }) => Roots ?? [])
const Self = z.looseObject({ Config: z.looseObject({ NodeName: z.string() }) })

/** Who it is that we ask: `node` without a name means this one. */
export const agentName: Question<string> = {
  path: '/agent/self',
  schema: Self.transform(({ Config }) => Config.NodeName),
  isIndexOptional: true,
}

export const datacenters: Question<string[]> = { path: '/catalog/datacenters', schema: Names, isIndexOptional: true }

/** Whether its catalog answers; what it answers is of no interest. */
export function anythingOf(datacenter: string): Question<unknown> {
  return { path: '/catalog/services', schema: z.unknown(), query: { dc: datacenter }, isConsistent: true }
}

/** What moves when the answer may be another, and that of many other queries, too. */
export function ropeOf(query: Query): Rope | undefined {
  switch (query.kind) {
    case 'key':
      return keyRope(query, query.key)
    case 'pairs':
      return keyRope(query, query.prefix)
    case 'service':
      return query.peer === '' && query.samenessGroup === '' ? catalogRope(query) : undefined
    case 'node':
      return catalogRope(query)
    default:
      return undefined
  }
}

/** The names in the first folder: its index moves with everything below. */
function keyRope(place: Place, key: string): Rope {
  const folder = /^[^/]+\//.exec(key)?.[0] ?? ''
  const query = { keys: '', separator: '/', ...placed(place) }
  const question: Question<string[]> = { path: keyPath(folder), schema: Names, missing: [], query }
  return { id: JSON.stringify([question.path, query]), questions: [question] }
}

/** Together they see every change, as those of the source do. */
function catalogRope(place: Place): Rope {
  const query = placed(place)
  const services: Question<unknown> = { path: '/catalog/services', schema: z.unknown() }
  const questions = [services, checkIndex, nodeIndex].map(question => ({ ...question, query }))
  return { id: JSON.stringify(query), questions }
}

/** Of all kinds but files; `node` has a name here. */
export function lookupOf(query: Exclude<Query, { kind: 'file' }>): Lookup<unknown> {
  switch (query.kind) {
    case 'service':
      return lookup(inRows(Entry, Entries, { ...serviceQuestion(query) }), rows => throughFilters(rows, query.filters))
    case 'services':
      return lookup({ path: '/catalog/services', schema: Tags, query: placed(query) })
    case 'nodes':
      return lookup(
        inRows(NodeRow, NodeRows, { path: '/catalog/nodes', query: given({ ...placed(query), near: query.near }) }),
      )
    case 'node':
      return lookup({
        path: `/catalog/node-services/${encoded(query.name)}`,
        schema: NodeWithServices,
        query: placed(query),
      })
    case 'key':
      return lookup(
        { path: keyPath(query.key), schema: Pairs, missing: [], query: placed(query) },
        ([pair]) => pair ?? null,
      )
    case 'pairs':
      return lookup(
        inRows(Pair, Pairs, { path: keyPath(query.prefix), missing: [], query: { recurse: '', ...placed(query) } }),
      )
    case 'datacenters':
      return lookup(datacenters, names => names.toSorted())
    case 'peerings':
      return lookup({ ...enterprise('/peerings'), query: given({ partition: query.partition }) })
    case 'exportedServices':
      return lookup({ ...enterprise('/exported-services'), query: given({ partition: query.partition }) })
    case 'importedServices':
      return lookup({ ...enterprise('/imported-services'), query: given({ partition: query.partition }) })
    case 'partitions':
      return lookup(enterprise('/partitions'))
    case 'caRoots':
      return lookup({ path: '/agent/connect/ca/roots', schema: Roots })
    case 'caLeaf':
      return lookup({ path: `/agent/connect/ca/leaf/${encoded(query.service)}`, schema: AnyRow })
  }
}

function lookup<T extends Answer>(question: Question<T>): Lookup<unknown>
function lookup<T>(question: Question<T>, answer: (body: T) => Answer): Lookup<unknown>
function lookup<T>(question: Question<T>, answer = (body: T) => body as Answer): Lookup<unknown> {
  return { question, answer } as Lookup<unknown>
}

/** A long list is read row by row, and a row that comes again is the same object as before. */
function inRows<R>(row: z.ZodType<R>, rows: z.ZodType<R[]>, question: Omit<Question<R[]>, 'schema'>): Question<R[]> {
  return { ...question, schema: rows, rows: rowsOf(row, rows, (_, found) => found), remembered: new Remembered() }
}

function serviceQuestion(query: ServiceQuery): Omit<Question<Entry[]>, 'schema'> {
  const { connect, name, filters, near, tag, peer, samenessGroup } = query
  const passing = filters.join() === 'passing' ? '1' : '' // other filters are ours to apply
  return {
    path: `/health/${connect ? 'connect' : 'service'}/${encoded(name)}`,
    query: given({ ...placed(query), near, tag, peer, 'sameness-group': samenessGroup, passing }),
  }
}

/** The rows whose worst check is one that is wanted. */
export function throughFilters(rows: readonly HealthRow[], filters: readonly string[]): readonly HealthRow[] {
  if (filters.includes('any') || filters.length === 0) return rows
  return rows.filter(({ Checks }) => filters.includes(healthOf(Checks as z.output<typeof Checked>[])))
}

/** Consul's router takes two slashes for one and knows `.` and `..`; it sends whoever writes them somewhere else. */
function keyPath(key: string): string {
  return `/kv${posix.normalize(`/${key}`).split('/').map(encoded).join('/')}`
}

/** A template may ask for half a character; nothing is called like that. */
function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}

function enterprise(path: string): Question<Row[]> {
  return { path, schema: orNone, isIndexOptional: true }
}

function placed({ datacenter, namespace, partition }: Place): Record<string, string> {
  return given({ dc: datacenter, ns: namespace, partition })
}

function given(query: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ''))
}
