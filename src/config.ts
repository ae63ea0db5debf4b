import { readFileSync } from 'node:fs'
import { closest, distance } from 'fastest-levenshtein'
import { z } from 'zod'
import { duration, parseDuration } from './duration.ts'
import { reasonOf, UpstreamdError } from './errors.ts'
import type { logLevels } from './observe/logger.ts'
import { ConsulConfig } from './source/consul/config.ts'
import { parseYaml } from './yaml.ts'

/** consul-template's names of levels, and ours. */
const levels: Readonly<Record<string, (typeof logLevels)[number]>> = {
  trace: 'trace',
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  warning: 'warn',
  err: 'error',
  error: 'error',
}

const hostName = z
  .string()
  .toLowerCase()
  .regex(
    /^[a-z0-9]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9_-]*[a-z0-9])?)*$/,
    'is not a domain name such as flyclock.cn',
  )

const wait = z.union([
  z.strictObject({ min: duration, max: duration.optional() }),
  z.string().transform((text, context) => {
    const [min, max, ...more] = text.split(':').map(parseDuration)
    if (min === undefined || (text.includes(':') && max === undefined) || more.length > 0) {
      context.addIssue({ code: 'custom', message: `"${text}" is not min[:max] such as 5s or 2s:10s` })
      return z.NEVER
    }
    return { min, max }
  }),
])

const template = z.strictObject({
  source: z.string().min(1).describe('template file; its extension chooses the language'),
  destination: z
    .string('is missing; expected src:dest[:cmd]')
    .min(1)
    .describe('where the text goes; relative: a file of our own nginx layout'),
  command: z.string().min(1).optional().describe('runs in a shell in place of our reload'),
})

const port = (text: string) => Number(/(\d+)$/.exec(text)?.[1])

const list = z.union([z.string().transform(text => [text]), z.array(z.string())])

/** The whole configuration, in consul-template's structure with our own keys in the same style. */
export const Config = z.strictObject({
  consul: ConsulConfig.omit({ type: true, max_stale: true }).prefault({}),
  max_stale: duration.prefault('2s').describe('how old an answer of a Consul follower may be; 0s asks the leader'),
  source: list
    .refine(all => all.every(text => /^(consul|file:.+)$/.test(text)), 'is neither consul nor file:PATH')
    .prefault(['consul'])
    .describe('where services come from: consul, or file:PATH; repeatable'),
  template: z.array(template).default([]).describe('src:dest[:cmd]; without any, the shipped ingress template is used'),
  wait: wait
    .prefault('25ms:250ms')
    .transform(({ min, max }, context) => {
      const most = max ?? 4 * min
      if (most < min) context.addIssue({ code: 'custom', message: 'max is less than min' })
      return { min, max: most }
    })
    .describe(
      'min[:max]: render after min of calm, at the latest max after the first change; max is 4 x min when left out',
    ),
  reload_interval: duration
    .prefault('2s')
    .describe('nginx is reloaded once in this time, after three at once; 0s reloads for every change'),
  template_env: list
    .prefault([])
    .describe('environment variables that templates for the nginx tree may read; repeatable'),
  tag: list.prefault([]).describe("an instance must carry this tag, or, as '!tag', must not; repeatable"),
  health: z
    .string()
    .default('passing')
    .transform(text => text.split(',').map(word => word.trim()))
    .pipe(z.array(z.enum(['passing', 'warning', 'critical', 'maintenance'])).min(1))
    .describe('states in which an instance is served, comma separated'),
  domain: hostName.optional().describe('what server names end with'),
  server_names: z
    .enum(['dotted', 'flat'])
    .default('dotted')
    .describe('nginx-test is nginx.test.DOMAIN (dotted) or nginx-test.DOMAIN (flat)'),
  refuse: list
    .pipe(z.array(z.enum(['loopback', 'listen'])))
    .prefault([])
    .describe(
      'peers to refuse beside link-local and multicast ones: loopback, or listen (this nginx itself); repeatable',
    ),
  listen: z
    .string()
    .regex(/^(\d{1,5}|[\d.]+:\d{1,5}|\[[0-9a-fA-F:]+\]:\d{1,5}|\*:\d{1,5})$/, 'is not a port or address:port')
    .refine(text => port(text) >= 1 && port(text) <= 65_535, 'has a port that is not 1 to 65535')
    .default('80')
    .describe('what the shipped template listens on: port or address:port'),
  nginx_conf: z
    .string()
    .startsWith('/', 'is not an absolute path')
    .optional()
    .describe('a foreign nginx.conf: write into its tree, leave the rest alone'),
  nginx_bin: z.string().min(1).default('nginx').describe('the nginx program'),
  state_dir: z
    .string()
    .startsWith('/', 'is not an absolute path')
    .default('/var/lib/upstreamd')
    .describe('generations, rollback copies, status.json'),
  on_exit: z
    .enum(['stop', 'leave'])
    .optional()
    .describe('what becomes of nginx when upstreamd stops; by default it stops what it started'),
  stop_timeout: duration.prefault('8s').describe('how long a graceful stop may take'),
  max_loss: z
    .string()
    .regex(/^\d{1,3}%$/, 'is not a share such as 50%')
    .default('50%')
    .transform(text => Number.parseInt(text, 10) / 100)
    .describe('share of all servers that may vanish at once before it is held back'),
  hold: duration.prefault('30s').describe('how long a loss of more than max_loss is held back'),
  on_empty: z
    .union([z.string(), z.number()]) // YAML reads 503 as a number
    .transform(String)
    .pipe(z.enum(['503', 'keep', 'drop']))
    .prefault('503')
    .describe('a service without servers: 503 as the template says, keep the last servers, or drop it'),
  check_output: z
    .boolean()
    .default(true)
    .describe(
      'refuse values of the catalog that a template prints where nginx would read them as more than an argument',
    ),
  log_level: z
    .string()
    .default('info')
    .transform((text, context) => {
      const level = levels[text.toLowerCase()]
      if (level === undefined)
        context.addIssue({ code: 'custom', message: `"${text}" is none of ${Object.keys(levels).join(', ')}` })
      return level ?? 'info'
    })
    .describe('trace, debug, info, warn or err'),
  log_format: z.enum(['pretty', 'json']).optional().describe('pretty on a terminal, json otherwise'),
  pid_file: z.string().optional().describe("where to write upstreamd's own pid"),
})
export type Config = z.output<typeof Config>

