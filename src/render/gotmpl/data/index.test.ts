import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rendered } from '../../../../test/support/gotmpl.ts'
import { type Answer, type HealthRow, type Query, queryId } from '../../../model/query.ts'
import type { Asking } from '../../language.ts'
import { GoMap, Slice, Struct, type Value } from '../values.ts'
import { dataFunctions, ownerOf } from './index.ts'

describe('as long as nothing is known', () => {
  // Seen in consul-template 0.42.1 with an empty memory.
  it.each([
    { call: 'service "web"', type: '[]*dependency.HealthService', json: '[]' },
    { call: 'connect "web"', type: '[]*dependency.HealthService', json: '[]' },
    { call: 'services', type: '[]*dependency.CatalogSnippet', json: '[]' },
    { call: 'nodes', type: '[]*dependency.Node', json: '[]' },
    { call: 'node', type: '<nil>', json: 'null' },
    { call: 'datacenters', type: '[]string', json: '[]' },
    { call: 'key "a"', type: 'string', json: '""' },
    { call: 'keyExists "a"', type: 'bool', json: 'false' },
    { call: 'keyOrDefault "a" "d"', type: 'string', json: '"d"' },
    { call: 'ls "a"', type: '[]*dependency.KeyPair', json: '[]' },
    { call: 'safeLs "a"', type: '[]*dependency.KeyPair', json: '[]' },
    { call: 'tree "a"', type: '[]*dependency.KeyPair', json: '[]' },
    { call: 'safeTree "a"', type: '[]*dependency.KeyPair', json: '[]' },
    { call: 'partitions', type: '[]*dependency.Partition', json: '[]' },
    { call: 'peerings', type: '[]*dependency.Peering', json: '[]' },
    { call: 'exportedServices', type: '[]dependency.ExportedService', json: '[]' },
    { call: 'importedServices "p"', type: '[]dependency.ImportedService', json: '[]' },
    { call: 'caRoots', type: '[]*api.CARoot', json: 'null' },
    { call: 'caLeaf "web"', type: '<nil>', json: 'null' },
    { call: 'file "x"', type: 'string', json: '""' },
  ])('$call is $json', ({ call, type, json }) => {
    const { held, output, asked } = run(`{{ printf "%T" (${call}) }} {{ ${call} | toJSON }}`, () => undefined)

    expect(output).toBe(`${type} ${json}`)
    expect(asked).toHaveLength(1)
    expect(held).toEqual([])
  })

  it.each(['service', 'service ""', 'connect "" "any"', 'key ""', 'ls ""', 'safeTree ""', 'caLeaf ""', 'file ""'])(
    '%s is a question about nothing, and nobody is asked',
    call => {
      const { asked, error } = run(`{{ ${call} }}`, () => undefined)

      expect({ asked, error }).toEqual({ asked: [], error: undefined })
    },
  )
})

describe('a query that is none', () => {
  // Seen in consul-template 0.42.1.
  it.each([
    { call: 'service "\\xff\\x00"', error: 'health.service: invalid format: "\\xff\\x00"' },
    { call: 'nodes "日\\u00a0"', error: 'catalog.nodes: invalid format: "日\\u00a0"' },
  ])('is told as Go writes it: $call', ({ call, error }) => {
    expect(rendered(`{{ ${call} }}`).error?.endsWith(error)).toBe(true)
  })
})

describe('what is known not to be there', () => {
  it.each([
    { call: 'key "a"', answer: null, held: ['kv.block(a)'] },
    { call: 'keyExists "a"', answer: null, held: [] },
    { call: 'keyOrDefault "a" ""', answer: null, held: [] },
    { call: 'ls "a"', answer: [], held: [] },
    { call: 'tree "a"', answer: [], held: [] },
    { call: 'safeLs "a"', answer: [], held: ['kv.list(a)'] },
    { call: 'safeLs "a"', answer: [{ Key: 'a/b/c', Value: '' }], held: ['kv.list(a)'] },
    { call: 'safeTree "a"', answer: [{ Key: 'a/b/', Value: '' }], held: ['kv.list(a)'] },
    { call: 'safeTree "a"', answer: [{ Key: 'a/b/c', Value: '' }], held: [] },
    { call: 'file "x"', answer: null, held: ['file(x)'] },
    { call: 'caLeaf "web"', answer: null, held: ['connect.caleaf(web)'] },
    { call: 'service "web"', answer: [], held: [] },
    { call: 'node "x"', answer: null, held: [] },
  ])('$call with the answer $answer holds the template back: $held', ({ call, answer, held }) => {
    expect(run(`{{ ${call} }}`, () => answer).held).toEqual(held)
  })
})

