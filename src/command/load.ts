import { buildConfig, type Config, idleKeys, readConfigFiles, readConfigText } from '../config.ts'
import { UpstreamdError } from '../errors.ts'
import { type CommandLine, UsageError } from './command-line.ts'
import { idleFlags } from './consul-template-flags.ts'
import { flags } from './flags.ts'
import { layersOf } from './layers.ts'

export interface Loaded {
  readonly config: Config
  readonly files: readonly string[]
  readonly warnings: readonly string[]
}

/** What of a layer matters here, whatever else it holds. */
interface Layer {
  readonly consul?: { readonly ssl?: object }
}

/**
 * Environment, below files, below CT_LOCAL_CONFIG, below flags → the configuration. Throws CONFIG_UNREADABLE or
 * CONFIG_INVALID for what a file or the environment says, UsageError for what the command line says.
 */
export function load({ given }: CommandLine, environment: NodeJS.ProcessEnv): Loaded {
  const files = ((given.config ?? []) as readonly string[]).flatMap(readConfigFiles)
  const [below, flagged] = layersOf(given, environment)
  const above = withoutEmpty(flagged)
  const local = environment[LOCAL] ? [readConfigText(LOCAL, environment[LOCAL])] : []
  const written = [...files.map(({ layer }) => layer), ...local].map(withoutEmpty)
  const layers = [below, ...impliedBy([...written, above]), ...written]
  buildConfig(layers)
  try {
    const config = buildConfig([...layers, above])
    return {
      config,
      files: files.map(({ path }) => path),
      warnings: [...warningsOf(given, environment), ...idleKeys(layers)],
    }
  } catch (error) {
    if (error instanceof UpstreamdError && error.code === 'CONFIG_INVALID') throw new UsageError(inFlags(error.message))
    throw error
  }
}

/** Of Consul an empty text says nothing, as with consul-template: what the environment says counts. */
function withoutEmpty(layer: Layer): Layer {
  if (layer.consul === undefined) return layer
  const { ssl, ...consul } = layer.consul
  return { ...layer, consul: { ...filled(consul), ...(ssl && { ssl: filled(ssl) }) } }
}

function filled(block: object): object {
  return Object.fromEntries(Object.entries(block).filter(([key, value]) => value !== '' || key === 'auth'))
}

/**
 * Who names an authority, a certificate or a server wants TLS, as with consul-template: else a token would go over the
 * wire for all to read. What the environment says of them is for addresses that begin with https.
 */
function impliedBy(layers: readonly Layer[]): object[] {
  const saysMore = layers.some(({ consul }) => Object.keys(consul?.ssl ?? {}).some(key => key !== 'enabled'))
  return saysMore ? [{ consul: { ssl: { enabled: true } } }] : []
}

/** A whole configuration in one variable. */
const LOCAL = 'CT_LOCAL_CONFIG'

function warningsOf(given: CommandLine['given'], environment: NodeJS.ProcessEnv): string[] {
  const open = ['consul-token', 'consul-auth']
    .filter(name => given[name] !== undefined)
    .map(
      name =>
        `-${name}: every user of this machine can read it in the list of processes; use a file or the environment`,
    )
  const idle = idleFlags
    .filter(({ name }) => given[name] !== undefined && given[name] !== false)
    .map(({ name, help }) => `-${name} does nothing here: ${help}`)
  const partition = environment.CONSUL_PARTITION
    ? ['CONSUL_PARTITION does nothing here: the partition of the Consul agent is asked']
    : []
  return [...open, ...idle, ...partition]
}

/** `consul.address: …` → `-consul-addr: …`; of a list, `template.0.destination: …` → `-template: destination …`. */
function inFlags(message: string): string {
  const flag = flags.find(
    ({ key }) => key !== undefined && (message.startsWith(`${key}:`) || message.startsWith(`${key}.`)),
  )
  if (flag?.key === undefined) return message

  const [where = '', ...what] = message.slice(flag.key.length).split(':')
  const inner = where.replace(/^(\.\d+)?\.?/, '')
  return `-${flag.name}:${inner === '' ? '' : ` ${inner}`}${what.join(':')}`
}
