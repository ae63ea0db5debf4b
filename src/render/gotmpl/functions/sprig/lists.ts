import { isTrue } from '../../kinds.ts'
import { compareText } from '../../order.ts'
import { type Func, GoError, Slice, type Value } from '../../values.ts'
import { ANYTHING, type Charge, define, LIST, list, strings } from '../define.ts'
import { deepEqual, kindName } from '../reflect.ts'
import { toInt64, toText, toTexts } from './cast.ts'

const ANY = '...interface {}'
const NOTHING = new Slice(LIST, [], true)

export const listFunctions: readonly Func[] = [
  ...['list', 'tuple'].map(name => define<Value[]>(name, [ANY], args => list(args))),
  ...both('first', items => items[0] ?? null),
  ...both('last', items => items.at(-1) ?? null),
  ...both('rest', items => (items.length === 0 ? NOTHING : list(items.slice(1)))),
  ...both('initial', items => (items.length === 0 ? NOTHING : list(items.slice(0, -1)))),
  ...both('reverse', items => list([...items].reverse())),
  ...both('compact', items => list(items.filter(isTrue))),
  ...both('uniq', (items, charge) => list(distinct(items, charge))),
  ...['append', 'push', 'mustAppend', 'mustPush'].map(name =>
    define<[Value, Value]>(name, [ANYTHING, ANYTHING], ([items, item]) => {
      return list([...itemsOf(items, kind => `Cannot push on type ${kind}`), item])
    }),
  ),
  ...['prepend', 'mustPrepend'].map(name =>
    define<[Value, Value]>(name, [ANYTHING, ANYTHING], ([items, item]) => {
      return list([item, ...itemsOf(items, kind => `Cannot prepend on type ${kind}`)])
    }),
  ),
  ...['without', 'mustWithout'].map(name =>
    define<[Value, ...Value[]]>(name, [ANYTHING, ANY], ([items, ...omitted], { charge }) => {
      const kept = itemsOf(items, kind => `Cannot find without on type ${kind}`)
      return list(kept.filter(item => !omitted.some(value => deepEqual(value, item, charge))))
    }),
  ),
  ...['has', 'mustHas'].map(name =>
    define<[Value, Value]>(name, [ANYTHING, ANYTHING], ([needle, items], { charge }) => {
      if (items === null) return false
      return itemsOf(items, kind => `Cannot find has on type ${kind}`).some(item => deepEqual(needle, item, charge))
    }),
  ),
  ...['slice', 'mustSlice'].map(name =>
    define<[Value, ...Value[]]>(name, [ANYTHING, ANY], ([items, ...bounds]) => cut(items, bounds)),
  ),
  ...['chunk', 'mustChunk'].map(name =>
    define<[bigint, Value]>(name, ['int', ANYTHING], ([size, items]) => chunks(items, Number(size))),
  ),
  define<Value[]>('concat', [ANY], lists => {
    const items = lists.flatMap(items => itemsOf(items, kind => `Cannot concat type ${kind} as list`))
    return items.length === 0 ? NOTHING : list(items)
  }),
  define<[Value]>('sortAlpha', [ANYTHING], ([value], { charge }) => {
    if (!(value instanceof Slice)) return strings([toText(value, charge)])
    return strings(toTexts(value, charge).sort(compareText))
  }),
]

/** A function and the one that is called must…: in a template both fail, and in the same way. */
function both(name: string, call: (items: readonly Value[], charge: Charge) => Value): Func[] {
  return [name, `must${name[0]?.toUpperCase()}${name.slice(1)}`].map(each =>
    define<[Value]>(each, [ANYTHING], ([value], { charge }) => {
      return call(
        itemsOf(value, kind => `Cannot ${name === 'compact' ? '' : 'find '}${name} on type ${kind}`),
        charge,
      )
    }),
  )
}

function itemsOf(value: Value, complaint: (kind: string) => string): readonly Value[] {
  if (value instanceof Slice) return value.items
  if (value === null) throw new GoError('runtime error: invalid memory address or nil pointer dereference')
  throw new GoError(complaint(kindName(value)))
}

function distinct(items: readonly Value[], charge: Charge): Value[] {
  const texts = new Set<Value>()
  const others: Value[] = []
  return items.filter(item => {
    if (typeof item === 'string' || typeof item === 'bigint' || typeof item === 'boolean') {
      const isNew = !texts.has(item)
      texts.add(item)
      return isNew
    }
    const isNew = !others.some(other => deepEqual(item, other, charge))
    if (isNew) others.push(item)
    return isNew
  })
}

function cut(value: Value, bounds: readonly Value[]): Value {
  const items = itemsOf(value, kind => `list should be type of slice or array but ${kind}`)
  if (items.length === 0) return null
  const start = Number(toInt64(bounds[0] ?? null))
  const end = bounds.length < 2 ? items.length : Number(toInt64(bounds[1] ?? null))
  if (start < 0 || start > end || end > items.length)
    throw new GoError('reflect.Value.Slice: slice index out of bounds')
  return (value as Slice).with(items.slice(start, end))
}

function chunks(value: Value, size: number): Slice {
  const items = itemsOf(value, kind => `Cannot chunk type ${kind}`)
  const type = `[]${LIST}`
  const count = Math.floor((items.length - 1) / size) + 1
  if (size <= 0 && count !== 0) throw new GoError('runtime error: makeslice: len out of range')
  const parts: Slice[] = []
  for (let at = 0; size > 0 && at < items.length; at += size) parts.push(list(items.slice(at, at + size)))
  return new Slice(type, parts)
}
