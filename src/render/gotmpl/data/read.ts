import type { Row } from '../../../model/query.ts'
import { fromBytes } from '../bytes.ts'
import { parseDuration } from '../functions/time/duration.ts'
import { compareText } from '../order.ts'
import { GoError, GoMap, NamedSlice, Num, Slice, Struct, type Value } from '../values.ts'
import { LateFields } from './late-fields.ts'

/**
 * Makes a Go value of what stands in Consul's JSON, as encoding/json does: what is not there, null or of another type is
 * the zero of its type. A field may look at those beside it.
 */
export type Reader = (json: unknown, row: Row) => Value

const nothing: Row = {}

export const text = (json: unknown): string => (typeof json === 'string' ? json.toWellFormed() : '')

export const bool = (json: unknown): boolean => json === true

export const int = (json: unknown): bigint => (Number.isSafeInteger(json) ? BigInt(json as number) : 0n)

const LARGEST = 2n ** 64n - 1n

export function uint64(json: unknown): Num {
  const number = typeof json === 'bigint' ? json : Number.isInteger(json) ? BigInt(json as number) : 0n
  // A number that JavaScript had to round may be one too many.
  return new Num('uint64', number > LARGEST ? LARGEST : number < 0n ? 0n : number)
}

/** []byte in JSON. */
export function base64(json: unknown): string {
  return typeof json === 'string' ? fromBytes(Buffer.from(json, 'base64')) : ''
}

export function list(type: string, item: Reader): (json: unknown) => Slice {
  return json =>
    Array.isArray(json)
      ? new Slice(
          type,
          json.map(each => item(each, nothing)),
        )
      : new Slice(type, [], true)
}

export const strings = list('[]string', text)

export function map(type: string, item: Reader): (json: unknown) => GoMap {
  const zero = item(undefined, nothing)
  return json => {
    if (!isRow(json)) return new GoMap(type, [], true, zero)
    const entries = Object.entries(json).map(([key, value]) => [key.toWellFormed(), item(value, nothing)] as const)
    return new GoMap(type, entries, false, zero)
  }
}

export const textMap = map('map[string]string', text)

/** A struct whose fields are called in JSON as in Go; their order is Go's. */
export function struct(type: string, fields: Readonly<Record<string, Reader>>): (json: unknown) => Struct {
  const readers = Object.entries(fields)
  return json => {
    const row = rowOf(json)
    return new Struct(type, new LateFields(() => new Map(readers.map(([name, read]) => [name, read(row[name], row)]))))
  }
}

export function structOf(type: string, fields: Readonly<Record<string, Value>>): Struct {
  return new Struct(type, new Map(Object.entries(fields)))
}

/** dependency.ServiceTags: a sorted copy, never nil. */
export function tags(json: unknown): Slice {
  const { type, items } = strings(json)
  return new NamedSlice('dependency.ServiceTags', new Slice(type, sortedTexts(items as string[])))
}

export function sortedTexts(texts: readonly string[]): string[] {
  return texts.toSorted(compareText)
}

/** `"10s"` or a number of nanoseconds. */
export function nanoseconds(json: unknown): bigint {
  if (Number.isFinite(json)) return BigInt(Math.trunc(json as number))
  if (typeof json !== 'string') return 0n
  try {
    return parseDuration(json)
  } catch (error) {
    if (error instanceof GoError) return 0n
    throw error
  }
}

export function rowOf(json: unknown): Row {
  return isRow(json) ? json : nothing
}

export function isRow(json: unknown): json is Row {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}