describe('rows', () => {
  it('make the same struct as long as they are the same, whatever came beside them', () => {
    const [kept, changed] = [aRow('web-1', 'a'), aRow('web-2', 'a')]
    const before = call('service "web|any"', [kept, changed])

    const after = call('service "web|any"', [aRow('web-2', 'a'), kept])

    expect(after.items[0]).toBe(before.items[0])
    expect(after.items[1]).not.toBe(before.items[1])
    expect(call('service "web|passing"', [kept, changed]).items[0]).toBe(before.items[0])
  })

  it('make the same list of the same answer', () => {
    const answer = [aRow('web-1', 'a')]

    expect(call('service "web"', answer)).toBe(call('service "web"', answer))
    expect(call('service "web"', answer)).not.toBe(call('service "web|any"', answer))
  })

  it('tell pairs that are read under two prefixes apart', () => {
    const answer = [{ Key: 'a/b/c', Value: Buffer.from('x').toString('base64') }]

    const { output } = run(
      '{{ range tree "a" }}{{ .Key }}{{ end }} {{ range tree "a/b" }}{{ .Key }}{{ end }}',
      () => answer,
    )

    expect(output).toBe('b/c c')
  })

  it('are sorted by node and ID byte by byte, but for those Consul sorted by how near they are', () => {
    const answer = [aRow('b', 'z'), aRow('a', 'z'), aRow('c', 'B'), aRow('d', 'Ä')]
    const ids = (text: string) => run(`{{ range ${text} }}{{ .ID }}{{ end }}`, () => answer).output

    expect(ids('service "web|any"')).toBe('cabd')
    expect(ids('service "web~_agent|any"')).toBe('bacd')
  })

  it.each([
    { call: 'nodes', ids: 'abc', rows: [{ Node: 'b' }, { Node: 'c' }, { Node: 'a' }] },
    { call: 'nodes "~_agent"', ids: 'bca', rows: [{ Node: 'b' }, { Node: 'c' }, { Node: 'a' }] },
  ])('of $call are in the order $ids', ({ call, ids, rows }) => {
    expect(run(`{{ range ${call} }}{{ .Node }}{{ end }}`, () => rows).output).toBe(ids)
  })

  it('of peerings are in the order of their states, then of partitions and names', () => {
    const rows = [
      { Name: 'a', State: 'PENDING' },
      { Name: 'd', State: 'ACTIVE', Partition: 'a' },
      { Name: 'c', State: 'ACTIVE' },
      { Name: 'b', State: 'ACTIVE' },
    ]

    expect(run('{{ range peerings }}{{ .Name }}{{ end }}', () => rows).output).toBe('bcda')
  })

  it('that are none at all make a nil list of services, as in consul-template', () => {
    expect(run('{{ services | toJSON }}', () => ({})).output).toBe('null')
  })

  it.each([
    { checks: [], status: 'passing' },
    { checks: ['passing', 'warning'], status: 'warning' },
    { checks: ['critical', 'warning'], status: 'critical' },
    { checks: ['passing', 'unheard-of'], status: '' },
    { checks: ['maintenance'], status: '' },
  ])('are $status with checks that are $checks', ({ checks, status }) => {
    const row = { ...aRow('web-1', 'a'), Checks: checks.map(Status => ({ CheckID: 'c', Status })) }

    const { output } = run('{{ range service "web|any" }}{{ .Status }} {{ .Checks.AggregatedStatus }}{{ end }}', () => [
      row,
    ])

    expect(output).toBe(`${status} ${status}`)
  })

  it.each(['_node_maintenance', '_service_maintenance:web-1'])('are in maintenance with the check %s', CheckID => {
    const row = {
      ...aRow('web-1', 'a'),
      Checks: [
        { CheckID, Status: 'critical' },
        { CheckID: 'c', Status: 'critical' },
      ],
    }

    expect(run('{{ range service "web|maintenance" }}{{ .Status }}{{ end }}', () => [row]).output).toBe('maintenance')
  })

  it.each([
    { row: { Service: 'web', Consumers: { Peers: ['east'], Partitions: ['p'] } } },
    { row: { Name: 'web', Consumers: [{ Peer: 'east' }, { Partition: 'p' }] } },
  ])('of exported services name their consumers in one of two ways: $row', ({ row }) => {
    expect(run('{{ exportedServices }}', () => [row]).output).toBe('[{web   {[east] [p]}}]')
  })

  it.each([
    { Flags: 2 ** 53, printed: '9007199254740992' },
    { Flags: 2 ** 64, printed: '18446744073709551615' },
    { Flags: 18446744073709551615n, printed: '18446744073709551615' },
    { Flags: -1, printed: '0' },
    { Flags: 'many', printed: '0' },
  ])('have flags as large as Go can count: $Flags', ({ Flags, printed }) => {
    expect(run('{{ range ls "a" }}{{ .Flags }}{{ end }}', () => [{ Key: 'a/b', Flags }]).output).toBe(printed)
  })

  it('may hold anything: a template gets values of the right types, or a word of its own', () => {
    const anything = fc.anything({ maxDepth: 3, withNullPrototype: false })
    const row = fc.record({ Node: anything, Service: anything, Checks: anything, Key: anything, Value: anything })
    const calls = [
      'service "a|any"',
      'nodes',
      'ls "a"',
      'tree "a"',
      'caRoots',
      'peerings',
      'partitions',
      'exportedServices',
    ]

    fc.assert(
      fc.property(fc.constantFrom(...calls), fc.array(row, { maxLength: 3 }), (call, rows) => {
        const { error } = run(
          `{{ $x := ${call} }}{{ range $x }}{{ printf "%+v" . }}{{ . | toJSON }}{{ end }}`,
          () => rows,
        )

        expect(error).toBeUndefined()
      }),
    )
  })
})

