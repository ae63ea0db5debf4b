import { byteLength, toBytes } from '../bytes.ts'
import { formatFloat } from '../float.ts'
import {
  GoError,
  GoMap,
  integerOf,
  keyValue,
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
import { Instant } from './time/instant.ts'
import { naturally } from './yaml-order.ts'
import { canBePlain, doubleQuoted, folded, literal, needsQuotes, singleQuoted } from './yaml-text.ts'

const DEEPEST = 1000

/** gopkg.in/yaml.v2: two blanks deep, lists as deep as what holds them, keys in natural order. */
export function encodedYaml(value: Value, charge: Charge): string {
  return new Writer(charge).document(value)
}

type Collection = Slice | GoMap | Struct

function isCollection(value: Value): value is Collection {
  return value instanceof Slice || value instanceof GoMap || value instanceof Struct
}

/** Every value is charged for: lists that hold the same list twice, and again, grow without end. */
class Writer {
  readonly #charge: Charge

  constructor(charge: Charge) {
    this.#charge = charge
  }

  document(value: Value): string {
    return isCollection(value) ? this.#collection(value, 0) : this.#scalar(value, 2, 0, false)
  }

  #collection(value: Collection, indent: number): string {
    this.#charge(indent + 1)
    if (indent > 2 * DEEPEST) throw new GoError('yaml: encountered a cycle')
    if (value instanceof Slice) return this.#items(value.items, indent)
    if (value instanceof Struct) {
      return this.#fields(
        [...value.fields].map(([name, field]) => [name.toLowerCase(), field]),
        indent,
      )
    }
    const entries = [...value.entries].map(([key, entry]) => [keyValue(value.type, key), entry] as const)
    return this.#fields(
      entries.sort(([a], [b]) => naturally(a, b)),
      indent,
    )
  }

  #items(values: readonly Value[], indent: number): string {
    if (values.length === 0) return '[]'
    const inner = indent + 2
    const texts = values.map(value =>
      isCollection(value) ? this.#collection(value, inner) : this.#scalar(value, inner, inner, false),
    )
    return texts.map(text => `- ${text}`).join(`\n${' '.repeat(indent)}`)
  }

  #fields(entries: readonly (readonly [Value, Value])[], indent: number): string {
    if (entries.length === 0) return '{}'
    return entries.map(([key, value]) => this.#field(key, value, indent)).join(`\n${' '.repeat(indent)}`)
  }

  #field(key: Value, value: Value, indent: number): string {
    const isLong = typeof key === 'string' && (byteLength(key) > 128 || key.includes('\n'))
    const name = isLong
      ? `? ${this.#scalar(key, indent + 2, indent + 2, false)}\n${' '.repeat(indent)}`
      : this.#scalar(key, indent, indent, true)
    return `${name}:${this.#content(value, indent, isLong ? indent + 2 : indent + Array.from(name).length + 2)}`
  }

  /** What stands behind the colon. */
  #content(value: Value, indent: number, column: number): string {
    if (!isCollection(value)) return ` ${this.#scalar(value, indent + 2, column, false)}`
    const inner = value instanceof Slice ? indent : indent + 2
    const text = this.#collection(value, inner)
    return text === '[]' || text === '{}' ? ` ${text}` : `\n${' '.repeat(inner)}${text}`
  }

  #scalar(value: Value, indent: number, column: number, isKey: boolean): string {
    this.#charge(typeof value === 'string' ? value.length : 1)
    if (typeof value === 'string') return text(value, indent, column, isKey)
    if (typeof value === 'number') return float(value)
    if (typeof value === 'boolean') return String(value)
    if (value === null || value === NO_VALUE || value instanceof Nil) return 'null'
    if (value instanceof Num && typeof value.value === 'number') return float(value.value)
    if (value instanceof Instant) return value.print('yaml')
    const integer = value instanceof Duration ? undefined : integerOf(value)
    if (value instanceof Opaque && integer === undefined) return text(value.print('yaml'), indent, column, isKey)
    if (integer === undefined) throw new GoError(`cannot marshal type: ${typeOf(value)}`)
    return String(integer)
  }
}

function text(value: string, indent: number, column: number, isKey: boolean): string {
  if (!value.isWellFormed()) return `!!binary ${toBytes(value).toString('base64')}`
  if (value.includes('\n')) return literal(value, indent, isKey) ?? doubleQuoted(value, indent, column, isKey)
  if (needsQuotes(value)) return doubleQuoted(value, indent, column, isKey)
  return canBePlain(value) ? folded(value, indent, column, isKey) : singleQuoted(value, indent, column, isKey)
}

function float(value: number): string {
  if (Number.isNaN(value)) return '.nan'
  return Number.isFinite(value) ? formatFloat(value, 'g', -1, 64) : value > 0 ? '.inf' : '-.inf'
}
