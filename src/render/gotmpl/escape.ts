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

export function escapeHtml(text: string): string {
  return text.replace(/["'&<>\0]/g, char => HTML[char] ?? char)
}

export function escapeJs(text: string): string {
  let escaped = ''
  for (const char of text) {
    const rune = runeOf(char)
    if (JS[char] !== undefined) escaped += JS[char]
    else if (rune < 0x80) escaped += rune < 0x20 ? unicode(rune) : char
    // A stray byte is printed as it is: Go takes U+FFFD, which it is decoded to, for printable.
    else escaped += strayByte(char) !== undefined || isPrint(rune) ? char : unicode(rune)
  }
  return joined(escaped)
}

/** url.QueryEscape */
export function escapeQuery(text: string): string {
  let escaped = ''
  for (const byte of toBytes(text)) {
    const char = String.fromCharCode(byte)
    if (/[\w.~-]/.test(char)) escaped += char
    else escaped += char === ' ' ? '+' : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return escaped
}

function unicode(rune: number): string {
  return `\\u${rune.toString(16).toUpperCase().padStart(4, '0')}`
}
