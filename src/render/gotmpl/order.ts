import { toBytes } from './bytes.ts'
import { type GoMap, type Key, keyType, typeOf, type Value } from './values.ts'

/** Below zero when the first one's bytes come first. */
export function compareText(one: string, other: string): number {
  if (one === other) return 0
  // Only surrogates sort differently in UTF-16 and in UTF-8.
  if (!/[\ud800-\udfff]/.test(one) && !/[\ud800-\udfff]/.test(other)) return one < other ? -1 : 1
  return Buffer.compare(toBytes(one), toBytes(other))
}

/** A map's entries in the order in which Go prints them and ranges over them. */
export function sortedEntries(map: GoMap): (readonly [Key, Value])[] {
  const entries = [...map.entries]
  if (entries.length < 2) return entries
  return keyType(map.type) === 'string'
    ? entries.sort(([one], [other]) => compareText(one as string, other as string))
    : entries.sort(([one], [other]) => compareKeys(one, other))
}

/** Keys of different types are in the order of the names of these; Go takes the addresses of the types. */
function compareKeys(one: Key, other: Key): number {
  if (one === null || other === null) return one === other ? 0 : one === null ? -1 : 1
  if (typeof one === 'string' && typeof other === 'string') return compareText(one, other)
  if (typeof one !== typeof other) return compareText(typeOf(one), typeOf(other))
  if (Number.isNaN(one) || Number.isNaN(other)) return Number.isNaN(other) ? 1 : -1
  return one < other ? -1 : one > other ? 1 : 0
}
