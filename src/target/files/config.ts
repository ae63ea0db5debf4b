import { z } from 'zod'
import { CommandConfig } from '../command.ts'
import { DestinationConfig } from '../destination.ts'

/** One destination outside the nginx tree. */
export const FilesConfig = z.strictObject({
  type: z.literal('files'),
  state: z.string(), // folder of its own
  destination: z.string(),
  rights: DestinationConfig.prefault({}),
  command: CommandConfig.optional(),
})
export type FilesConfig = z.output<typeof FilesConfig>
