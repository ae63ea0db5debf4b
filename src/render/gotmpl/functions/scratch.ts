import { compareText } from '../order.ts'
import { quote } from '../quote.ts'
import { Func, GoError, type GoMap, Slice, Struct, type Value } from '../values.ts'
import { ANYTHING, define, dict, isDict, LIST, list } from './define.ts'

/** What a template keeps for later: empty at the start of every run, so one library serves one run. */
export function scratchFunction(): Func {
  const kept = new Map<string, Value>()

  function mapAt(key: string): GoMap {
    const map = kept.get(key) ?? dict()
    if (!isDict(map)) throw new GoError(`${quote(key)} is not a map`)
    kept.set(key, map)
    return map
  }

  const methods = [
    define<[string]>('Key', ['string'], ([key]) => kept.has(key)),
    define<[string]>('Get', ['string'], ([key]) => kept.get(key) ?? null),
    define<[string, Value]>('Set', ['string', ANYTHING], ([key, value]) => {
      kept.set(key, value)
      return ''
    }),
    define<[string, Value]>('SetX', ['string', ANYTHING], ([key, value]) => {
      if (!kept.has(key)) kept.set(key, value)
      return ''
    }),
    define<[string, string, Value]>('MapSet', ['string', 'string', ANYTHING], ([key, name, value]) => {
      mapAt(key).entries.set(name, value)
      return ''
    }),
    define<[string, string, Value]>('MapSetX', ['string', 'string', ANYTHING], ([key, name, value]) => {
      const { entries } = mapAt(key)
      if (!entries.has(name)) entries.set(name, value)
      return ''
    }),
    define<[string]>('MapValues', ['string'], ([key]) => {
      const map = kept.get(key)
      if (!isDict(map)) return new Slice(LIST, [], true)
      const names = [...map.entries.keys()].map(String).sort(compareText)
      return list(names.map(name => map.entries.get(name) ?? null))
    }),
  ]
  const scratch = new Struct('*template.Scratch', new Map(), {
    methods: new Map(methods.map(method => [method.name, method])),
  })
  return new Func('scratch', [], () => scratch)
}
