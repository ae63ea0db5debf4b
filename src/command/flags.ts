import { Command, CommanderError, Option } from 'commander'

export interface Flag {
  readonly name: string
  readonly value: string | undefined // what to call the value in the help; undefined: on or off
  readonly help: string
  readonly key?: string // where it goes in the configuration: `consul.address`; none: it is ours alone
  readonly env?: readonly string[] // the first that is set counts
  readonly isList?: boolean
  readonly fallback?: string // for the help
}

/** Every flag: one line each. What a value may be is said once, in the schema of the configuration. */
export const flags: readonly Flag[] = [
  { name: 'consul-addr', value: 'host:port', key: 'consul.address', env: ['CONSUL_HTTP_ADDR'], help: 'Consul agent: host:port, URL or unix:///path', fallback: '127.0.0.1:8500' },
  { name: 'consul-auth', value: 'user:password', key: 'consul.auth', env: ['CONSUL_HTTP_AUTH'], help: 'HTTP basic authentication' },
  { name: 'consul-token', value: 'token', key: 'consul.token', env: ['CONSUL_TOKEN', 'CONSUL_HTTP_TOKEN'], help: 'ACL token; other users of the machine can see it here: prefer a file or the environment' },
  { name: 'consul-token-file', value: 'path', key: 'consul.token_file', env: ['CONSUL_TOKEN_FILE', 'CONSUL_HTTP_TOKEN_FILE'], help: 'file with the ACL token, read again before every attempt' },
  { name: 'consul-ssl', value: undefined, key: 'consul.ssl.enabled', env: ['CONSUL_HTTP_SSL'], help: 'speak TLS to Consul' },
  { name: 'consul-ssl-verify', value: undefined, key: 'consul.ssl.verify', env: ['CONSUL_HTTP_SSL_VERIFY'], help: "check Consul's certificate", fallback: 'true' },
  { name: 'consul-ssl-ca-cert', value: 'path', key: 'consul.ssl.ca_cert', env: ['CONSUL_CACERT'], help: 'PEM file of the authority to trust' },
  { name: 'consul-ssl-cert', value: 'path', key: 'consul.ssl.cert', env: ['CONSUL_CLIENT_CERT'], help: 'PEM file of the client certificate' },
  { name: 'consul-ssl-key', value: 'path', key: 'consul.ssl.key', env: ['CONSUL_CLIENT_KEY'], help: "PEM file of the client certificate's key" },
  { name: 'consul-ssl-server-name', value: 'name', key: 'consul.ssl.server_name', env: ['CONSUL_TLS_SERVER_NAME'], help: "name to expect in Consul's certificate" },
  { name: 'max-stale', value: 'duration', key: 'max_stale', help: 'how old an answer of a Consul follower may be; 0s asks the leader', fallback: '2s' },
  { name: 'source', value: 'source', key: 'source', isList: true, help: 'where services come from: consul, or file:PATH; repeatable', fallback: 'consul' },
  { name: 'template', value: 'src:dest[:cmd]', key: 'template', isList: true, help: 'template, where its text goes, and a command to run in place of our reload; repeatable', fallback: 'the shipped ingress.conf.njk' },
  { name: 'wait', value: 'min[:max]', key: 'wait', help: 'render after min of calm, at the latest max after the first change (4 x min when left out)', fallback: '25ms:250ms' },
  { name: 'template-env', value: 'NAME', key: 'template_env', isList: true, help: 'environment variable that templates may read; repeatable' },
  { name: 'tag', value: '[!]tag', key: 'tag', isList: true, help: "an instance must carry this tag or, as '!tag', must not; repeatable" },
  { name: 'health', value: 'states', key: 'health', help: 'states in which an instance is served: passing,warning,critical,maintenance', fallback: 'passing' },
  { name: 'domain', value: 'name', key: 'domain', help: 'what server names end with' },
  { name: 'server-names', value: 'dotted|flat', key: 'server_names', help: 'nginx-test is nginx.test.DOMAIN (dotted) or nginx-test.DOMAIN (flat)', fallback: 'dotted' },
  { name: 'listen', value: '[address:]port', key: 'listen', help: 'what the shipped template listens on', fallback: '80' },
  { name: 'nginx-conf', value: 'path', key: 'nginx_conf', help: 'a foreign nginx.conf: write into its tree, leave the rest alone' },
  { name: 'nginx-bin', value: 'path', key: 'nginx_bin', help: 'the nginx program', fallback: 'nginx' },
  { name: 'state-dir', value: 'path', key: 'state_dir', help: 'generations, rollback copies, status.json', fallback: '/var/lib/upstreamd' },
  { name: 'on-exit', value: 'stop|leave', key: 'on_exit', help: 'what becomes of nginx when upstreamd stops', fallback: 'stop what it started' },
  { name: 'stop-timeout', value: 'duration', key: 'stop_timeout', help: 'how long a graceful stop may take', fallback: '8s' },
  { name: 'max-loss', value: 'share', key: 'max_loss', help: 'share of all servers that may vanish at once before it is held back', fallback: '50%' },
  { name: 'hold', value: 'duration', key: 'hold', help: 'how long such a loss is held back', fallback: '30s' },
  { name: 'log-level', value: 'level', key: 'log_level', env: ['CT_LOG', 'CONSUL_TEMPLATE_LOG', 'CONSUL_TEMPLATE_LOG_LEVEL'], help: 'trace, debug, info, warn or err', fallback: 'info' },
  { name: 'log-format', value: 'pretty|json', key: 'log_format', help: 'how the log on stderr looks', fallback: 'pretty on a terminal' },
  { name: 'pid-file', value: 'path', key: 'pid_file', help: "where to write upstreamd's own pid" },
  { name: 'config', value: 'path', isList: true, help: 'YAML or JSON file with these settings; repeatable, the later one wins; flags win over files' },
  { name: 'once', value: undefined, help: 'render, apply, exit; reloads a running nginx, starts none' },
  { name: 'dry', value: undefined, help: 'print what would change, touch nothing, exit' },
  { name: 'version', value: undefined, help: 'print the version and exit (-v)' },
  { name: 'help', value: undefined, help: 'print this and exit (-h)' },
]

