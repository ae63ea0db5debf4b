import { byteLength, fromBytes, toBytes } from '../../bytes.ts'
import { quote } from '../../quote.ts'
import { type Func, GoError, GoMap, type Value } from '../../values.ts'
import { lowerOf, mapped, simplyTitled, trimSpace, upperOf } from '../case.ts'
import { ANYTHING, define, strings, text } from '../define.ts'
import { printed } from '../print.ts'
import { replaced, splitAt, trimmed, withoutPrefix, withoutSuffix } from '../strings.ts'
import { toText, toTexts } from './cast.ts'

const ANY = '...interface {}'

export const stringFunctions: readonly Func[] = [
  text('trim', 1, trimSpace),
  text('upper', 1, s => mapped(s, upperOf)),
  text('lower', 1, s => mapped(s, lowerOf)),
  text('title', 1, simplyTitled),
  ...['trimall', 'trimAll'].map(name => text(name, 2, (cutset, s) => trimmed(s, cutset))),
  text('trimPrefix', 2, (prefix, s) => withoutPrefix(s, prefix)),
  text('trimSuffix', 2, (suffix, s) => withoutSuffix(s, suffix)),
  text('contains', 2, (part, s) => s.includes(part)),
  text('hasPrefix', 2, (prefix, s) => s.startsWith(prefix)),
  text('hasSuffix', 2, (suffix, s) => s.endsWith(suffix)),
  define<[bigint, string]>('trunc', ['int', 'string'], ([count, s]) => truncated(s, Number(count))),
  define<[bigint, bigint, string]>('substr', ['int', 'int', 'string'], ([start, end, s]) => {
    return substring(s, Number(start), Number(end))
  }),
  define<[bigint, string]>('repeat', ['int', 'string'], ([count, s], context) => {
    if (count < 0n) throw new GoError('strings: negative Repeat count')
    context.charge(byteLength(s) * Number(count))
    return s === '' ? '' : s.repeat(Number(count))
  }),
  define<[string, string, string]>('replace', Array(3).fill('string'), ([from, to, s], context) => {
    return replaced(s, from, to, context.charge)
  }),
  define<[bigint, string]>('indent', ['int', 'string'], ([spaces, s], context) => indented(s, spaces, context.charge)),
  define<[bigint, string]>('nindent', ['int', 'string'], ([spaces, s], context) => {
    return `\n${indented(s, spaces, context.charge)}`
  }),
  define<Value[]>('quote', [ANY], (args, { charge }) => {
    return present(args)
      .map(arg => quote(toText(arg, charge)))
      .join(' ')
  }),
  define<Value[]>('squote', [ANY], (args, { charge }) => {
    return present(args)
      .map(arg => `'${printed(arg, charge)}'`)
      .join(' ')
  }),
  define<Value[]>('cat', [ANY], (args, { charge }) => {
    return present(args)
      .map(arg => printed(arg, charge))
      .join(' ')
  }),
  define<[string, string, bigint]>('plural', ['string', 'string', 'int'], ([one, many, count]) => {
    return count === 1n ? one : many
  }),
  define<[Value]>('toString', [ANYTHING], ([value], { charge }) => toText(value, charge)),
  define<[Value]>('toStrings', [ANYTHING], ([value], { charge }) => strings(toTexts(value, charge))),
  define<[string, Value]>('join', ['string', ANYTHING], ([separator, value], { charge }) => {
    const texts = toTexts(value, charge)
    charge(byteLength(separator) * texts.length)
    return texts.join(separator)
  }),
  text('split', 2, (separator, s) => numbered(splitAt(s, separator))),
  text('splitList', 2, (separator, s) => strings(splitAt(s, separator))),
  define<[string, bigint, string]>('splitn', ['string', 'int', 'string'], ([separator, count, s]) => {
    if (count === 0n) return numbered([])
    return numbered(splitAt(s, separator, count < 0n ? Number.POSITIVE_INFINITY : Number(count)))
  }),
]

function present(args: readonly Value[]): Value[] {
  return args.filter(arg => arg !== null)
}

/** `_0`, `_1` …, so that a template can say `.first._0`. */
function numbered(parts: readonly string[]): GoMap {
  return new GoMap(
    'map[string]string',
    parts.map((part, index) => [`_${index}`, part]),
  )
}

function indented(text: string, spaces: bigint, charge: (bytes: number) => void): string {
  if (spaces < 0n) throw new GoError('strings: negative Repeat count')
  charge(Number(spaces))
  const pad = ' '.repeat(Number(spaces))
  return pad + replaced(text, '\n', `\n${pad}`, charge)
}

function truncated(text: string, count: number): string {
  const bytes = toBytes(text)
  if (count < 0 && bytes.length + count > 0) return fromBytes(bytes.subarray(bytes.length + count))
  return count >= 0 && bytes.length > count ? fromBytes(bytes.subarray(0, count)) : text
}

function substring(text: string, start: number, end: number): string {
  const bytes = toBytes(text)
  const { length } = bytes
  const [from, to] = start < 0 ? [0, end] : [start, end < 0 || end > length ? length : end]
  if (to < 0) throw new GoError(`runtime error: slice bounds out of range [:${to}]`)
  if (to > length) throw new GoError(`runtime error: slice bounds out of range [:${to}] with length ${length}`)
  if (from > to) throw new GoError(`runtime error: slice bounds out of range [${from}:${to}]`)
  return fromBytes(bytes.subarray(from, to))
}
