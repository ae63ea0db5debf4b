import { z } from 'zod'
import { CommandConfig } from '../command.ts'
import { DestinationConfig } from '../destination.ts'

/** What the nginx target is told. The first group is decided while planning (layout, binary), the second by flags. */
export const NginxConfig = z.strictObject({
  type: z.literal('nginx'),
  layout: z.enum(['own', 'adopt']),
  state: z.string(), // folder of its own
  conf: z.string(), // adopt: the user's nginx.conf
  binary: z.strictObject({
    path: z.string(),
    version: z.string(),
    prefix: z.string(),
    conf: z.string(),
    pid: z.string(),
  }),
  commands: z.record(z.string(), CommandConfig), // destination → command to run in place of our signal
  rights: z.record(z.string(), DestinationConfig).default({}), // destination → how it is to lie on the disk
  all_told_by_command: z.boolean(), // does every destination have one?

  on_exit: z.enum(['stop', 'leave']).optional(),
  check_output: z.boolean(), // is what templates print from the catalog looked at before nginx sees it?
  stop_timeout: z.number(), // ms
  may_start: z.boolean(),
})
export type NginxConfig = z.output<typeof NginxConfig>
