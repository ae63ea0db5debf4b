import { z } from 'zod'
import { LogFileBlock, list, ownSignal, SyslogBlock, text, usualWait, wait } from './config/blocks.ts'
import type { Document } from './config/document.ts'
import { ExecBlock } from './config/exec-block.ts'
import { configFilesAt, documentOf, readDocument } from './config/files.ts'
import { idle, idleIn } from './config/idle.ts'
import { describeIssues } from './config/issues.ts'
import { TemplateBlock } from './config/template-block.ts'
import { duration } from './duration.ts'
import { UpstreamdError } from './errors.ts'
import type { logLevels } from './observe/level.ts'
import { ConsulConfig } from './source/consul/config.ts'

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

const port = (text: string) => Number(/(\d+)$/.exec(text)?.[1])

/** The whole configuration, in consul-template's structure with our own keys in the same style. */
export const Config = z.strictObject({
  consul: ConsulConfig.omit({ type: true, max_stale: true }).prefault({}),
  max_stale: duration.prefault('2s').describe('how old an answer of a Consul follower may be; 0s asks the leader'),
  source: list
    .refine(all => all.every(text => /^(consul|file:.+)$/.test(text)), 'is neither consul nor file:PATH')
    .prefault(['consul'])
    .describe('where services come from: consul, or file:PATH; repeatable'),
  template: z
    .array(TemplateBlock)
    .default([])
    .describe('src:dest[:cmd]; without any, the shipped ingress template is used'),
  wait: wait
    .prefault('25ms:250ms')
    .transform(asked => asked ?? usualWait)
    .describe(
      'min[:max]: render after min of calm, at the latest max after the first change; max is 4 x min when left out',
    ),
  reload_interval: duration
    .prefault('2s')
    .describe('nginx is reloaded once in this time, after three at once; 0s reloads for every change'),
  template_language: z
    .enum(['nunjucks', 'gotmpl', 'go'])
    .transform(name => (name === 'go' ? 'gotmpl' : name))
    .optional()
    .describe('what templates are written in: nunjucks or gotmpl; else .njk is nunjucks, anything else a Go template'),
  allow_unsafe_functions: z
    .boolean()
    .default(false)
    .describe('let Go templates run programs (plugin) and write files (writeToFile) while they render'),
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
  trust_catalog: z
    .boolean()
    .default(false)
    .describe('show Go templates for nginx the catalog as it is registered, not only what has been checked'),
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
  exec: ExecBlock.prefault({}),
  log_file: LogFileBlock.prefault({}),
  syslog: SyslogBlock.prefault({}),
  reload_signal: ownSignal.prefault('SIGHUP').describe('reads configuration and templates again; empty: none does'),
  kill_signal: ownSignal.optional().describe('stops, as SIGTERM, SIGINT and SIGQUIT do'),
  once: idle('it stands on the command line'),
  vault: idle('secrets of Vault are not read'),
  nomad: idle('Nomad is not asked'),
  deduplicate: idle('a dozen connections to Consul need no sharing'),
  block_query_wait: idle('a blocking query waits 30 s'),
  err_on_failed_lookup: idle('a template that waits for a key is told, and no other waits with it'),
  template_error_fatal: idle('a template that fails never ends the daemon'),
  default_delimiters: z
    .strictObject({
      left: text.optional().describe('what begins an action; {{ when left out'),
      right: text.optional().describe('what ends an action; }} when left out'),
    })
    .prefault({}),
  pid_file: text.optional().describe("where to write upstreamd's own pid"),
})
export type Config = z.output<typeof Config>

/** Later layers win, key by key; lists are replaced as a whole, but templates and rules of environments add up. Throws CONFIG_INVALID naming the key. */
export function buildConfig(layers: readonly object[]): Config {
  const parsed = Config.safeParse(layers.reduce(merge, {}))
  if (parsed.success) return parsed.data
  throw new UpstreamdError('CONFIG_INVALID', describeIssues(Config, parsed.error))
}

/** What stands in a configuration and does nothing here, a line each. */
export function idleKeys(layers: readonly object[]): string[] {
  return idleIn(Config, layers.reduce(merge, {}))
}

/** One configuration, or what a folder holds, a layer for each file. Throws CONFIG_UNREADABLE and CONFIG_INVALID, naming file and line. */
export function readConfigFiles(path: string): { path: string; layer: object }[] {
  return configFilesAt(path).map(file => ({ path: file, layer: layerOf(file, readDocument(file)) }))
}

/** The same for a text that is no file: `name` says where it comes from. */
export function readConfigText(name: string, text: string): object {
  return layerOf(name, documentOf(name, text))
}

function layerOf(path: string, { value, lineOf }: Document): object {
  const layer = normalise(value ?? {})
  const checked = Config.safeParse(layer)
  if (checked.success) return layer as object
  const issues = describeIssues(Config, checked.error, at => `${path}:${lineOf(at)}: `)
  throw new UpstreamdError('CONFIG_INVALID', issues)
}

/** HCL knows no lists of blocks: one template stands alone, and of anything else that is repeated the later one wins, key by key. */
function normalise(value: unknown): unknown {
  if (!isBlock(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      if (key === 'consul' && typeof inner === 'string') return [key, { address: inner }] // as it was written before 0.18
      if (key === 'template') return [key, (Array.isArray(inner) ? inner : [inner]).map(normalise)]
      if (!Array.isArray(inner)) return [key, normalise(inner)]
      return [key, inner.length > 0 && inner.every(isBlock) ? normalise(inner.reduce(merge, {})) : inner]
    }),
  )
}

/** As with consul-template; of other lists the later one counts. */
const addingUp = new Set(['template', 'custom', 'allowlist', 'denylist', 'whitelist', 'blacklist'])

function merge(below: object, above: object): object {
  const result: Record<string, unknown> = { ...below }
  for (const [key, value] of Object.entries(above)) {
    const old = result[key]
    if (old !== undefined && addingUp.has(key)) result[key] = [old, value].flat()
    else result[key] = isBlock(old) && isBlock(value) ? merge(old, value) : value
  }
  return result
}

function isBlock(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
