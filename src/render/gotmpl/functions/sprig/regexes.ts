import { canBackquote, quote } from '../../quote.ts'
import { type Func, GoError, Slice, type Value } from '../../values.ts'
import { define, STRINGS, strings, text } from '../define.ts'
import { expanded, type Pattern, quoteMeta } from '../regex.ts'

type Compile = (source: string) => Pattern

export function regexFunctions(compile: Compile): readonly Func[] {
  return [
    text('regexMatch', 2, (pattern, s) => {
      try {
        return compile(pattern).test(s)
      } catch (error) {
        if (error instanceof GoError) return false
        throw error
      }
    }),
    text('mustRegexMatch', 2, (pattern, s) => compile(pattern).test(s)),
    text('regexQuoteMeta', 1, quoteMeta),
    ...both('regexFind', ['string', 'string'], ([pattern = '', s = '']) => {
      for (const { start, end } of compile(String(pattern)).matches(String(s))) return String(s).slice(start, end)
      return ''
    }),
    ...both('regexFindAll', ['string', 'string', 'int'], ([pattern, s, count]) => {
      return found(compile(String(pattern)), String(s), Number(count))
    }),
    ...both('regexSplit', ['string', 'string', 'int'], ([pattern, s, count]) => {
      return split(compile(String(pattern)), String(pattern), String(s), Number(count))
    }),
    ...both('regexReplaceAll', Array(3).fill('string'), ([pattern, s, to], charge) => {
      return compile(String(pattern)).replace(String(s), charge, match => expanded(String(to), match))
    }),
    ...both('regexReplaceAllLiteral', Array(3).fill('string'), ([pattern, s, to], charge) => {
      return compile(String(pattern)).replace(String(s), charge, () => String(to))
    }),
  ]

  /** Where mustRegex… reports what is wrong with a pattern, regex… panics. */
  function both(
    name: string,
    params: readonly string[],
    call: (args: readonly Value[], charge: (bytes: number) => void) => Value,
  ): Func[] {
    return [
      define<Value[]>(name, params, (args, { charge }) => {
        panicking(String(args[0]))
        return call(args, charge)
      }),
      define<Value[]>(`mustR${name.slice(1)}`, params, (args, { charge }) => call(args, charge)),
    ]
  }

  function panicking(pattern: string): void {
    try {
      compile(pattern)
    } catch (error) {
      if (!(error instanceof GoError)) throw error
      const shown = canBackquote(pattern) ? `\`${pattern}\`` : quote(pattern)
      throw new GoError(`regexp: Compile(${shown}): ${error.message}`, { cause: error })
    }
  }
}

function found(pattern: Pattern, text: string, count: number): Slice {
  const parts: string[] = []
  if (count !== 0) {
    for (const { start, end } of pattern.matches(text)) {
      parts.push(text.slice(start, end))
      if (parts.length === count) break
    }
  }
  return new Slice(STRINGS, parts, parts.length === 0)
}

/** Regexp.Split: at most `count` parts, the last one with all the rest; below zero all of them. */
function split(pattern: Pattern, source: string, text: string, count: number): Slice {
  if (count === 0) return new Slice(STRINGS, [], true)
  if (source !== '' && text === '') return strings([''])
  const parts: string[] = []
  let [at, end] = [0, 0]
  for (const match of pattern.matches(text)) {
    if (count > 0 && parts.length === count - 1) break
    end = match.start
    if (match.end !== 0) parts.push(text.slice(at, end))
    at = match.end
  }
  if (end !== text.length) parts.push(text.slice(at))
  return strings(parts)
}
