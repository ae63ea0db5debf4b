import { z } from 'zod'
import { flags } from '../../src/command/flags.ts'
import { Config } from '../../src/config.ts'

interface Described {
  readonly description?: string
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, Described>>
  readonly items?: Described
  readonly anyOf?: readonly Described[]
}

/** The JSON Schema of a configuration file, for editors. */
export function configSchema(): string {
  return `${JSON.stringify(z.toJSONSchema(Config, { io: 'input', unrepresentable: 'any' }), undefined, 2)}\n`
}

/** docs/configuration.md: every key of a configuration file, with the flag and the variables that say the same. */
export function configReference(): string {
  const schema = JSON.parse(configSchema()) as Described
  const rows = rowsOf(schema, '')
  return [
    '# Configuration',
    '',
    'Made from the schema by `npm run docs`; do not edit.',
    '',
    'A configuration file (`-config=PATH`, a file or a folder, repeatable) is HCL, JSON or YAML (`.yaml`, `.yml`) and has',
    'the structure of consul-template. Flags win over `CT_LOCAL_CONFIG`, which holds such a text, that over files, files',
    'over the environment; later files win over earlier ones, lists as a whole; only templates add up.',
    'Durations are written as in Go: `250ms`, `5s`, `1m30s`. An unknown key is an error. `docs/config.schema.json`',
    'is the same as JSON Schema, for editors.',
    '',
    '| key | default | flag | environment | meaning |',
    '|---|---|---|---|---|',
    ...rows,
    '',
    '## Example',
    '',
    '```yaml',
    'consul:',
    '  address: consul.internal:8500',
    '  token_file: /run/secrets/consul-token',
    'tag: [calico]',
    'domain: flyclock.cn',
    'wait: 5s',
    'template:',
    '  - source: /etc/ctmpl/ingress.conf.njk',
    '    destination: /etc/nginx/conf.d/app.conf',
    '```',
    '',
    'The same in HCL:',
    '',
    '```hcl',
    'consul {',
    '  address    = "consul.internal:8500"',
    '  token_file = "/run/secrets/consul-token"',
    '}',
    'tag    = ["calico"]',
    'domain = "flyclock.cn"',
    'wait   = "5s"',
    'template {',
    '  source      = "/etc/ctmpl/ingress.conf.njk"',
    '  destination = "/etc/nginx/conf.d/app.conf"',
    '}',
    '```',
    '',
  ].join('\n')
}

function rowsOf(schema: Described, prefix: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const key = prefix + name
    const inner = property.properties === undefined ? property.items?.properties && property.items : property
    if (inner !== undefined && flags.every(flag => flag.key !== key)) return rowsOf(inner, `${key}.`)
    const flag = flags.find(candidate => candidate.key === key)
    const nested = property.items?.properties === undefined ? [] : rowsOf(property.items, `${key}[].`)
    const cells = [
      `\`${key}\``,
      property.default === undefined || (Array.isArray(property.default) && property.default.length === 0)
        ? ''
        : `\`${text(property.default)}\``,
      flag === undefined ? '' : `\`-${flag.name}\``,
      (flag?.env ?? []).map(variable => `\`${variable}\``).join(' '),
      (property.description ?? '').replaceAll('|', '\\|'),
    ]
    return [`| ${cells.join(' | ')} |`, ...nested]
  })
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
