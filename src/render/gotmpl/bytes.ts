import { isUtf8 } from 'node:buffer'

/**
 * A Go string is bytes; here it is a JavaScript string in which every byte that belongs to no UTF-8 character stands as a
 * lone surrogate, U+DC80 to U+DCFF.
 */
const ESCAPE = 0xdc00

/** Go's `len`. */
export function byteLength(text: string): number {
  const length = Buffer.byteLength(text)
  return text.isWellFormed() ? length : length - 2 * text.replace(/[^\udc80-\udcff]/gu, '').length
}

export function toBytes(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text)
  const parts = text.split(/([\udc80-\udcff]+)/u)
  return Buffer.concat(
    parts.map((part, at) =>
      at % 2 === 1 ? Buffer.from(Array.from(part, char => char.charCodeAt(0) - ESCAPE)) : Buffer.from(part),
    ),
  )
}

export function fromBytes(bytes: Uint8Array): string {
  if (isUtf8(bytes)) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    const width = widthOf(bytes, at)
    text +=
      width === 0
        ? String.fromCharCode(ESCAPE + (bytes[at] ?? 0))
        : Buffer.from(bytes.subarray(at, at + width)).toString('utf8')
    at += width || 1
  }
  return text
}

/** Texts put together may complete a character that was cut apart. */
export function joined(text: string): string {
  return text.isWellFormed() ? text : fromBytes(toBytes(text))
}

/** The code points as Go's `range` sees them: a byte that belongs to no character is U+FFFD. */
export function runes(text: string): number[] {
  return Array.from(text, char => runeOf(char))
}

export function runeOf(char: string): number {
  const point = char.codePointAt(0) ?? 0
  return point >= 0xd800 && point <= 0xdfff ? 0xfffd : point
}

/** The byte a lone surrogate stands for. */
export function strayByte(char: string): number | undefined {
  const unit = char.charCodeAt(0)
  return char.length === 1 && unit >= 0xdc80 && unit <= 0xdcff ? unit - ESCAPE : undefined
}

/** How many bytes the UTF-8 character at this place has; 0 when there is none. */
function widthOf(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0
  const width = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0
  return width > 0 && at + width <= bytes.length && isUtf8(bytes.subarray(at, at + width)) ? width : 0
}
