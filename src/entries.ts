import { normalize, resolve } from 'node:path'
import type { Config } from './config.ts'
import type { TemplateSpec } from './render/templates.ts'
import type { CommandConfig } from './target/command.ts'

/** A template, where its text goes, and what is done then. */
export interface Entry extends TemplateSpec {
  readonly command: CommandConfig | undefined
}

/** What the configuration says of templates; paths of templates are absolute. */
export function entriesOf(config: Config): Entry[] {
  return config.template.map(({ source, destination, command }) => ({
    path: resolve(source),
    destination: destination.startsWith('/') ? normalize(destination) : destination,
    command: command && { ...command, environment: withConsul(command.environment, config) },
  }))
}

/** A command may ask Consul, too; the token itself it does not get. */
function withConsul(rules: CommandConfig['environment'], { consul }: Config): CommandConfig['environment'] {
  const { address, token_file, ssl } = consul
  const told = [
    `CONSUL_HTTP_ADDR=${address}`,
    `CONSUL_HTTP_SSL=${ssl.enabled}`,
    `CONSUL_HTTP_SSL_VERIFY=${ssl.verify}`,
    ...(token_file === undefined ? [] : [`CONSUL_HTTP_TOKEN_FILE=${token_file}`]),
  ]
  return { ...rules, custom: [...told, ...rules.custom] }
}
