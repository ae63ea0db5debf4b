import { byteLength, fromBytes, runeOf, strayByte } from './bytes.ts'
import { GoError } from './values.ts'

const NAMED = new Map([
  [7, 'a'],
  [8, 'b'],
  [12, 'f'],
  [10, 'n'],
  [13, 'r'],
  [9, 't'],
  [11, 'v'],
])
const SIMPLE: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11, '\\': 92 }
const SYNTAX = 'invalid syntax'

/** strconv.Quote; with `ascii`, strconv.QuoteToASCII. */
export function quote(text: string, ascii = false): string {
  const quoted = text.replace(/[^ !#-[\]-~]/gu, char => {
    const stray = strayByte(char)
    return stray === undefined ? escapeRune(runeOf(char), '"', ascii) : `\\x${hex(stray, 2)}`
  })
  return `"${quoted}"`
}

/** strconv.QuoteRune. */
export function quoteRune(rune: number, ascii = false): string {
  return `'${escapeRune(isValid(rune) ? rune : 0xfffd, "'", ascii)}'`
}

/** Can the text stand unchanged between backquotes? */
export function canBackquote(text: string): boolean {
  return Array.from(text).every(char => {
    const rune = runeOf(char)
    return rune >= 0x80
      ? strayByte(char) === undefined && rune !== 0xfeff
      : char === '\t' || (isPrint(rune) && char !== '`')
  })
}

/** unicode.IsPrint */
export function isPrint(rune: number): boolean {
  if (rune < 0x7f) return rune >= 0x20
  return isValid(rune) && /[\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(String.fromCodePoint(rune))
}

/** fmt's %#U */
export function unicodeName(rune: number): string {
  const name = `U+${rune.toString(16).toUpperCase().padStart(4, '0')}`
  return isPrint(rune) ? `${name} '${String.fromCodePoint(rune)}'` : name
}

/** strconv.Unquote of what the lexer took for a string. */
export function unquote(quoted: string): string {
  const inner = quoted.slice(1, -1)
  if (quoted.startsWith('`')) return inner.replaceAll('\r', '')
  if (!inner.includes('\\')) {
    if (inner.isWellFormed()) return inner
  }
  const bytes: Buffer[] = []
  for (let at = 0; at < inner.length; ) {
    const { rune, isByte, next } = unquoteChar(inner, at, '"')
    bytes.push(isByte ? Buffer.of(rune) : Buffer.from(String.fromCodePoint(rune)))
    at = next
  }
  return fromBytes(Buffer.concat(bytes))
}

/** The number a character literal stands for. */
export function characterOf(literal: string): number {
  if (literal.length <= 1) throw new GoError(SYNTAX)
  const { rune, next } = unquoteChar(literal, 1, "'")
  if (literal.slice(next) !== "'") throw new GoError(`malformed character constant: ${literal}`)
  return rune
}

interface Unquoted {
  readonly rune: number
  readonly isByte: boolean // written as a byte: `\xff`, `\377`
  readonly next: number
}

function unquoteChar(text: string, at: number, quoteSign: string): Unquoted {
  const char = String.fromCodePoint(text.codePointAt(at) ?? 0)
  if (char === quoteSign) throw new GoError(SYNTAX)
  if (char !== '\\') return { rune: runeOf(char), isByte: false, next: at + char.length }

  const letter = text[at + 1] ?? ''
  const simple =
    letter === quoteSign ? letter.charCodeAt(0) : Object.hasOwn(SIMPLE, letter) ? SIMPLE[letter] : undefined
  if (simple !== undefined) return { rune: simple, isByte: false, next: at + 2 }
  if (/[0-7]/.test(letter)) return { rune: digits(text, at + 1, 3, 8, 255), isByte: true, next: at + 4 }
  if (letter === 'x') return { rune: digits(text, at + 2, 2, 16, 255), isByte: true, next: at + 4 }
  if (letter === 'u' || letter === 'U') {
    const width = letter === 'u' ? 4 : 8
    const rune = digits(text, at + 2, width, 16, 0x10ffff)
    if (isValid(rune)) return { rune, isByte: false, next: at + 2 + width }
  }
  throw new GoError(SYNTAX)
}

function digits(text: string, at: number, width: number, base: 8 | 16, largest: number): number {
  const written = text.slice(at, at + width)
  const isNumber = base === 8 ? /^[0-7]+$/.test(written) : /^[\da-fA-F]+$/.test(written)
  const value = Number.parseInt(written, base)
  if (!isNumber || byteLength(written) < width || value > largest) throw new GoError(SYNTAX)
  return value
}

function escapeRune(rune: number, quoteSign: string, ascii: boolean): string {
  const char = String.fromCodePoint(rune)
  if (char === quoteSign || char === '\\') return `\\${char}`
  if (isPrint(rune) && (!ascii || rune < 0x80)) return char
  const named = NAMED.get(rune)
  if (named !== undefined) return `\\${named}`
  if (rune < 0x20 || rune === 0x7f) return `\\x${hex(rune, 2)}`
  return rune < 0x10000 ? `\\u${hex(rune, 4)}` : `\\U${hex(rune, 8)}`
}

function isValid(rune: number): boolean {
  return rune >= 0 && rune <= 0x10ffff && (rune < 0xd800 || rune > 0xdfff)
}

function hex(value: number, width: number): string {
  return value.toString(16).padStart(width, '0')
}
