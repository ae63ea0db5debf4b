import { formatFloat } from '../float.ts'
import { compareText } from '../order.ts'
import {
  GoError,
  GoMap,
  integerOf,
  keyType,
  Nil,
  NO_VALUE,
  Num,
  Opaque,
  Slice,
  Struct,
  typeOf,
  type Value,
} from '../values.ts'

import type { Charge } from './define.ts'
import { Duration } from './time/duration.ts'

const DEEPEST = 1000
const isTable = (value: Value): value is GoMap | Struct => value instanceof GoMap || value instanceof Struct
const isNothing = (value: Value) =>
  value === null ||
  value === NO_VALUE ||
  value instanceof Nil ||
  ((value instanceof Slice || value instanceof GoMap) && value.isNil)

/** BurntSushi/toml: what is no table first, then the tables, each under its full name and as far in as it is deep. */
export function encodedToml(value: Value, charge: Charge): string {
  if (isTabular(value) && !isTable(value)) throw new GoError('toml: top-level values must be Go maps or structs')
  if (!isTable(value)) return element(value, charge)
  const lines: string[] = []

  function table(path: readonly string[], value: GoMap | Struct): void {
    if (path.length > DEEPEST) throw new GoError('toml: encountered a cycle')
    const entries = fieldsOf(value).filter(([, entry]) => !isNothing(entry))
    for (const [key, entry] of entries) {
      if (!isTabular(entry)) lines.push(`${pad([...path, key])}${name(key)} = ${element(entry, charge)}`)
    }
    for (const [key, entry] of entries) if (isTabular(entry)) tables([...path, key], entry)
  }

  function tables(path: readonly string[], value: Value): void {
    const isList = value instanceof Slice
    const entries: readonly Value[] = isList ? value.items : [value]
    for (const entry of entries) {
      if (!isTable(entry)) continue
      if ((isList || path.length === 1) && lines.length > 0) lines.push('')
      const title = path.map(name).join('.')
      charge(title.length)
      lines.push(`${pad(path)}${isList ? `[[${title}]]` : `[${title}]`}`)
      table(path, entry)
    }
  }

  table([], value)
  return lines.join('\n')
}

function pad(path: readonly string[]): string {
  return '  '.repeat(path.length - 1)
}

function isTabular(value: Value): boolean {
  if (!(value instanceof Slice)) return isTable(value)
  return value.items.length > 0 && itemsOf(value).every(isTable)
}

function itemsOf({ items }: Slice): readonly Value[] {
  if (items.some(isNothing)) throw new GoError('toml: cannot encode array with nil element')
  return items
}

function fieldsOf(value: GoMap | Struct): (readonly [string, Value])[] {
  if (value instanceof Struct) return [...value.fields]
  if (keyType(value.type) !== 'string') throw new GoError('toml: cannot encode a map with non-string key type')
  const entries = [...value.entries].map(([key, entry]) => [String(key), entry] as const)
  return entries.sort(([a], [b]) => compareText(a, b))
}

/** A table within a list. As in Go, what is nil is left out, but not always the comma in front of it. */
function inline(value: GoMap | Struct, charge: Charge): string {
  const fields = fieldsOf(value)
  const nested = fields.filter(([, entry]) => isTabular(entry))
  const direct = fields.filter(([, entry]) => !isTabular(entry))
  const written = (some: typeof fields, isFollowed: boolean) =>
    some.map(([key, entry], at) => {
      if (isNothing(entry)) return ''
      return `${name(key)} = ${element(entry, charge)}${isFollowed || at < some.length - 1 ? ', ' : ''}`
    })
  return `{${[...written(direct, nested.length > 0), ...written(nested, false)].join('')}}`
}

function element(value: Value, charge: Charge): string {
  charge(typeof value === 'string' ? value.length : 1)
  if (typeof value === 'string') return quoted(value)
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'number') return float(value)
  if (value instanceof Num && typeof value.value === 'number') return float(value.value)
  if (value instanceof Slice)
    return `[${itemsOf(value)
      .map(item => element(item, charge))
      .join(', ')}]`
  if (isTable(value)) return inline(value, charge)
  const integer = value instanceof Duration ? undefined : integerOf(value)
  if (value instanceof Opaque && integer === undefined) return quoted(value.print('toml'))
  if (integer === undefined) throw new GoError(`toml: unsupported type: ${typeOf(value)}`)
  return String(integer)
}

function float(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf'
  const text = formatFloat(value, 'f', -1, 64)
  return text.includes('.') ? text : `${text}.0`
}

function name(key: string): string {
  return /^[\w-]+$/.test(key) ? key : quoted(key)
}

function quoted(text: string): string {
  return `"${text.replace(/["\\\p{Cc}]/gu, escaped)}"`
}

const short: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
}

function escaped(char: string): string {
  const code = char.charCodeAt(0)
  if (code > 0x7f) return char
  return short[char] ?? `\\u${code.toString(16).padStart(4, '0')}`
}
