import { type CallContext, Func, GoError, GoMap, Num, Slice, type Value } from '../values.ts'

/** A function of the library: its Go types, and what it does with arguments that already have them. */
export function define<Args extends readonly Value[]>(
  name: string,
  params: readonly string[],
  call: (args: Args, context: CallContext) => Value,
): Func {
  return new Func(name, params, (args, context) => {
    try {
      return call(args as Value[] as unknown as Args, context)
    } catch (error) {
      // A map may hold itself, and a text may outgrow what a string can be: the template is to blame, not we.
      if (error instanceof RangeError) throw new GoError('too deep or too large', { cause: error })
      throw error
    }
  })
}

/** func(string, …) string: the most common shape. */
export function text(name: string, count: number, call: (...args: string[]) => Value): Func {
  return define<string[]>(name, Array(count).fill('string'), args => call(...args))
}

/** Called with the size of what is about to be made, and for every value that is looked at: throws when it is too much. */
export type Charge = CallContext['charge']

export const STRINGS = '[]string'
export const ANYTHING = 'interface {}'
export const LIST = '[]interface {}'
export const DICT = 'map[string]interface {}'

export function strings(items: readonly string[]): Slice {
  return new Slice(STRINGS, items)
}

export function list(items: readonly Value[]): Slice {
  return new Slice(LIST, items)
}

export function dict(entries: Iterable<readonly [string, Value]> = []): GoMap {
  return new GoMap(DICT, entries)
}

export function isDict(value: Value | undefined): value is GoMap {
  return value instanceof GoMap && value.type === DICT
}

export function int64(value: bigint): Num {
  return new Num('int64', BigInt.asIntN(64, value))
}

/** What fails in Go with an error of a library, put behind the name of the function that met it. */
export function wrapping<T>(name: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof GoError) throw new GoError(`${name}: ${error.message}`, { cause: error })
    throw error
  }
}
