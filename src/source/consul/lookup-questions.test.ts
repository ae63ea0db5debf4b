import { describe, expect, it } from 'vitest'
import type { HealthRow, Query } from '../../model/query.ts'
import { lookupOf, throughFilters } from './lookup-questions.ts'

const place = { datacenter: '', namespace: '', partition: '' }
const service = {
  ...place,
  kind: 'service',
  connect: false,
  name: 'web',
  tag: '',
  near: '',
  filters: ['passing'],
  peer: '',
  samenessGroup: '',
} as const
const everywhere = { datacenter: 'dc2', namespace: 'n', partition: 'p' }
const placed = { dc: 'dc2', ns: 'n', partition: 'p' }

describe('what Consul is asked', () => {
  it.each<{ title: string; query: Exclude<Query, { kind: 'file' }>; path: string; parameters: object }>([
    { title: 'a service', query: service, path: '/health/service/web', parameters: { passing: '1' } },
    {
      title: 'a service in other states',
      query: { ...service, filters: ['passing', 'warning'] },
      path: '/health/service/web',
      parameters: {},
    },
    {
      title: 'a service somewhere, by tag and distance',
      query: { ...service, ...everywhere, tag: 'v1', near: '_agent' },
      path: '/health/service/web',
      parameters: { ...placed, tag: 'v1', near: '_agent', passing: '1' },
    },
    {
      title: 'a service of a peer',
      query: { ...service, peer: 'east' },
      path: '/health/service/web',
      parameters: { peer: 'east', passing: '1' },
    },
    {
      title: 'a service of a sameness group',
      query: { ...service, samenessGroup: 'g' },
      path: '/health/service/web',
      parameters: { 'sameness-group': 'g', passing: '1' },
    },
    {
      title: 'a proxy of a service',
      query: { ...service, connect: true },
      path: '/health/connect/web',
      parameters: { passing: '1' },
    },
    {
      title: 'services elsewhere',
      query: { kind: 'services', ...everywhere },
      path: '/catalog/services',
      parameters: placed,
    },
    {
      title: 'nodes by distance',
      query: { kind: 'nodes', ...place, near: 'n1' },
      path: '/catalog/nodes',
      parameters: { near: 'n1' },
    },
    {
      title: 'a node elsewhere',
      query: { kind: 'node', ...everywhere, name: 'n1.lan' },
      path: '/catalog/node-services/n1.lan',
      parameters: placed,
    },
    {
      title: 'a key, each part of it by itself',
      query: { kind: 'key', ...everywhere, key: 'a b/c?d{e}#f', blocks: true },
      path: '/kv/a%20b/c%3Fd%7Be%7D%23f',
      parameters: placed,
    },
    {
      title: 'a key written as a path',
      query: { kind: 'key', ...place, key: './a//b/../c/', blocks: true },
      path: '/kv/a/c/',
      parameters: {},
    },
    {
      title: 'nothing but keys, whatever the key',
      query: { kind: 'key', ...place, key: '../../catalog/services', blocks: true },
      path: '/kv/catalog/services',
      parameters: {},
    },
    {
      title: 'a key cut in the middle of a character, which nobody has',
      query: { kind: 'key', ...place, key: 'gr\udcc3', blocks: true },
      path: '/kv/gr%EF%BF%BD',
      parameters: {},
    },
    {
      title: 'a tree',
      query: { kind: 'pairs', ...everywhere, prefix: 'app/' },
      path: '/kv/app/',
      parameters: { recurse: '', ...placed },
    },
    { title: 'everything', query: { kind: 'pairs', ...place, prefix: '' }, path: '/kv/', parameters: { recurse: '' } },
    {
      title: 'peerings',
      query: { kind: 'peerings', partition: 'p' },
      path: '/peerings',
      parameters: { partition: 'p' },
    },
    {
      title: 'exported services',
      query: { kind: 'exportedServices', partition: 'p' },
      path: '/exported-services',
      parameters: { partition: 'p' },
    },
    {
      title: 'imported services',
      query: { kind: 'importedServices', partition: '' },
      path: '/imported-services',
      parameters: {},
    },
    { title: 'authorities', query: { kind: 'caRoots' }, path: '/agent/connect/ca/roots', parameters: {} },
    {
      title: 'a certificate',
      query: { kind: 'caLeaf', service: 'web' },
      path: '/agent/connect/ca/leaf/web',
      parameters: {},
    },
  ])('for $title', ({ query, path, parameters }) => {
    const { question } = lookupOf(query)

    expect(question.path).toBe(path)
    expect(question.query ?? {}).toEqual(parameters)
  })
})

