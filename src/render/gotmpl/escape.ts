import { joined, runeOf, strayByte, toBytes } from './bytes.ts'
import { isPrint } from './quote.ts'

const HTML: Readonly<Record<string, string>> = {
  '\0': '\ufffd',
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
}
const JS: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '"': '\\"',
  '<': '\\u003C',
  '>': '\\u003E',
  '&': '\\u0026',
  '=': '\\u003D',
}

/** How much longer a text may become. */
export const LONGEST = 6

export function escapeHtml(text: string): string {
  return text.replace(/["'&<>\0]/g, char => HTML[char] ?? char)
}

export function escapeJs(text: string): string {
  return joined(text.replace(/[^ !#-%(-;?-[\]-~]/gu, char => JS[char] ?? escapeRune(char)))
}

/** url.QueryEscape */
export function escapeQuery(text: string): string {
  if (!text.isWellFormed()) return text.replace(/[\udc80-\udcff]+|[^\udc80-\udcff]+/gu, escapePart)
  const escaped = encodeURIComponent(text).replaceAll('%20', '+')
  return escaped.replace(/[!'()*]/g, char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}

function escapePart(part: string): string {
  return strayByte(part[0] ?? '') === undefined
    ? escapeQuery(part)
    : toBytes(part).toString('hex').toUpperCase().replace(/../g, '%$&')
}

/** A stray byte is printed as it is: Go takes U+FFFD, which it is decoded to, for printable. */
function escapeRune(char: string): string {
  const rune = runeOf(char)
  if (rune === 0x7f) return char
  return rune > 0x7f && (strayByte(char) !== undefined || isPrint(rune)) ? char : unicode(rune)
}

function unicode(rune: number): string {
  return `\\u${rune.toString(16).toUpperCase().padStart(4, '0')}`
}