describe('whose a value is', () => {
  it('is known of a service and of all that hangs below it', () => {
    const [service] = call('service "web|any"', [aRow('web-1', 'a')]).items

    expect(new Set(compounds(service ?? null).map(ownerOf))).toEqual(new Set(['web']))
    expect(compounds(service ?? null).length).toBeGreaterThan(8)
  })

  it('is known of a name in the catalog and its tags', () => {
    const [api, web] = call('services', { web: ['a'], api: ['a'] }).items

    expect(compounds(api ?? null).map(ownerOf)).toEqual(['api', 'api'])
    expect(compounds(web ?? null).map(ownerOf)).toEqual(['web', 'web'])
  })

  it('is the service that was asked for where there is no instance', () => {
    const nobody: never[] = []

    expect(ownerOf(call('service "web"', nobody))).toBe('web')
    expect(ownerOf(call('service "api"', nobody))).toBe('api')
  })

  it('is unknown of what is no service', () => {
    expect(ownerOf(call('nodes', [{ Node: 'a' }]))).toBeUndefined()
    expect(ownerOf(call('services', { web: [] }))).toBeUndefined()
    expect(ownerOf('web')).toBeUndefined()
    expect(ownerOf(null)).toBeUndefined()
  })
})

/** What a template makes of answers, and which queries it may not be written before. */
function run(template: string, answer: (query: Query) => unknown) {
  const held: string[] = []
  const hold: Asking['hold'] = query => void held.push(queryId(query))
  return { ...rendered(template, { answer: query => answer(query) as Answer | undefined, hold }), held }
}

/** What a function gives back when this is the answer. */
function call(text: string, answer: unknown): Slice {
  const [name = '', argument] = text.split(' ')
  const functions = dataFunctions({ ask: () => answer as never, hold() {} })
  const func = functions.find(func => func.name === name)
  const args = argument === undefined ? [] : [JSON.parse(argument)]
  return func?.call(args, { execute: () => '', charge() {} }) as Slice
}

/** The value and the structs, lists and maps below it. */
function compounds(value: Value): Value[] {
  if (value instanceof Slice) return [value, ...value.items.flatMap(compounds)]
  if (value instanceof GoMap) return [value, ...[...value.entries.values()].flatMap(compounds)]
  return value instanceof Struct ? [value, ...[...value.fields.values()].flatMap(compounds)] : []
}

function aRow(id: string, node: string): HealthRow {
  return {
    Node: { Node: node, Address: '10.0.0.1', Meta: { rack: '1' } },
    Service: { ID: id, Service: 'web', Tags: ['v1'], Port: 80, TaggedAddresses: { lan: { Address: 'a', Port: 1 } } },
    Checks: [{ CheckID: 'c', Status: 'passing', Definition: { Header: { a: ['b'] } } }],
  }
}
