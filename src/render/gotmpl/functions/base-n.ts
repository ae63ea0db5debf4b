import { fromBytes, toBytes } from '../bytes.ts'
import { GoError } from '../values.ts'

/** encoding/base64 and encoding/base32 of Go, which say where the text is wrong. */

const letters32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

export function base64(text: string): string {
  return toBytes(text).toString('base64')
}

/** The alphabet for addresses, with the padding Node leaves out. */
export function base64Url(text: string): string {
  return base64(text).replaceAll('+', '-').replaceAll('/', '_')
}

export function base32(text: string): string {
  const bits = Array.from(toBytes(text), byte => byte.toString(2).padStart(8, '0')).join('')
  const digits = bits.match(/.{1,5}/g) ?? []
  const written = digits.map(digit => letters32[Number.parseInt(digit.padEnd(5, '0'), 2)]).join('')
  return written.padEnd(Math.ceil(written.length / 8) * 8, '=')
}

export function fromBase64(text: string): string {
  return fromBytes(Buffer.from(digits64(text, /[A-Za-z0-9+/]/), 'base64'))
}

export function fromBase64Url(text: string): string {
  return fromBytes(Buffer.from(digits64(text, /[A-Za-z0-9_-]/), 'base64url'))
}

export function fromBase32(text: string): string {
  const values = Array.from(digits32(text), digit => letters32.indexOf(digit))
  const bits = values.map(value => value.toString(2).padStart(5, '0')).join('')
  const bytes = bits.match(/.{8}/g) ?? []
  return fromBytes(Buffer.from(bytes.map(byte => Number.parseInt(byte, 2))))
}

/** The digits without the padding. Line ends may stand anywhere. */
function digits64(text: string, alphabet: RegExp): string {
  const bytes = toBytes(text).toString('latin1')
  const isLineEnd = (at: number) => bytes[at] === '\n' || bytes[at] === '\r'
  const behindLineEnds = (at: number): number => (isLineEnd(at) ? behindLineEnds(at + 1) : at)
  let [digits, at] = ['', 0]
  for (; at < bytes.length; at++) {
    if (isLineEnd(at)) continue
    if (!alphabet.test(bytes[at] ?? '')) break
    digits += bytes[at]
  }
  const open = digits.length % 4
  if (at === bytes.length) {
    if (open !== 0) throw illegal('base64', at - open)
    return digits
  }
  if (bytes[at] !== '=' || open < 2) throw illegal('base64', at)
  let end = behindLineEnds(at + 1)
  if (open === 2) {
    if (end === bytes.length) throw illegal('base64', end)
    if (bytes[end] !== '=') throw illegal('base64', end - 1)
    end = behindLineEnds(end + 1)
  }
  if (end < bytes.length) throw illegal('base64', end)
  return digits
}

/** The same for base 32: places are counted without the line ends, and what follows a full set of padding is not read. */
function digits32(text: string): string {
  const bytes = toBytes(text)
    .toString('latin1')
    .replace(/[\r\n]/g, '')
  for (let at = 0; at < bytes.length; at++) {
    const open = at % 8
    const left = bytes.length - at - 1
    if (bytes[at] === '=' && open >= 2 && left < 8) return bytes.slice(0, padded(bytes, at, open, left))
    if (!letters32.includes(bytes[at] ?? '')) throw illegal('base32', at)
  }
  if (bytes.length % 8 !== 0) throw illegal('base32', bytes.length - (bytes.length % 8))
  return bytes
}

/** Where the digits end, when the padding behind them is right. */
function padded(bytes: string, at: number, open: number, left: number): number {
  if (left + open < 7) throw illegal('base32', bytes.length)
  for (let next = 0; next < 7 - open; next++) {
    if (next < left && bytes[at + 1 + next] !== '=') throw illegal('base32', at + next)
  }
  if (open === 3 || open === 6) throw illegal('base32', at)
  return at
}

function illegal(base: string, at: number): GoError {
  return new GoError(`illegal ${base} data at input byte ${at}`)
}
