import { z } from 'zod'

/** One destination outside the nginx tree. */
export const FilesConfig = z.strictObject({
  type: z.literal('files'),
  state: z.string(), // folder of its own
  destination: z.string(),
  command: z.string().optional(),
})
export type FilesConfig = z.output<typeof FilesConfig>
