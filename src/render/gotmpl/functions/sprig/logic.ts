import { isTrue } from '../../kinds.ts'
import { type Func, GoError, typeOf, type Value } from '../../values.ts'
import { ANYTHING, define, text } from '../define.ts'
import { decodedJson } from '../json-decode.ts'
import { encodedJson, type JsonStyle } from '../json-encode.ts'
import { deepEqual, kindName } from '../reflect.ts'

const ANY = '...interface {}'

export const logicFunctions: readonly Func[] = [
  define<[Value, ...Value[]]>('default', [ANYTHING, ANY], ([otherwise, given = null]) =>
    isTrue(given) ? given : otherwise,
  ),
  define<[Value]>('empty', [ANYTHING], ([value]) => !isTrue(value)),
  define<Value[]>('coalesce', [ANY], values => values.find(isTrue) ?? null),
  define<Value[]>('all', [ANY], values => values.every(isTrue)),
  define<Value[]>('any', [ANY], values => values.some(isTrue)),
  define<[Value, Value, boolean]>('ternary', [ANYTHING, ANYTHING, 'bool'], ([yes, no, holds]) => (holds ? yes : no)),
  define<[Value]>('typeOf', [ANYTHING], ([value]) => typeOf(value)),
  define<[string, Value]>('typeIs', ['string', ANYTHING], ([type, value]) => type === typeOf(value)),
  define<[string, Value]>('typeIsLike', ['string', ANYTHING], ([type, value]) => {
    return type === typeOf(value) || `*${type}` === typeOf(value)
  }),
  define<[Value]>('kindOf', [ANYTHING], ([value]) => kindName(value)),
  define<[string, Value]>('kindIs', ['string', ANYTHING], ([kind, value]) => kind === kindName(value)),
  define<[Value, Value]>('deepEqual', [ANYTHING, ANYTHING], ([a, b], { charge }) => deepEqual(a, b, charge)),
  text('fail', 1, message => {
    throw new GoError(message)
  }),
  text('hello', 0, () => 'Hello!'),
  text('fromJson', 1, s => orElse(() => decodedJson(s), null)),
  text('mustFromJson', 1, s => decodedJson(s)),
  ...encoding('toJson', { html: true, indent: '' }),
  ...encoding('toPrettyJson', { html: true, indent: '  ' }),
  ...encoding('toRawJson', { html: false, indent: '' }),
]

/** What cannot be written is nothing; toRawJson and the must… fail. */
function encoding(name: string, style: JsonStyle): Func[] {
  const must = (each: string) =>
    define<[Value]>(each, [ANYTHING], ([value], { charge }) => encodedJson(value, style, charge))
  const forgiving = define<[Value]>(name, [ANYTHING], ([value], { charge }) =>
    orElse(() => encodedJson(value, style, charge), ''),
  )
  return [style.html ? forgiving : must(name), must(`mustT${name.slice(1)}`)]
}

function orElse<T>(work: () => T, otherwise: T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof GoError) return otherwise
    throw error
  }
}
