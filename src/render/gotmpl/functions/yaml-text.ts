import { resolved } from './yaml-scalar.ts'

/** How a text is written so that it is read back as this text, by the rules of libyaml's emitter. */

const WIDTH = 80
const unprintable = /[^\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/u
const lineBreak = /[\r\n\x85\u2028\u2029]/

/** Would it be taken for a number, a boolean, nothing or a day? Or, by others, for a number of base 60? */
export function needsQuotes(text: string): boolean {
  return resolved(text).tag !== 'str' || /^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$/.test(text)
}

export function canBePlain(text: string): boolean {
  if (/^(---|\.\.\.|[#,[\]{}&*!|>'"%@`]|[-?:](\s|$))/.test(text)) return false
  if (/:(\s|$)|\s#/.test(text)) return false
  return !/^ | $/.test(text) && !lineBreak.test(text) && !unprintable.test(text)
}

/** A plain text that is too long goes on in the next line at a single blank. */
export function folded(text: string, indent: number, column: number, isKey: boolean): string {
  return isKey ? text : fold(text, indent, column)
}

export function singleQuoted(text: string, indent: number, column: number, isKey: boolean): string {
  if (unprintable.test(text) || / [\r\n\x85\u2028\u2029]|[\r\n\x85\u2028\u2029] /.test(text)) {
    return doubleQuoted(text, indent, column, isKey)
  }
  const quoted = `'${text.replaceAll("'", "''")}'`
  return isKey ? quoted : fold(quoted, indent, column, 1)
}

const escapes: Readonly<Record<string, string>> = {
  '\0': '0',
  '\x07': 'a',
  '\b': 'b',
  '\t': 't',
  '\n': 'n',
  '\v': 'v',
  '\f': 'f',
  '\r': 'r',
  '\x1b': 'e',
  '"': '"',
  '\\': '\\',
  '\x85': 'N',
  '\xa0': '_',
  '\u2028': 'L',
  '\u2029': 'P',
}

export function doubleQuoted(text: string, indent: number, column: number, isKey: boolean): string {
  let [written, at, wasSpace] = ['"', column + 1, false]
  const chars = Array.from(text)
  for (const [index, char] of chars.entries()) {
    const isFoldable = !isKey && char === ' ' && !wasSpace && at > WIDTH && index > 0 && index < chars.length - 1
    const piece = isFoldable ? newLine(indent) + (chars[index + 1] === ' ' ? '\\' : '') : escaped(char)
    written += piece
    at = isFoldable ? indent : at + piece.length
    wasSpace = char === ' '
  }
  return `${written}"`
}

/** The lines as they are, under a `|`; undefined where that cannot be. */
export function literal(text: string, indent: number, isKey: boolean): string | undefined {
  if (isKey || / $| [\r\n\x85\u2028\u2029]/.test(text) || unprintable.test(text)) return undefined
  const start = /^[ \n]/.test(text) ? '2' : ''
  const end = !text.endsWith('\n') ? '-' : text === '\n' || text.endsWith('\n\n') ? '+' : ''
  const lines = text.split('\n').map(line => (line === '' ? '' : ' '.repeat(indent) + line))
  return `|${start}${end}\n${lines.join('\n').replace(/\n$/, '')}`
}

function escaped(char: string): string {
  const isShown = char !== '"' && char !== '\\' && !unprintable.test(char) && !lineBreak.test(char)
  if (isShown) return char
  const letter = escapes[char]
  if (letter !== undefined) return `\\${letter}`
  const point = char.codePointAt(0) ?? 0
  const [mark, digits] = point <= 0xff ? ['x', 2] : point <= 0xffff ? ['u', 4] : ['U', 8]
  return `\\${mark}${point.toString(16).toUpperCase().padStart(Number(digits), '0')}`
}

function fold(text: string, indent: number, column: number, quotes = 0): string {
  let [written, at] = ['', column]
  const chars = Array.from(text)
  for (const [index, char] of chars.entries()) {
    const isSingle = char === ' ' && chars[index - 1] !== ' ' && chars[index + 1] !== ' '
    const isInside = quotes === 0 || (index > quotes && index < chars.length - 1 - quotes)
    if (isSingle && isInside && at > WIDTH) {
      written += newLine(indent)
      at = indent
    } else {
      written += char
      at++
    }
  }
  return written
}

function newLine(indent: number): string {
  return `\n${' '.repeat(indent)}`
}
