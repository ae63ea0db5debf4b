import { byteLength } from '../bytes.ts'
import type { Func, Value } from '../values.ts'
import { GoError, GoMap, type Slice } from '../values.ts'
import { lowerOf, mapped, titled, trimSpace, upperOf } from './case.ts'
import { define, STRINGS, strings, text } from './define.ts'

export const stringFunctions: readonly Func[] = [
  define<[bigint, string]>('indent', ['int', 'string'], ([spaces, s], context) => {
    if (spaces < 0n) throw new GoError('indent value must be a positive integer')
    const lines = s.split('\n')
    context.charge(byteLength(s) + Number(spaces) * lines.length)
    return lines.map(line => (line === '' ? '' : ' '.repeat(Number(spaces)) + line)).join('\n')
  }),
  define<[string, Slice]>('join', ['string', STRINGS], ([separator, { items }], context) => {
    context.charge(byteLength(separator) * items.length)
    return items.join(separator)
  }),
  text('trim', 2, (cutset, s) => trimmed(s, cutset)),
  text('trimPrefix', 2, (prefix, s) => withoutPrefix(s, prefix)),
  text('trimSuffix', 2, (suffix, s) => withoutSuffix(s, suffix)),
  text('trimSpace', 1, trimSpace),
  define<[string, string, string]>('replaceAll', Array(3).fill('string'), ([from, to, s], context) => {
    return replaced(s, from, to, bytes => context.charge(bytes))
  }),
  define<[string, string]>('split', ['string', 'string'], ([separator, s]) => {
    const rest = trimSpace(s)
    return strings(rest === '' ? [] : splitAt(rest, separator))
  }),
  text('splitToMap', 3, (separator, within, s) => {
    const entries: [string, Value][] = []
    for (const piece of splitAt(trimSpace(s), separator)) {
      const at = piece.indexOf(within)
      if (at !== -1) entries.push([piece.slice(0, at), piece.slice(at + within.length)])
    }
    return new GoMap('map[string]string', entries)
  }),
  text('toLower', 1, s => mapped(s, lowerOf)),
  text('toUpper', 1, s => mapped(s, upperOf)),
  text('toTitle', 1, titled),
]

/** strings.Trim: the cutset is a set of characters. */
export function trimmed(text: string, cutset: string): string {
  const cut = new Set(cutset)
  const chars = Array.from(text)
  let [start, end] = [0, chars.length]
  while (start < end && cut.has(chars[start] ?? '')) start++
  while (end > start && cut.has(chars[end - 1] ?? '')) end--
  return chars.slice(start, end).join('')
}

export function withoutPrefix(text: string, prefix: string): string {
  return text.startsWith(prefix) ? text.slice(prefix.length) : text
}

export function withoutSuffix(text: string, suffix: string): string {
  return suffix !== '' && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text
}

/** strings.SplitN: without a separator every character is a part; at most `count` parts, the last keeps the rest. */
export function splitAt(text: string, separator: string, count = Number.POSITIVE_INFINITY): string[] {
  const parts = separator === '' ? Array.from(text) : text.split(separator)
  return parts.length <= count ? parts : [...parts.slice(0, count - 1), parts.slice(count - 1).join(separator)]
}

/** strings.ReplaceAll: nothing is found before and after every character. */
export function replaced(text: string, from: string, to: string, charge: (bytes: number) => void): string {
  const parts = from === '' ? ['', ...Array.from(text), ''] : text.split(from)
  charge(byteLength(text) + byteLength(to) * (parts.length - 1))
  return text === '' && from === '' ? to : parts.join(to)
}
