import {
  Channel,
  Func,
  GoError,
  type GoMap,
  Num,
  Slice,
  type Struct,
  type Value,
} from '../../../src/render/gotmpl/values.ts'

/** The functions of main.go, for one template. */
export function functionsOf(): ReadonlyMap<string, Func> {
  let runs = 0
  const all = [
    new Func('upper', ['string'], ([text]) => String(text).toUpperCase().toWellFormed()),
    new Func('join', ['string', '[]string'], ([separator, list]) => (list as Slice).items.join(String(separator))),
    new Func('words', ['string'], ([text]) => new Slice('[]string', String(text).split(/\s+/).filter(Boolean))),
    new Func('sum', ['...int'], numbers =>
      BigInt.asIntN(
        64,
        (numbers as bigint[]).reduce((total, number) => total + number, 0n),
      ),
    ),
    new Func('half', ['float64'], ([number]) => Number(number) / 2),
    new Func('byte', ['uint8'], ([number = null]) => number),
    new Func('long', ['int64'], ([number = null]) => number),
    new Func('both', ['bool', 'bool'], ([one, other]) => one === true && other === true),
    new Func('same', ['interface {}'], ([value = null]) => value),
    new Func('nothing', [], () => null),
    new Func('broken', ['string'], ([text]) => {
      throw new GoError(`broken: ${String(text)}`)
    }),
    new Func('size', ['map[string]interface {}'], ([map]) => BigInt((map as GoMap).entries.size)),
    new Func('pair', ['*main.Pair'], ([pair]) => nameOf(pair ?? null)),
    new Func('count', ['int'], ([number]) => new Channel('<-chan int64', upTo(number as bigint))),
    new Func('run', ['string', '...interface {}'], ([name, data = null], { execute }) => {
      if (++runs > 20) throw new GoError('ran too often')
      return execute(String(name), data)
    }),
  ]
  return new Map(all.map(func => [func.name, func]))
}

function nameOf(pair: Value): Value {
  const name = (pair as Struct).fields?.get('Name')
  if (name === undefined) throw new GoError('runtime error: invalid memory address or nil pointer dereference')
  return name
}

function* upTo(end: bigint): Iterable<Value> {
  for (let at = 0n; at < end; at++) yield new Num('int64', at)
}
