import { z } from 'zod'
import { bare } from './issues.ts'

/** A key of consul-template that means nothing here: accepted, so that a file may stay as it is, and said. */
export function idle(why: string): z.ZodOptional<z.ZodUnknown> {
  return z
    .unknown()
    .optional()
    .meta({ description: `does nothing here: ${why}`, deprecated: true })
}

/** The idle keys a configuration holds, each with the reason; what is switched off by `enabled = false` is none. */
export function idleIn(schema: z.ZodType, value: unknown, path = ''): string[] {
  if (schema.meta()?.deprecated) return isOff(value) ? [] : [`${path} ${schema.meta()?.description}`]
  const known = bare(schema)
  if (known instanceof z.ZodArray && Array.isArray(value))
    return value.flatMap((item, position) => idleIn(known.element as z.ZodType, item, `${path}.${position}`))
  if (!(known instanceof z.ZodObject) || typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => {
    const found: z.ZodType | undefined = known.shape[key]
    return found === undefined || inner === undefined ? [] : idleIn(found, inner, path === '' ? key : `${path}.${key}`)
  })
}

function isOff(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'enabled' in value && value.enabled === false
}
