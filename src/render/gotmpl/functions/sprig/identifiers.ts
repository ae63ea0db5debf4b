import { isSpace, lowerOf, mapped, upperOf } from '../case.ts'

/** github.com/huandu/xstrings: names in other spellings. */

const isConnector = (char: string) => char === '-' || char === '_' || isSpace(char)
const isUpper = (char: string) => /\p{Lu}/u.test(char)
const isNumber = (char: string) => /\p{N}/u.test(char)
const isPunctuation = (char: string) => /\p{P}/u.test(char)

/** ToPascalCase: "http_server" is "HttpServer", "GOLANG_IS_GREAT" is "GolangIsGreat". */
export function camel(text: string): string {
  const chars = Array.from(text)
  const start = chars.findIndex(char => !isConnector(char))
  if (start === -1) return text.length === 0 ? '' : text + (chars.at(-1) ?? '')
  let written = chars.slice(0, start).join('')
  let current = upperOf(chars[start] ?? '')
  let wasUpper = isUpper(chars[start] ?? '')
  for (const char of chars.slice(start + 1)) {
    const before = current
    current = char
    if (isConnector(char) && isConnector(before)) {
      written += before
    } else if (isConnector(before)) {
      wasUpper = isUpper(char)
      current = upperOf(char)
    } else {
      if (wasUpper && isUpper(char)) current = lowerOf(char)
      else wasUpper = false
      written += before
    }
  }
  return written + current
}

type Kind = 'number' | 'upper' | 'letters' | 'connector' | 'punctuation' | 'other' | 'none'

interface Word {
  readonly kind: Kind
  readonly text: string
}

/** ToSnakeCase and ToKebabCase: "HTTPServer" is "http_server", "Bld4Floor3rd" is "bld4_floor_3rd". */
export function lowerWords(text: string, connector: string): string {
  const words = wordsOf(Array.from(text))
  let written = ''
  let at = 0
  const kind = () => words[at]?.kind ?? 'none'
  const isLast = () => at >= words.length - 1
  const write = ({ kind, text }: Word) => {
    written += kind === 'upper' || kind === 'connector' ? mapped(text, char => lowered(char, connector)) : text
  }
  const writeNext = () => write(words[at++] ?? none)
  const writeRun = () => {
    while (['letters', 'number'].includes(kind())) writeNext()
  }
  const connectUnless = (kinds: readonly Kind[]) => {
    if (!kinds.includes(kind())) written += connector
  }

  while (!isLast()) {
    const before = kind()
    writeNext()
    if (before === 'number') {
      writeRun()
      connectUnless(['none', 'punctuation', 'connector'])
    } else if (before !== 'connector' && before !== 'punctuation') {
      if (kind() !== 'number') {
        connectUnless(['connector', 'punctuation'])
      } else if (!isLast()) {
        // Where letters in lower case follow, the number begins a word; else it ends the one before it.
        const beginsWord = words[at + 1]?.kind === 'letters'
        if (beginsWord) written += connector
        writeNext()
        if (beginsWord) writeRun()
        connectUnless(beginsWord ? ['none', 'connector', 'punctuation'] : ['connector', 'punctuation'])
      }
    }
  }
  if (at < words.length) writeNext()
  return written
}

const none: Word = { kind: 'none', text: '' }

function lowered(char: string, connector: string): string {
  return isConnector(char) ? connector : lowerOf(char)
}

function wordsOf(chars: readonly string[]): Word[] {
  const words: Word[] = []
  for (let at = 0; at < chars.length; ) {
    const kind = kindOf(chars[at] ?? '')
    const end = endOf(chars, at, kind)
    words.push({ kind, text: chars.slice(at, end).join('') })
    at = end
  }
  return words
}

function kindOf(char: string): Kind {
  if (isConnector(char)) return 'connector'
  if (isPunctuation(char)) return 'punctuation'
  if (isUpper(char)) return 'upper'
  if (isAlphabet(char)) return 'letters'
  return isNumber(char) ? 'number' : 'other'
}

/** An ideograph is a letter, but part of no word here. */
function isAlphabet(char: string): boolean {
  return /\p{L}/u.test(char) && !/\p{Unified_Ideograph}/u.test(char)
}

function endOf(chars: readonly string[], start: number, kind: Kind): number {
  const from = (at: number, holds: (char: string) => boolean): number => {
    let end = at
    while (end < chars.length && holds(chars[end] ?? '')) end++
    return end
  }
  const isLower = (char: string) => isAlphabet(char) && !isUpper(char)
  switch (kind) {
    case 'connector':
      return from(start, isConnector)
    case 'punctuation':
      return from(start, isPunctuation)
    case 'number':
      return from(start, isNumber)
    case 'letters':
      return from(start, isLower)
    case 'other':
      return from(start, char => kindOf(char) === 'other')
  }
  const upper = from(start, isUpper)
  if (upper === start + 1) return from(upper, isLower)
  // "HTTPStatus" is "HTTP" and "Status".
  return isLower(chars[upper] ?? '') ? upper - 1 : upper
}
