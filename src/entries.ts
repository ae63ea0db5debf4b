import { normalize, resolve } from 'node:path'
import type { Config } from './config.ts'
import { idOf } from './owner.ts'
import type { Wait } from './quiescence.ts'
import type { TemplateSpec } from './render/templates.ts'
import type { CommandConfig } from './target/command.ts'
import type { DestinationConfig } from './target/destination.ts'

/** A template, where its text goes, and what is done then. */
export interface Entry extends TemplateSpec {
  readonly command: CommandConfig | undefined
  readonly rights: DestinationConfig
  readonly wait: Wait | undefined // undefined: as long as everybody
}

/** One run makes all of them live: it waits as long as the most patient of those that ask for a time of their own. */
export function waitOf(entries: readonly Entry[], usual: Wait): Wait {
  const asked = entries.flatMap(({ wait }) => wait ?? [])
  if (asked.length === 0) return usual
  return { min: Math.max(...asked.map(({ min }) => min)), max: Math.max(...asked.map(({ max }) => max)) }
}

/** What the configuration says of templates; paths of templates are absolute. */
export function entriesOf(config: Config): Entry[] {
  return config.template.map(({ source, contents, destination, command, file, wait, language }) => ({
    path: source === undefined ? `contents for ${destination}` : resolve(source),
    contents,
    language: contents === undefined ? config.template_language : (config.template_language ?? 'gotmpl'),
    options: {
      leftDelimiter: language.left ?? config.default_delimiters.left,
      rightDelimiter: language.right ?? config.default_delimiters.right,
      failsOnMissingKey: language.failsOnMissingKey,
      denied: language.denied,
      sandbox: language.sandbox,
      allowsUnsafe: config.allow_unsafe_functions,
    },
    destination: destination.startsWith('/') ? normalize(destination) : destination,
    command: command && { ...command, environment: withConsul(command.environment, config) },
    rights: rightsOf(file),
    wait,
  }))
}

/** Throws CONFIG_INVALID for a user or a group that nobody knows. */
function rightsOf({ user, group, ...rest }: Config['template'][number]['file']): DestinationConfig {
  return {
    ...rest,
    ...(user !== undefined && { uid: idOf('user', user) }),
    ...(group !== undefined && { gid: idOf('group', group) }),
  }
}

/** A command may ask Consul, too; the token itself it does not get. */
export function withConsul(rules: CommandConfig['environment'], { consul }: Config): CommandConfig['environment'] {
  const { address, token_file, ssl } = consul
  const told = [
    `CONSUL_HTTP_ADDR=${address}`,
    `CONSUL_HTTP_SSL=${ssl.enabled}`,
    `CONSUL_HTTP_SSL_VERIFY=${ssl.verify}`,
    ...(token_file === undefined ? [] : [`CONSUL_HTTP_TOKEN_FILE=${token_file}`]),
  ]
  return { ...rules, custom: [...told, ...rules.custom] }
}
