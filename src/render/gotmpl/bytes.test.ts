import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { byteLength, fromBytes, joined, runes, toBytes } from './bytes.ts'

describe('Go strings', () => {
  it('are any bytes, and stay what they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), bytes => {
        const text = fromBytes(bytes)

        expect([...toBytes(text)]).toEqual([...bytes])
        expect(byteLength(text)).toBe(bytes.length)
      }),
    )
  })

  it('are ordinary strings where they are UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), text => {
        expect(fromBytes(Buffer.from(text))).toBe(text)
        expect(byteLength(text)).toBe(Buffer.byteLength(text))
      }),
    )
  })

  it('put together, complete a character that was cut apart', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(), (text, cut) => {
        const bytes = Buffer.from(text)
        const at = cut % (bytes.length + 1)

        expect(joined(fromBytes(bytes.subarray(0, at)) + fromBytes(bytes.subarray(at)))).toBe(text)
      }),
    )
  })

  it.each([
    ['an overlong form', [0xc0, 0x80], 2],
    ['a surrogate', [0xed, 0xa0, 0x80], 3],
    ['what lies above Unicode', [0xf4, 0x90, 0x80, 0x80], 4],
    ['a character without its end', [0xe2, 0x9c], 2],
  ])('have one U+FFFD for each byte of %s', (_, bytes, count) => {
    expect(runes(fromBytes(Uint8Array.from(bytes)))).toEqual(Array(count).fill(0xfffd))
  })
})