/** A command line that is wrong: one line that says what and where. */
export class UsageError extends Error {}

export interface CommandLine {
  readonly command: string | undefined
  /** Values by flag name; on-or-off flags hold a boolean. */
  readonly given: Readonly<Record<string, string | boolean | readonly string[]>>
}

/** Reads a Go-style command line: `-x=v`, `-x v`, `--x`, repeated. Throws UsageError. */
export function parseCommandLine(argv: readonly string[], commands: readonly string[]): CommandLine {
  const program = describe().argument('[command]').allowExcessArguments(true)
  program.exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} })
  try {
    program.parse(normalise(argv), { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) throw new UsageError(goStyle(error.message))
    throw error
  }
  const [command, ...extra] = program.args
  if (command !== undefined && !commands.includes(command)) {
    throw new UsageError(`unexpected argument "${command}"; commands are: ${commands.join(', ')}`)
  }
  if (extra.length > 0) throw new UsageError(`unexpected argument "${extra[0]}"`)
  return { command, given: valuesOf(program) }
}

/** The page behind `-help`. */
export function helpText(commands: Readonly<Record<string, string>>): string {
  const width = Math.max(...flags.map(flag => termOf(flag).length)) + 2
  const line = (flag: Flag) => {
    const notes = [flag.env && `[${flag.env.join(', ')}]`, flag.fallback && `(default: ${flag.fallback})`].filter(Boolean)
    return `  ${termOf(flag).padEnd(width)}${[flag.help, ...notes].join(' ')}`
  }
  return [
    'upstreamd keeps nginx in step with Consul: validated, verified, rolled back.',
    '',
    'Usage: upstreamd [flags]             run beside nginx until it is told to stop',
    ...Object.entries(commands).map(([name, help]) => `       upstreamd ${name.padEnd(19)}${help}`),
    '',
    ...flags.map(line),
    '',
    'Signals: TERM, INT stop; HUP reads configuration and templates again; USR1 approves a loss that is held.',
    'Try:     upstreamd -consul-addr=127.0.0.1:8500 -tag=calico -domain=example.org -dry',
    '',
  ].join('\n')
}

/** What flags and environment say, as two layers of the configuration, the lower one first. */
export function layersOf(given: CommandLine['given'], environment: NodeJS.ProcessEnv): [object, object] {
  const below = {}
  const above = {}
  for (const flag of flags) {
    if (flag.key === undefined) continue
    const set = flag.env?.map(name => environment[name]).find(value => value !== undefined && value !== '')
    if (set !== undefined) put(below, flag.key, flag.value === undefined ? toBoolean(flag.env?.[0] ?? flag.name, set) : set)
    const value = given[flag.name]
    if (value !== undefined) put(above, flag.key, flag.name === 'template' ? (value as readonly string[]).map(parseTemplate) : value)
  }
  return [below, above]
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

function describe(): Command {
  const program = new Command('upstreamd').helpOption(false)
  for (const flag of flags) {
    const option = new Option(`--${flag.name} <value>`, flag.help)
    program.addOption(flag.isList ? option.argParser((value, before: string[] = []) => [...before, value]) : option)
  }
  return program
}

/** `-x=v` → `--x=v`; on-or-off flags get their value, so that they never take the next word for it. */
function normalise(argv: readonly string[]): string[] {
  const normal: string[] = []
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] ?? ''
    const match = /^--?([a-zA-Z][\w-]*)(?:=(.*))?$/s.exec(word)
    if (match === null) {
      normal.push(word)
      continue
    }
    const name = match[1] === 'h' ? 'help' : match[1] === 'v' ? 'version' : (match[1] ?? '')
    const flag = flags.find(candidate => candidate.name === name)
    const value = match[2] ?? (flag !== undefined && flag.value === undefined ? 'true' : undefined)
    normal.push(value === undefined ? `--${name}` : `--${name}=${value}`)
    // The next word is this flag's value, even when it begins with a dash.
    if (value === undefined && flag !== undefined && at + 1 < argv.length) {
      at += 1
      normal[normal.length - 1] = `--${name}=${argv[at]}`
    }
  }
  return normal
}

function valuesOf(program: Command): CommandLine['given'] {
  const given: Record<string, string | boolean | readonly string[]> = {}
  for (const flag of flags) {
    const option = program.options.find(candidate => candidate.name() === flag.name)
    const value = program.getOptionValue(option?.attributeName() ?? flag.name) as string | string[] | undefined
    if (value === undefined) continue
    given[flag.name] = flag.value === undefined ? toBoolean(`-${flag.name}`, String(value)) : value
  }
  return given
}

function toBoolean(name: string, text: string): boolean {
  if (/^(1|t|true)$/i.test(text)) return true
  if (/^(0|f|false)$/i.test(text)) return false
  throw new UsageError(`${name}: "${text}" is neither true nor false`)
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

function termOf(flag: Flag): string {
  return flag.value === undefined ? `-${flag.name}` : `-${flag.name}=${flag.value}`
}

function goStyle(message: string): string {
  return message
    .replace(/^error: /, '')
    .replace(/\n\(Did you mean (?:one of )?(.*?)\?\)/, ' (did you mean $1?)')
    .replaceAll('--', '-')
}
