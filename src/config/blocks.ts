import { constants } from 'node:os'
import { z } from 'zod'
import { duration, parseDuration } from '../duration.ts'

/** One word alone is a list of one. */
export const list = z.union([z.string().transform(text => [text]), z.array(z.string())])

/** An empty text says as little as none, as with consul-template. */
export const text = z.string().transform(given => given || undefined)

/** In a file a number, on the command line its digits. */
const whole = z.union([
  z.int(),
  z
    .string()
    .regex(/^-?\d+$/, 'is not a whole number')
    .transform(Number),
])

/** The name of a signal; none for nothing and for SIGNULL. */
export const signal = z.string().transform((text, context): NodeJS.Signals | undefined => {
  const name = text.toUpperCase()
  if (name === '' || name === 'SIGNULL') return undefined
  if (name in constants.signals) return name as NodeJS.Signals
  context.addIssue({ code: 'custom', message: `"${text}" is no signal such as SIGHUP` })
  return z.NEVER
})

/** A signal that a process may listen to. */
export const ownSignal = signal.refine(
  name => name !== 'SIGKILL' && name !== 'SIGSTOP',
  'is a signal that nobody can listen to',
)

export const LogFileBlock = z.strictObject({
  path: text.optional().describe('log to files, too: PATH-TIME.log'),
  log_rotate_bytes: whole.prefault(0).describe('a new file when this one is as long; 0: whatever its length'),
  log_rotate_duration: duration.prefault('24h').describe('a new file when this one is as old'),
  log_rotate_max_files: whole.prefault(0).describe('how many old ones are kept; 0: all, -1: none'),
})

/** Undefined when it is switched off. Naming one of the others switches it on, as in consul-template. */
export const SyslogBlock = z
  .strictObject({
    enabled: z.boolean().optional().describe('log to the system log, too, by logger(1)'),
    facility: z.string().toLowerCase().optional().describe('its facility; local0 when left out'),
    name: text.optional().describe('what stands before every line; upstreamd when left out'),
  })
  .transform(({ enabled, facility, name }) =>
    (enabled ?? Boolean(facility ?? name)) ? { facility: facility ?? 'local0', name: name ?? 'upstreamd' } : undefined,
  )

const calm = z.union([
  z.strictObject({
    min: duration.optional(),
    max: duration.optional(),
    bool: z.boolean().optional().describe('false: as if it were not there'), // so it is spelled
    enabled: z.boolean().optional().describe('the same'), // so it is documented
  }),
  z.string().transform((text, context) => {
    const [min, max, ...more] = text.split(':').map(part => parseDuration(part.trim()))
    if (min === undefined || (text.includes(':') && max === undefined) || more.length > 0) {
      context.addIssue({ code: 'custom', message: `"${text}" is not min[:max] such as 5s or 2s:10s` })
      return z.NEVER
    }
    return { min, max, bool: undefined, enabled: undefined }
  }),
])

/** `min[:max]`, or a block; undefined when it is switched off. */
export const wait = calm.transform((asked, context) => {
  if (asked.min === undefined || asked.bool === false || asked.enabled === false) return undefined
  const { min, max = 4 * min } = asked
  if (max < min) context.addIssue({ code: 'custom', message: 'max is less than min' })
  return { min, max }
})
export const usualWait = { min: 25, max: 250 } // ms
