import { reasonOf, UpstreamdError } from '../errors.ts'
import { type CommandLine, toBoolean, UsageError } from './command-line.ts'
import type { Flag } from './flag.ts'
import { flags } from './flags.ts'

/** What flags and environment say, as two layers of the configuration, the lower one first. */
export function layersOf(given: CommandLine['given'], environment: NodeJS.ProcessEnv): [object, object] {
  const below = {}
  const above = {}
  for (const flag of flags) {
    if (flag.key === undefined) continue
    const set = flag.env?.map(name => environment[name]).find(value => value !== undefined && value !== '')
    if (set !== undefined) put(below, flag.key, flag.value === undefined ? switchOf(flag, set) : set)
    const value = given[flag.name]
    if (flag.name === 'exec' && value !== undefined) put(above, 'exec.enabled', true) // whatever a file says
    if (value !== undefined) put(above, flag.key, flag.name === 'template' ? templatesOf(given) : value)
  }
  return [below, above]
}

/** Where nothing is written, a template need not say where to. */
function templatesOf({ template, dry, 'parse-only': only }: CommandLine['given']): object[] {
  const usual = dry || only ? { destination: '/dev/null' } : {}
  return (template as readonly string[]).map(text => ({ ...usual, ...parseTemplate(text) }))
}

/**
 * `src:dest:cmd` as consul-template reads it (config/template.go): parts are split at colons, a part may
 * begin with a drive letter, empty parts vanish, everything from the third on is the command.
 */
export function parseTemplate(text: string): { source: string; destination?: string; command?: string } {
  const [source, destination, ...command] = text.trim().match(/([a-zA-Z]:)?([^:]+)/g) ?? []
  if (source === undefined) throw new UsageError(`-template: "${text}" names no file; expected src:dest[:cmd]`)
  return {
    source,
    ...(destination !== undefined && { destination }),
    ...(command.length > 0 && { command: command.join(':') }),
  }
}

/** What the environment says wrongly is configuration, not usage. */
function switchOf(flag: Flag, text: string): boolean {
  try {
    return toBoolean(flag.env?.[0] ?? flag.name, text)
  } catch (error) {
    throw new UpstreamdError('CONFIG_INVALID', reasonOf(error))
  }
}

function put(target: object, key: string, value: unknown): void {
  const path = key.split('.')
  let block = target as Record<string, unknown>
  for (const part of path.slice(0, -1)) {
    block[part] ??= {}
    block = block[part] as Record<string, unknown>
  }
  block[path.at(-1) ?? key] = value
}
