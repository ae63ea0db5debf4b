import { compareText } from '../order.ts'
import { quote } from '../quote.ts'
import { type Func, GoError, GoMap, type Slice, Struct, type Value } from '../values.ts'
import { type Charge, DICT, define, dict, isDict, wrapping } from './define.ts'
import { merged } from './merge.ts'
import { quoted } from './print.ts'
import { PAIRS } from './types.ts'

export const mapFunctions: readonly Func[] = [
  define<[Slice]>('byKey', [PAIRS], ([pairs]) => byKey(pairs)),
  define<[Slice]>('explode', [PAIRS], ([pairs], { charge }) =>
    wrapping('explode', () =>
      exploded(
        pairs.items.map(pair => [textOf(pair, 'Key'), fieldOf(pair, 'Value')]),
        charge,
      ),
    ),
  ),
  define<[GoMap]>('explodeMap', [DICT], ([map], { charge }) => {
    const entries = [...map.entries].map(([key, value]) => [String(key), value] as const)
    return wrapping('explodeMap', () =>
      exploded(
        entries.sort(([a], [b]) => compareText(a, b)),
        charge,
      ),
    )
  }),
  define<[GoMap, GoMap, ...Value[]]>(
    'mergeMap',
    [DICT, DICT, '...func(*mergo.Config)'],
    ([into, from, ...options], { charge }) => {
      // A template has no such options; the one it can give, nil, is called.
      if (options.length > 0) throw new GoError('runtime error: invalid memory address or nil pointer dereference')
      return merged(into, from, false, charge)
    },
  ),
  define<[GoMap, GoMap]>('mergeMapWithOverride', [DICT, DICT], ([into, from], { charge }) =>
    merged(into, from, true, charge),
  ),
]

/** The pairs by the first part of their key; what is left of the key is theirs, and who has nothing left is out. */
function byKey(pairs: Slice): GoMap {
  const groups = new Map<string, GoMap>()
  for (const pair of pairs.items) {
    const [top = '', ...rest] = textOf(pair, 'Key').split('/')
    const key = rest.join('/')
    if (key === '' || !(pair instanceof Struct)) continue
    const group = groups.get(top) ?? new GoMap(`map[string]${pair.type}`, [])
    group.entries.set(key, new Struct(pair.type, new Map(pair.fields).set('Key', key)))
    groups.set(top, group)
  }
  return new GoMap('map[string]map[string]*dependency.KeyPair', groups)
}

function exploded(entries: readonly (readonly [string, Value])[], charge: Charge): GoMap {
  const root = dict()
  for (const [key, value] of entries) {
    let [map, path] = [root, key]
    const parts = key.split('/')
    for (const [at, part] of parts.slice(0, -1).entries()) {
      const within = map.entries.get(part) ?? dict()
      // As consul-template says it: the path is the one a level further up.
      if (!isDict(within))
        throw new GoError(`not a map: ${quote(path)}: ${quote(part)} already has value ${quoted(within, charge)}`)
      path = parts.slice(at).join('/')
      map.entries.set(part, within)
      map = within
    }
    const last = parts.at(-1) ?? ''
    if (last !== '') map.entries.set(last, value)
  }
  return root
}

function textOf(struct: Value, name: string): string {
  const value = fieldOf(struct, name)
  return typeof value === 'string' ? value : ''
}

function fieldOf(struct: Value, name: string): Value {
  return struct instanceof Struct ? (struct.fields.get(name) ?? null) : null
}
