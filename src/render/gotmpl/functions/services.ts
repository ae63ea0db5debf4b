import { type Func, GoError, GoMap, integerOf, type Key, Slice, Struct, typeOf, type Value } from '../values.ts'
import { ANYTHING, define, list, wrapping } from './define.ts'
import { parseInteger } from './strconv.ts'
import { SERVICES, SNIPPETS } from './types.ts'

export const serviceFunctions: readonly Func[] = [
  define<[Value]>('byTag', [ANYTHING], ([services]) => {
    return new GoMap('map[string][]interface {}', grouped(services, 'byTag', [SERVICES, SNIPPETS], tagsOf))
  }),
  define<[Value]>('byPort', [ANYTHING], ([services]) => {
    return new GoMap('map[int][]interface {}', grouped(services, 'byPort', [SERVICES], portOf))
  }),
  define<[string, Slice]>('byMeta', ['string', SERVICES], ([keys, services]) => {
    const groups = new Map<string, Value[]>()
    for (const service of services.items) push(groups, metaKey(service, keys.split(',')), service)
    return new GoMap(`map[string]${SERVICES}`, lists(groups, SERVICES))
  }),
]

function grouped(
  services: Value,
  name: string,
  types: readonly string[],
  keysOf: (service: Struct) => readonly Key[],
): [Key, Slice][] {
  if (services === null) return []
  if (!(services instanceof Slice) || !types.includes(services.type)) {
    throw new GoError(`${name}: wrong argument type ${typeOf(services)}`)
  }
  const groups = new Map<Key, Value[]>()
  for (const service of services.items) {
    if (!(service instanceof Struct)) continue
    for (const key of keysOf(service)) push(groups, key, service)
  }
  return [...groups].map(([key, items]) => [key, list(items)])
}

function tagsOf(service: Struct): string[] {
  const tags = service.fields.get('Tags')
  return tags instanceof Slice ? tags.items.filter(tag => typeof tag === 'string') : []
}

function portOf(service: Struct): Key[] {
  return [integerOf(service.fields.get('Port') ?? null) ?? 0n]
}

/** The values joined by `_`; a key that ends in `|int` is a number of five digits, so that text order is their order. */
function metaKey(service: Value, keys: readonly string[]): string {
  const meta = service instanceof Struct ? service.fields.get('ServiceMeta') : undefined
  const parts = keys.map(key => {
    const isNumber = key.endsWith('|int')
    const name = isNumber ? key.slice(0, -'|int'.length) : key
    const value = meta instanceof GoMap ? meta.entries.get(name) : undefined
    const given = typeof value === 'string' && value !== '' ? value : isNumber ? '0' : `_no_${name}_`
    return (isNumber ? padded(given) : given).replace(/[^a-zA-Z0-9_-]/gu, '_')
  })
  return parts.join('_')
}

function padded(text: string): string {
  const number = wrapping(`cannot parse ${text} as number `, () => parseInteger(text, 10, 'Atoi'))
  // As %05d: a sign counts among the five.
  return number < 0n ? `-${String(-number).padStart(4, '0')}` : String(number).padStart(5, '0')
}

function push<K>(groups: Map<K, Value[]>, key: K, item: Value): void {
  const group = groups.get(key)
  if (group === undefined) groups.set(key, [item])
  else group.push(item)
}

function lists(groups: ReadonlyMap<string, Value[]>, type: string): [string, Slice][] {
  return [...groups].map(([key, items]) => [key, new Slice(type, items)])
}
