import { z } from 'zod'

export const FileConfig = z.strictObject({
  type: z.literal('file'),
  path: z.string().min(1).describe('YAML or JSON file of services; watched'),
})

const text = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String))

/** What such a file holds. Tags and meta of the service are those of each of its instances, which may add their own. */
export const FileServices = z.strictObject({
  services: z.array(
    z.strictObject({
      name: z.string(),
      tags: z.array(z.string()).default([]),
      meta: text.default({}),
      instances: z
        .array(
          z.strictObject({
            id: z.string().optional(),
            node: z.string().default('file'),
            address: z.string(),
            port: z.number(),
            weight: z.number().default(1),
            health: z.enum(['passing', 'warning', 'critical', 'maintenance']).default('passing'),
            tags: z.array(z.string()).default([]),
            meta: text.default({}),
          }),
        )
        .default([]),
    }),
  ),
})
export type FileServices = z.output<typeof FileServices>
