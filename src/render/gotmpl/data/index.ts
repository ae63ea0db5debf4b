import type { Asking } from '../../language.ts'
import {
  keyQuery,
  nodeQuery,
  nodesQuery,
  pairsQuery,
  peeringsQuery,
  QueryError,
  serviceQuery,
  servicesQuery,
} from '../../queries.ts'
import { trimSpace } from '../functions/case.ts'
import { define, strings } from '../functions/define.ts'
import { clean } from '../functions/sprig/paths.ts'
import { PAIRS, SERVICES, SNIPPETS } from '../functions/types.ts'
import { quote } from '../quote.ts'
import { Func, GoError, Slice, type Value } from '../values.ts'
import { catalogNode, NODES, nodes, noNode, snippets } from './catalog.ts'
import { leaf, ROOTS, roots } from './certificates.ts'
import { healthServices } from './health.ts'
import { pairsBelow, pairsIn, valueIn } from './pairs.ts'
import {
  EXPORTED,
  exportedServices,
  IMPORTED,
  importedServices,
  PARTITIONS,
  PEERINGS,
  partitions,
  peerings,
} from './peers.ts'
import { sortedTexts } from './read.ts'

export { ownerOf } from './owner.ts'

/**
 * The functions of consul-template that ask for data. As long as there is none they give back what it does then: lists
 * that are empty, texts that are empty, or nothing at all.
 */
export function dataFunctions(asking: Asking): readonly Func[] {
  return [
    ...serviceFunctions(asking),
    ...nodeFunctions(asking),
    ...keyFunctions(asking),
    ...pairFunctions(asking),
    ...peerFunctions(asking),
    ...certificateFunctions(asking),
    fileFunction(asking),
  ].map(refusingInGo)
}

function serviceFunctions({ ask }: Asking): Func[] {
  const service = (name: string, connect: boolean) =>
    define<string[]>(name, ['...string'], args => {
      if (args[0] === undefined || args[0] === '') return new Slice(SERVICES, [])
      const query = serviceQuery(args.join('|'), connect)
      return listOf(SERVICES, ask(query), rows => healthServices(rows, query))
    })
  return [
    service('service', false),
    service('connect', true),
    define<string[]>('services', ['...string'], args =>
      listOf(SNIPPETS, ask(servicesQuery(args.join(''))), rows => snippets(rows)),
    ),
  ]
}

function nodeFunctions({ ask }: Asking): Func[] {
  return [
    define<string[]>('nodes', ['...string'], args => {
      const query = nodesQuery(args.join(''))
      return listOf(NODES, ask(query), rows => nodes(rows, query.near))
    }),
    define<string[]>('node', ['...string'], args => {
      const answer = ask(nodeQuery(args.join('')))
      if (answer === undefined) return null
      return answer === null ? noNode : catalogNode(answer)
    }),
    define<boolean[]>('datacenters', ['...bool'], args => {
      if (args.length > 1) {
        throw new GoError(`datacenters: wrong number of arguments, expected 0 or 1, but got ${args.length}`)
      }
      const names = ask({ kind: 'datacenters', ignoreFailing: args[0] === true })
      return strings(sortedTexts(names ?? []))
    }),
  ]
}

function keyFunctions({ ask, hold }: Asking): Func[] {
  return [
    define<[string]>('key', ['string'], ([text]) => {
      if (text === '') return ''
      const query = keyQuery(text, true)
      const answer = ask(query)
      if (answer === null) hold(query)
      return answer ? valueIn(answer) : ''
    }),
    define<[string]>('keyExists', ['string'], ([text]) => text !== '' && Boolean(ask(keyQuery(text, false)))),
    define<[string, string]>('keyOrDefault', ['string', 'string'], ([text, otherwise]) => {
      const answer = text === '' ? null : ask(keyQuery(text, false))
      return (answer ? valueIn(answer) : '') || otherwise
    }),
  ]
}

function pairFunctions({ ask, hold }: Asking): Func[] {
  const pairs = (name: string, choose: typeof pairsIn, isSafe: boolean) =>
    define<[string]>(name, ['string'], ([text]) => {
      if (text === '') return new Slice(PAIRS, [])
      const query = pairsQuery(text)
      const answer = ask(query)
      if (answer === undefined) return new Slice(PAIRS, [])
      const chosen = choose(answer, query.prefix)
      // The safe ones take nothing at all for an accident.
      if (isSafe && chosen.items.length === 0) hold(query)
      return chosen
    })
  return [
    pairs('ls', pairsIn, false),
    pairs('safeLs', pairsIn, true),
    pairs('tree', pairsBelow, false),
    pairs('safeTree', pairsBelow, true),
  ]
}

function peerFunctions({ ask }: Asking): Func[] {
  return [
    define('partitions', [], () => listOf(PARTITIONS, ask({ kind: 'partitions' }), rows => partitions(rows))),
    define<string[]>('peerings', ['...string'], args =>
      listOf(PEERINGS, ask(peeringsQuery(args.join(''))), rows => peerings(rows)),
    ),
    define<string[]>('exportedServices', ['...string'], args => {
      if (args.length > 1) throw new GoError('exportedServices: wrong number of arguments, expected 0 or 1')
      const answer = ask({ kind: 'exportedServices', partition: args.join('') })
      return listOf(EXPORTED, answer, rows => exportedServices(rows))
    }),
    define<[string]>('importedServices', ['string'], ([partition]) => {
      if (partition === '') throw new GoError('importedServices: partition name is required')
      return listOf(IMPORTED, ask({ kind: 'importedServices', partition }), rows => importedServices(rows))
    }),
  ]
}

function certificateFunctions({ ask, hold }: Asking): Func[] {
  return [
    define('caRoots', ['...string'], () => {
      const answer = ask({ kind: 'caRoots' })
      return answer === undefined ? new Slice(ROOTS, [], true) : roots(answer)
    }),
    define<string[]>('caLeaf', ['...string'], ([service = '']) => {
      if (service === '') return null
      const query = { kind: 'caLeaf', service } as const
      const answer = ask(query)
      if (answer === null) hold(query)
      return answer ? leaf(answer) : null
    }),
  ]
}

/** A file that is not there ends consul-template; here it is waited for. */
function fileFunction({ ask, hold }: Asking): Func {
  return define<[string]>('file', ['string'], ([text]) => {
    if (text === '') return ''
    const query = { kind: 'file', path: clean(trimSpace(text)) } as const
    const answer = ask(query)
    if (answer === null) hold(query)
    return answer ?? ''
  })
}

function listOf<Rows>(type: string, rows: Rows | undefined, make: (rows: Rows) => Slice): Slice {
  return rows === undefined ? new Slice(type, []) : make(rows)
}

function refusingInGo({ name, params, call }: Func): Func {
  return new Func(name, params, (args, context): Value => {
    try {
      return call(args, context)
    } catch (error) {
      throw error instanceof QueryError
        ? new GoError(
            error.quotedBy(text => quote(text)),
            { cause: error },
          )
        : error
    }
  })
}
