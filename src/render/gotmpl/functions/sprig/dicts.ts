import { compareText } from '../../order.ts'
import { type Func, GoError, GoMap, Slice, typeOf, type Value } from '../../values.ts'
import { ANYTHING, type Charge, DICT, define, dict, isDict, list, strings } from '../define.ts'
import { merged } from '../merge.ts'
import { toText } from './cast.ts'

const DICTS = `...${DICT}`

export const dictFunctions: readonly Func[] = [
  define<Value[]>('dict', ['...interface {}'], (args, { charge }) => {
    const made = dict()
    for (let at = 0; at < args.length; at += 2) {
      made.entries.set(toText(args[at] ?? null, charge), at + 1 < args.length ? (args[at + 1] ?? null) : '')
    }
    return made
  }),
  define<[GoMap, string]>('get', [DICT, 'string'], ([{ entries }, key]) =>
    entries.has(key) ? (entries.get(key) ?? null) : '',
  ),
  define<[GoMap, string, Value]>('set', [DICT, 'string', ANYTHING], ([map, key, value]) => {
    if (map.isNil) throw new GoError('assignment to entry in nil map')
    map.entries.set(key, value)
    return map
  }),
  define<[GoMap, string]>('unset', [DICT, 'string'], ([map, key]) => {
    map.entries.delete(key)
    return map
  }),
  define<[GoMap, string]>('hasKey', [DICT, 'string'], ([{ entries }, key]) => entries.has(key)),
  define<[string, ...GoMap[]]>('pluck', ['string', DICTS], ([key, ...dicts]) => {
    return list(dicts.filter(({ entries }) => entries.has(key)).map(({ entries }) => entries.get(key) ?? null))
  }),
  // Go gives them in an order that changes from run to run; a template that changes by itself is no use to anyone.
  define<GoMap[]>('keys', [DICTS], dicts => strings(dicts.flatMap(sortedKeys))),
  define<[GoMap]>('values', [DICT], ([map]) => list(sortedKeys(map).map(key => map.entries.get(key) ?? null))),
  define<[GoMap, ...string[]]>('pick', [DICT, '...string'], ([{ entries }, ...keys]) => {
    return dict(keys.filter(key => entries.has(key)).map(key => [key, entries.get(key) ?? null]))
  }),
  define<[GoMap, ...string[]]>('omit', [DICT, '...string'], ([{ entries }, ...keys]) => {
    return dict(
      [...entries].map(([key, value]) => [String(key), value] as const).filter(([key]) => !keys.includes(key)),
    )
  }),
  ...merging(['merge', 'mustMerge'], false),
  ...merging(['mergeOverwrite', 'mustMergeOverwrite'], true),
  ...['deepCopy', 'mustDeepCopy'].map(name =>
    define<[Value]>(name, [ANYTHING], ([value], { charge }) => {
      if (value === null) throw new GoError('reflect: call of reflect.Value.Type on zero Value')
      return copied(value, charge)
    }),
  ),
  define<Value[]>('dig', ['...interface {}'], args => {
    if (args.length < 3) throw new GoError('dig needs at least three arguments')
    return dug(args.slice(0, -2), args.at(-2) ?? null, args.at(-1) ?? null)
  }),
]

function merging(names: readonly string[], override: boolean): Func[] {
  return names.map(name =>
    define<[GoMap, ...GoMap[]]>(name, [DICT, DICTS], ([into, ...sources], { charge }) => {
      return sources.reduce((target, source) => merged(target, source, override, charge), into)
    }),
  )
}

function sortedKeys({ entries }: GoMap): string[] {
  return [...entries.keys()].map(String).sort(compareText)
}

function copied(value: Value, charge: Charge): Value {
  charge(1)
  if (value instanceof Slice) {
    const items = value.items.map(item => copied(item, charge))
    return value.with(items, value.isNil)
  }
  if (!(value instanceof GoMap)) return value
  const entries = [...value.entries].map(([key, entry]) => [key, copied(entry, charge)] as const)
  return new GoMap(value.type, entries, value.isNil)
}

function dug(keys: readonly Value[], otherwise: Value, dict: Value): Value {
  let found = dict
  for (const key of keys) {
    const map = required(found, DICT, isDict)
    const name = required(key, 'string', each => typeof each === 'string')
    if (!map.entries.has(name)) return otherwise
    found = map.entries.get(name) ?? null
  }
  return found
}

function required<T extends Value>(value: Value, type: string, holds: (value: Value) => value is T): T {
  if (holds(value)) return value
  const found = value === null ? 'nil' : typeOf(value)
  throw new GoError(`interface conversion: interface {} is ${found}, not ${type}`)
}
