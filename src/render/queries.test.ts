import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Query, queryId } from '../model/query.ts'
import {
  keyQuery,
  nodeQuery,
  nodesQuery,
  pairsQuery,
  peeringsQuery,
  QueryError,
  serviceQuery,
  servicesQuery,
} from './queries.ts'

/** Recorded from consul-template 0.42.1; what a query leaves out is left out here, too. */
interface Case {
  readonly func: string
  readonly input: string
  readonly fields?: Readonly<Record<string, unknown>>
  readonly id?: string
  readonly errorText?: string
}

const fixtures = join(import.meta.dirname, '../../test/fixtures/consul-template-0.42.1')
const { queries }: { queries: readonly Case[] } = JSON.parse(readFileSync(join(fixtures, 'cases.json'), 'utf8'))

/** The texts that its own tests ask with, and the name or the error it was seen to make of each. */
interface Named {
  readonly func: string
  readonly query: string
  readonly output?: string
  readonly error?: string
}

const named: readonly Named[] = JSON.parse(readFileSync(join(fixtures, 'queries.json'), 'utf8'))

const readers: Readonly<Record<string, (text: string) => Query>> = {
  service: text => serviceQuery(text),
  connect: text => serviceQuery(text, true),
  services: servicesQuery,
  nodes: nodesQuery,
  node: nodeQuery,
  key: text => keyQuery(text, false),
  'ls/tree': pairsQuery,
  pairs: pairsQuery,
  peerings: peeringsQuery,
}

describe('the queries of consul-template 0.42.1', () => {
  it.each(queries)('$func $input', ({ func, input, fields, id, errorText }) => {
    const answer = answerOf(() => readers[func]?.(input))

    expect(answer).toEqual(errorText === undefined ? { fields, id } : { error: errorText })
  })

  it.each(named)('$func "$query"', ({ func, query, output, error }) => {
    const answer = answerOf(() => readers[func]?.(query))

    expect(answer).toMatchObject(error === undefined ? { id: output } : { error })
  })

  it.each([
    { query: serviceQuery('web|warning,passing'), id: 'health.service(web|passing,warning)' },
    { query: serviceQuery('web|,'), id: 'health.service(web)' },
    { query: serviceQuery('web?sameness-group=g@dc1'), id: 'health.service(web@dc1@sameness-group=g|passing)' },
    { query: serviceQuery('web', true), id: 'health.connect(web|passing)' },
    { query: nodeQuery(''), id: 'catalog.node' },
    { query: keyQuery('/a/b@dc1', true), id: 'kv.block(a/b@dc1)' },
    { query: pairsQuery(''), id: 'kv.list()' },
    { query: { kind: 'datacenters', ignoreFailing: true } as const, id: 'catalog.datacenters' },
    { query: { kind: 'exportedServices', partition: 'p' } as const, id: 'list.exportedServices(p)' },
    { query: { kind: 'importedServices', partition: 'p' } as const, id: 'list.importedServices(p)' },
    { query: { kind: 'partitions' } as const, id: 'list.partitions' },
    { query: { kind: 'caRoots' } as const, id: 'connect.caroots' },
    { query: { kind: 'caLeaf', service: 'web' } as const, id: 'connect.caleaf(web)' },
    { query: { kind: 'file', path: '/etc/x' } as const, id: 'file(/etc/x)' },
  ])('$id is the name of a query', ({ query, id }) => {
    expect(queryId(query)).toBe(id)
  })

  it.each([
    { text: 'web|passing,bad', error: 'health.service: invalid filter: "bad" in "web|passing,bad"' },
    { text: 'web?peer=a&sameness-group=b', error: 'health.service: cannot specify both peer and sameness-group' },
    { text: 'we.b.', error: 'health.service: invalid format: "we.b."' },
  ])('service "$text" is refused: $error', ({ text, error }) => {
    expect(answerOf(() => serviceQuery(text))).toEqual({ error })
  })
})

function answerOf(read: () => Query | undefined): unknown {
  try {
    const query = read()
    if (query === undefined) throw new Error('no reader')
    return { fields: fieldsOf(query), id: queryId(query) }
  } catch (error) {
    if (error instanceof QueryError) return { error: error.message }
    throw error
  }
}

function fieldsOf({ kind: _, ...query }: Query): unknown {
  const named = Object.entries(query).map(([name, value]) => [name === 'datacenter' ? 'dc' : name, value])
  return Object.fromEntries(named.filter(([, value]) => value !== '' && value !== false))
}
