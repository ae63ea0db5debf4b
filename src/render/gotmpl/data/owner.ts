import { GoMap, Slice, Struct, type Value } from '../values.ts'

const owners = new WeakMap<object, string>()

/** The service a value comes from, with all that hangs below it. Texts and numbers are nobody's. */
export function ownerOf(value: Value): string | undefined {
  return typeof value === 'object' && value !== null ? owners.get(value) : undefined
}

export function owned<T extends Slice | GoMap | Struct>(service: string, value: T): T {
  owners.set(value, service)
  for (const part of partsOf(value)) {
    const isCompound = part instanceof Slice || part instanceof GoMap || part instanceof Struct
    if (isCompound && !owners.has(part)) owned(service, part)
  }
  return value
}

function partsOf(value: Slice | GoMap | Struct): Iterable<Value> {
  if (value instanceof Slice) return value.items
  return value instanceof GoMap ? value.entries.values() : value.fields.values()
}