describe('what the answer is', () => {
  const answerTo = (query: Exclude<Query, { kind: 'file' }>, body: unknown) => {
    const { question, answer } = lookupOf(query)
    return answer(question.schema.parse(body))
  }

  it.each<{ title: string; query: Exclude<Query, { kind: 'file' }>; body: unknown; answer: unknown }>([
    {
      title: 'the pair of a key, with all its fields',
      query: { kind: 'key', ...place, key: 'a', blocks: false },
      body: [{ Key: 'a', Value: 'eA==', Session: 's', More: 1 }],
      answer: { Key: 'a', Value: 'eA==', Session: 's', More: 1 },
    },
    { title: 'no such node', query: { kind: 'node', ...place, name: 'n' }, body: null, answer: null },
    {
      title: 'no such node, said in another way',
      query: { kind: 'node', ...place, name: 'n' },
      body: { Node: null, Services: null },
      answer: null,
    },
    {
      title: 'a node without services',
      query: { kind: 'node', ...place, name: 'n' },
      body: { Node: { Node: 'n' }, Services: null },
      answer: { Node: { Node: 'n' }, Services: [] },
    },
    {
      title: 'datacenters by name',
      query: { kind: 'datacenters', ignoreFailing: false },
      body: ['b', 'a'],
      answer: ['a', 'b'],
    },
    { title: 'no peerings', query: { kind: 'peerings', partition: '' }, body: null, answer: [] },
    {
      title: 'the authorities without what stands around them',
      query: { kind: 'caRoots' },
      body: { ActiveRootID: 'x', Roots: [{ ID: 'x' }] },
      answer: [{ ID: 'x' }],
    },
  ])('$title', ({ query, body, answer }) => {
    expect(answerTo(query, body)).toEqual(answer)
  })

  it('what is none of it is no answer', () => {
    const { question } = lookupOf({ kind: 'key', ...place, key: 'a', blocks: false })

    expect(question.schema.safeParse({ Key: 'a' }).success).toBe(false)
    expect(question.schema.safeParse('not found').success).toBe(false)
  })
})

describe('filters', () => {
  const row = (id: string, ...checks: [string, string][]): HealthRow => ({
    Node: {},
    Service: { ID: id },
    Checks: checks.map(([CheckID, Status]) => ({ CheckID, Status })),
  })
  const rows = [
    row('bare'),
    row('good', ['a', 'passing']),
    row('meh', ['a', 'passing'], ['b', 'warning']),
    row('bad', ['a', 'critical'], ['b', 'warning']),
    row('off', ['_service_maintenance:off', 'critical']),
  ]

  it.each([
    { filters: ['any'], ids: ['bare', 'good', 'meh', 'bad', 'off'] },
    { filters: ['passing'], ids: ['bare', 'good'] },
    { filters: ['passing', 'warning'], ids: ['bare', 'good', 'meh'] },
    { filters: ['critical'], ids: ['bad'] },
    { filters: ['maintenance'], ids: ['off'] },
  ])('$filters: an instance is in the state of its worst check', ({ filters, ids }) => {
    expect(throughFilters(rows, filters).map(({ Service }) => Service.ID)).toEqual(ids)
  })
})
