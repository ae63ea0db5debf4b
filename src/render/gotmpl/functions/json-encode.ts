import { compareText } from '../order.ts'
import {
  Channel,
  Complex,
  Func,
  GoError,
  GoMap,
  integerOf,
  Nil,
  Num,
  Opaque,
  Slice,
  Struct,
  typeOf,
  type Value,
} from '../values.ts'

import type { Charge } from './define.ts'

export interface JsonStyle {
  readonly html: boolean // < > & are escaped, so that the text may stand in a page
  readonly indent: string
}

const DEEPEST = 1000

/** encoding/json: keys sorted, structs in the order of their fields. */
export function encodedJson(value: Value, { html, indent }: JsonStyle, charge: Charge): string {
  function encode(value: Value, depth: number): string {
    if (depth > DEEPEST && typeof value === 'object') {
      throw new GoError(`json: unsupported value: encountered a cycle via ${typeOf(value)}`)
    }
    charge(typeof value === 'string' ? value.length : 1)
    if (typeof value === 'string') return jsonString(value, html)
    if (typeof value === 'number') return jsonNumber(value)
    if (typeof value === 'boolean') return String(value)
    if (value instanceof Slice) return sliceText(value, depth)
    if (value instanceof GoMap) return mapText(value, depth)
    if (value instanceof Struct) return fields([...(value.json?.() ?? value.fields)], depth)
    if (value instanceof Opaque) return opaqueText(value, depth)
    if (value instanceof Num && typeof value.value === 'number') return jsonNumber(value.value)
    if (value instanceof Complex || value instanceof Func || value instanceof Channel) {
      throw new GoError(`json: unsupported type: ${typeOf(value)}`)
    }
    return value === null || value instanceof Nil ? 'null' : String(integerOf(value) ?? 'null')
  }

  function sliceText(slice: Slice, depth: number): string {
    if (slice.isNil) return 'null'
    if (slice.type === '[]uint8') {
      return `"${Buffer.from(slice.items.map(item => Number(integerOf(item) ?? 0n))).toString('base64')}"`
    }
    return within(
      '[',
      slice.items.map(item => encode(item, depth + 1)),
      ']',
      depth,
    )
  }

  function mapText(map: GoMap, depth: number): string {
    if (map.isNil) return 'null'
    if (map.type.startsWith('map[interface {}]')) throw new GoError(`json: unsupported type: ${map.type}`)
    const entries = [...map.entries].map(([key, entry]) => [String(key), entry] as const)
    return fields(
      entries.sort(([a], [b]) => compareText(a, b)),
      depth,
    )
  }

  function fields(entries: readonly (readonly [string, Value])[], depth: number): string {
    const colon = indent === '' ? ':' : ': '
    return within(
      '{',
      entries.map(([key, entry]) => jsonString(key, html) + colon + encode(entry, depth + 1)),
      '}',
      depth,
    )
  }

  function opaqueText(value: Opaque, depth: number): string {
    const underlying = value.underlying()
    return underlying === undefined ? jsonString(value.print('json'), html) : encode(underlying, depth)
  }

  function within(open: string, parts: readonly string[], close: string, depth: number): string {
    if (parts.length === 0 || indent === '') return open + parts.join(',') + close
    const start = `\n${indent.repeat(depth + 1)}`
    return `${open}${start}${parts.join(`,${start}`)}\n${indent.repeat(depth)}${close}`
  }

  return encode(value, 0)
}

function jsonNumber(value: number): string {
  if (!Number.isFinite(value)) {
    throw new GoError(`json: unsupported value: ${value > 0 ? '+Inf' : value < 0 ? '-Inf' : 'NaN'}`)
  }
  return Object.is(value, -0) ? '-0' : String(value)
}

const short: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

function jsonString(text: string, html: boolean): string {
  const pattern = html ? /["\\\p{Cc}<>&\u2028\u2029\ud800-\udfff]/gu : /["\\\p{Cc}\u2028\u2029\ud800-\udfff]/gu
  return `"${text.replace(pattern, escaped)}"`
}

function escaped(char: string): string {
  const code = char.charCodeAt(0)
  if (code >= 0x7f && code <= 0x9f) return char
  return short[char] ?? `\\u${(code >= 0xd800 && code <= 0xdfff ? 0xfffd : code).toString(16).padStart(4, '0')}`
}