/** Later layers win, key by key; lists are replaced as a whole. Throws CONFIG_INVALID naming the key. */
export function buildConfig(layers: readonly object[]): Config {
  const parsed = Config.safeParse(layers.reduce(merge, {}))
  if (parsed.success) return parsed.data
  throw new UpstreamdError('CONFIG_INVALID', describeIssues(parsed.error))
}

/** A configuration file, YAML or JSON. Throws CONFIG_UNREADABLE and CONFIG_INVALID, naming the file. */
export function readConfigFile(path: string): object {
  let parsed: unknown
  try {
    parsed = parseYaml(readFileSync(path, 'utf8')) ?? {}
  } catch (error) {
    const [why] = reasonOf(error).split('\n') // the parser draws the place below
    throw new UpstreamdError('CONFIG_UNREADABLE', `cannot read configuration ${path}: ${why}`)
  }
  const normal = typeof parsed === 'object' && parsed !== null ? normalise(parsed as Record<string, unknown>) : parsed
  const checked = Config.safeParse(normal)
  if (!checked.success) throw new UpstreamdError('CONFIG_INVALID', `${path}: ${describeIssues(checked.error)}`)
  return normal as object
}

/** One block may stand without a list around it, as in HCL. */
function normalise(parsed: Record<string, unknown>): Record<string, unknown> {
  const { template } = parsed
  return template === undefined || Array.isArray(template) ? parsed : { ...parsed, template: [template] }
}

function merge(below: object, above: object): object {
  const result: Record<string, unknown> = { ...below }
  for (const [key, value] of Object.entries(above)) {
    const old = result[key]
    result[key] = isBlock(old) && isBlock(value) ? merge(old, value) : value
  }
  return result
}

function isBlock(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function describeIssues(error: z.ZodError): string {
  return error.issues
    .map(issue => `${issue.path.length > 0 ? `${issue.path.join('.')}: ` : ''}${hint(issue)}`)
    .join('; ')
}

function hint(issue: z.core.$ZodIssue): string {
  // Of a choice between a text and a block, the text is what people write.
  if (issue.code === 'invalid_union')
    return issue.errors.flat().find(({ code }) => code === 'custom')?.message ?? issue.message
  if (issue.code !== 'unrecognized_keys') return issue.message
  const known = keysAt(issue.path)
  return issue.keys.map(key => `unknown key "${key}"${suggestion(key, known)}`).join(', ')
}

/** What the block at this path may hold. */
function keysAt(path: readonly PropertyKey[]): string[] {
  let schema: unknown = Config
  for (const part of path) {
    if (schema instanceof z.ZodObject) schema = schema.shape[part as string]
    else if (schema instanceof z.ZodArray) schema = schema.element
    while (schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault) schema = schema.unwrap()
  }
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
}

/** ` (did you mean "x"?)` when something is near enough. */
function suggestion(word: string, known: readonly string[]): string {
  if (known.length === 0) return ''
  const nearest = closest(word, known)
  return distance(word, nearest) <= Math.max(2, word.length / 3) ? ` (did you mean "${nearest}"?)` : ''
}
