import { byteLength, fromBytes, toBytes } from '../../bytes.ts'
import type { Func } from '../../values.ts'
import { isSpace, lowerOf, mapped, titleOf, upperOf } from '../case.ts'
import { define, text } from '../define.ts'
import { camel, lowerWords } from './identifiers.ts'

export const wordFunctions: readonly Func[] = [
  text('untitle', 1, untitled),
  text('swapcase', 1, swapped),
  text('initials', 1, s => fromBytes(Buffer.from(initials(Array.from(toBytes(s).toString('latin1'))).join('')))),
  // As Sprig has it: byte by byte, so that what is not ASCII does not survive.
  text('nospace', 1, s => {
    const chars = Array.from(toBytes(s).toString('latin1'))
    const kept = chars.filter(char => !isSpace(char))
    return kept.length === chars.length ? s : kept.join('')
  }),
  text('snakecase', 1, s => lowerWords(s, '_')),
  text('kebabcase', 1, s => lowerWords(s, '-')),
  text('camelcase', 1, camel),
  define<[bigint, string]>('wrap', ['int', 'string'], ([width, s], { charge }) => {
    charge(2 * byteLength(s))
    return wrapped(s, Number(width), '\n', false)
  }),
  define<[bigint, string, string]>('wrapWith', ['int', 'string', 'string'], ([width, newline, s], { charge }) => {
    charge(byteLength(s) * (1 + byteLength(newline)))
    return wrapped(s, Number(width), newline === '' ? '\n' : newline, true)
  }),
  define<[bigint, string]>('abbrev', ['int', 'string'], ([width, s]) =>
    width < 4n ? s : abbreviated(s, 0, Number(width)),
  ),
  define<[bigint, bigint, string]>('abbrevboth', ['int', 'int', 'string'], ([left, right, s]) => {
    return right < 4n || (left > 0n && right < 7n) ? s : abbreviated(s, Number(left), Number(right))
  }),
]

function untitled(text: string): string {
  let atStart = true
  return mapped(text, char => {
    const isFirst = atStart && !isSpace(char)
    atStart = isSpace(char)
    return isFirst ? lowerOf(char) : char
  })
}

function swapped(text: string): string {
  let afterSpace = true
  return mapped(text, char => {
    if (/[\p{Lu}\p{Lt}]/u.test(char)) {
      afterSpace = false
      return lowerOf(char)
    }
    if (!/\p{Ll}/u.test(char)) {
      afterSpace = isSpace(char)
      return char
    }
    const isFirst = afterSpace
    afterSpace = false
    return isFirst ? titleOf(char) : upperOf(char)
  })
}

function initials(chars: readonly string[]): string[] {
  return chars.filter((char, at) => !isSpace(char) && (at === 0 || isSpace(chars[at - 1] ?? '')))
}

/** goutils.Wrap, which counts bytes; only with `breakWords` a word that is too long is cut. */
function wrapped(text: string, width: number, newline: string, breakWords: boolean): string {
  const bytes = toBytes(text).toString('latin1')
  const most = Math.max(width, 1)
  let [written, at] = ['', 0]
  while (bytes.length - at > most) {
    if (bytes[at] === ' ') {
      at++
      continue
    }
    const space = bytes.slice(at, at + most + 1).lastIndexOf(' ')
    const next = space === -1 ? (breakWords ? most : bytes.indexOf(' ', at + most) - at) : space
    if (next < 0) break
    written += bytes.slice(at, at + next) + toBytes(newline).toString('latin1')
    at += next + (bytes[at + next] === ' ' && !(space === -1 && breakWords) ? 1 : 0)
  }
  return fromBytes(Buffer.from(written + bytes.slice(at), 'latin1'))
}

/** goutils.AbbreviateFull */
function abbreviated(text: string, offset: number, width: number): string {
  const bytes = toBytes(text)
  const cut = (from: number, to: number) => fromBytes(bytes.subarray(from, to))
  if (bytes.length <= width) return text
  const start = Math.min(offset, bytes.length, bytes.length - (width - 3))
  if (start <= 4) return `${cut(0, width - 3)}...`
  if (start + width - 3 < bytes.length) return `...${abbreviated(cut(start, bytes.length), 0, width - 3)}`
  return `...${cut(bytes.length - (width - 3), bytes.length)}`
}
