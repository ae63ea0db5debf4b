import { GoMap, Slice, Struct, type Value } from '../values.ts'
import { LateFields } from './late-fields.ts'

const owners = new WeakMap<object, string>()

/** The service a value comes from, with all that hangs below it. Texts and numbers are nobody's. */
export function ownerOf(value: Value): string | undefined {
  return typeof value === 'object' && value !== null ? owners.get(value) : undefined
}

/** Says whose this is; what hangs below it and has an owner already keeps it. */
export function owned<T extends Value>(service: string, value: T): T {
  const isCompound = value instanceof Slice || value instanceof GoMap || value instanceof Struct
  if (!isCompound || owners.has(value)) return value
  owners.set(value, service)
  if (value instanceof Slice) for (const item of value.items) owned(service, item)
  else if (value instanceof GoMap) for (const entry of value.entries.values()) owned(service, entry)
  else if (value.fields instanceof LateFields) value.fields.whenMade(fields => ownAll(service, fields))
  else ownAll(service, value.fields)
  return value
}

function ownAll(service: string, fields: ReadonlyMap<string, Value>): void {
  for (const field of fields.values()) owned(service, field)
}
