import { type Query, queryId } from '../../src/model/query.ts'
import { Func, GoError, GoMap, Slice, Struct, type Value } from '../../src/render/gotmpl/values.ts'
import {
  keyQuery,
  nodeQuery,
  nodesQuery,
  pairsQuery,
  QueryError,
  serviceQuery,
  servicesQuery,
} from '../../src/render/queries.ts'

/** What Consul and the disk hold, in the form of the recorded cases of consul-template. */
export interface Held {
  readonly service?: readonly { readonly query: string; readonly entries: readonly object[] }[]
  readonly connect?: readonly { readonly query: string; readonly entries: readonly object[] }[]
  readonly services?: readonly object[]
  readonly nodes?: readonly object[]
  readonly node?: Readonly<Record<string, object>>
  readonly kv?: Readonly<Record<string, string>>
  readonly pairs?: Readonly<Record<string, readonly object[]>>
  readonly files?: Readonly<Record<string, string>>
  readonly datacenters?: readonly string[]
  readonly caRoots?: readonly object[]
}

/** The functions that ask for data, answered at once; `asked` gets the id of every query. */
export function dataFunctions(held: Held, asked: Set<string>): readonly Func[] {
  const note = <T extends Query>(query: T): T => {
    asked.add(queryId(query))
    return query
  }
  const texts = (args: readonly Value[]) => args.map(String)

  function services(name: 'service' | 'connect'): Func {
    return new Func(name, ['...string'], args => {
      const text = texts(args).join('|')
      if (args[0] === undefined || args[0] === '') return structs('HealthService', [])
      const id = queryId(note(serviceQuery(text, name === 'connect')))
      const found = held[name]?.find(({ query }) => queryId(serviceQuery(query, name === 'connect')) === id)
      return structs('HealthService', found?.entries ?? [])
    })
  }

  function pairs(name: string, holds: (key: string) => boolean): Func {
    return new Func(name, ['string'], ([text]) => {
      const query = note(pairsQuery(String(text)))
      const prefix = query.kind === 'pairs' ? query.prefix : ''
      const given = held.pairs?.[prefix]
      const all = given ?? pairsUnder(held.kv ?? {}, prefix)
      return structs(
        'KeyPair',
        all.filter(pair => holds((pair as { Key: string }).Key)),
      )
    })
  }

  function value(text: string, blocks: boolean): string | undefined {
    const query = note(keyQuery(text, blocks))
    return query.kind === 'key' ? held.kv?.[query.key] : undefined
  }

  const functions = [
    services('service'),
    services('connect'),
    pairs('ls', key => key !== '' && !key.includes('/')),
    pairs('tree', key => !/(^|\/)$/.test(key)),
    new Func('services', ['...string'], args => {
      note(servicesQuery(texts(args).join('')))
      return structs('CatalogSnippet', held.services ?? [])
    }),
    new Func('nodes', ['...string'], args => {
      note(nodesQuery(texts(args).join('')))
      return structs('Node', held.nodes ?? [])
    }),
    new Func('node', ['...string'], args => {
      note(nodeQuery(texts(args).join('')))
      const found = held.node?.[texts(args).join('')]
      return found === undefined ? null : struct('CatalogNode', found)
    }),
    new Func('key', ['string'], ([text]) => (text === '' ? '' : (value(String(text), true) ?? ''))),
    new Func('keyExists', ['string'], ([text]) => text !== '' && value(String(text), false) !== undefined),
    new Func('keyOrDefault', ['string', 'string'], ([text, otherwise = '']) => {
      return (text === '' ? '' : value(String(text), false)) || otherwise
    }),
    new Func('file', ['string'], ([path]) => {
      note({ kind: 'file', path: String(path).trim() })
      return held.files?.[String(path).trim()] ?? ''
    }),
    new Func('datacenters', ['...bool'], ([ignoreFailing]) => {
      note({ kind: 'datacenters', ignoreFailing: ignoreFailing === true })
      return new Slice('[]string', held.datacenters ?? [])
    }),
    new Func('caRoots', ['...string'], () => {
      note({ kind: 'caRoots' })
      // The cases name it as Consul does not, so consul-template read none.
      const roots = (held.caRoots ?? []).map(root => ({ ...root, RootCertPEM: '' }))
      return structs('CARoot', roots)
    }),
  ]
  return functions.map(
    ({ name, params, call }) => new Func(name, params, (args, context) => asGo(() => call(args, context))),
  )
}

function asGo<T>(task: () => T): T {
  try {
    return task()
  } catch (error) {
    throw error instanceof QueryError ? new GoError(error.message) : error
  }
}

function pairsUnder(kv: Readonly<Record<string, string>>, prefix: string): object[] {
  return Object.entries(kv)
    .filter(([path]) => path.startsWith(prefix))
    .map(([path, text]) => ({ Path: path, Key: path.slice(prefix.length).replace(/^\/+/, ''), Value: text }))
}

function structs(type: string, entries: readonly object[]): Slice {
  return new Slice(
    `[]*dependency.${type}`,
    entries.map(entry => struct(type, entry)),
  )
}

/** What is absent is the zero of its type, as in Go. */
const zeros: Readonly<Record<string, object>> = {
  HealthService: { Port: 0, Address: '', ID: '', Tags: [], ServiceMeta: {}, NodeMeta: {} },
  CatalogSnippet: { Tags: [] },
  Node: { Meta: {} },
}

function struct(type: string, entry: object): Struct {
  const fields = Object.entries({ ...zeros[type], ...entry })
  return new Struct(`*dependency.${type}`, new Map(fields.map(([name, each]) => [name, field(name, each)])))
}

function field(name: string, value: unknown): Value {
  if (Array.isArray(value)) {
    return value.every(item => typeof item === 'string')
      ? new Slice('[]string', value)
      : structs(`Catalog${name}`, value)
  }
  if (typeof value === 'number') return BigInt(value)
  if (typeof value !== 'object' || value === null) return value as Value
  if (/Meta$/.test(name)) return new GoMap('map[string]string', Object.entries(value))
  return struct(name, value)
}
