import { describe, expect, it } from 'vitest'
import { helpText, parseCommandLine, UsageError } from './command-line.ts'
import { idleFlags } from './consul-template-flags.ts'
import { flags } from './flags.ts'
import { layersOf, parseTemplate } from './layers.ts'
import { load } from './load.ts'

const commands = [
  { name: 'run', help: 'the same' },
  { name: 'healthcheck', help: 'is it ready?' },
  {
    name: 'lint',
    help: 'hazards',
    operands: 'TEMPLATE…',
    flags: [{ name: 'json', value: undefined, help: 'as JSON' }],
  },
]
const parse = (...argv: string[]) => parseCommandLine(argv, commands)
const given = (...argv: string[]) => parse(...argv).given

describe('a flag is written as with consul-template', () => {
  it.each([
    { title: 'one dash and =', argv: ['-consul-addr=a:1'] },
    { title: 'two dashes and =', argv: ['--consul-addr=a:1'] },
    { title: 'one dash and a blank', argv: ['-consul-addr', 'a:1'] },
    { title: 'two dashes and a blank', argv: ['--consul-addr', 'a:1'] },
    { title: 'twice: the last one counts', argv: ['-consul-addr=b:2', '-consul-addr=a:1'] },
  ])('$title', ({ argv }) => {
    expect(given(...argv)).toEqual({ 'consul-addr': 'a:1' })
  })

  it('nothing is nothing', () => {
    expect(parse()).toMatchObject({ command: undefined, given: {} })
  })

  it('a value may be empty, hold = and begin with a dash', () => {
    expect(given('-template=a:b:echo x=y', '-domain=', '-pid-file', '-odd')).toEqual({
      template: ['a:b:echo x=y'],
      domain: '',
      'pid-file': '-odd',
    })
  })

  it('a value may have several lines', () => {
    expect(given('-template=a:b:set -e\nnginx -s reload')).toEqual({ template: ['a:b:set -e\nnginx -s reload'] })
  })

  it('what may be repeated is kept in order', () => {
    expect(given('-tag=a', '-tag', '!b', '--tag=c').tag).toEqual(['a', '!b', 'c'])
  })

  it('a command may have operands, and flags of its own', () => {
    expect(parse('lint', 'a.ctmpl', '-json', 'b.conf')).toEqual({
      command: 'lint',
      operands: ['a.ctmpl', 'b.conf'],
      given: { json: true },
    })
    expect(() => parse('run', '-json')).toThrow(new UsageError('-json is for upstreamd lint'))
    expect(() => parse('-json')).toThrow(new UsageError('-json is for upstreamd lint'))
  })

  it('the names of commands may stand anywhere', () => {
    expect(parse('-once', 'run')).toMatchObject({ command: 'run', given: { once: true } })
    expect(parse('healthcheck', '-state-dir=/x').command).toBe('healthcheck')
  })

  it.each([
    { argv: ['-h'], name: 'help' },
    { argv: ['--help'], name: 'help' },
    { argv: ['-v'], name: 'version' },
    { argv: ['-version'], name: 'version' },
  ])('$argv.0 asks for $name', ({ argv, name }) => {
    expect(given(...argv)).toEqual({ [name]: true })
  })
})

describe('what consul-template has and means nothing here', () => {
  it('is accepted', () => {
    expect(given('-vault-addr=http://v', '-consul-retry-attempts', '3', '-syslog-name', 'x')).toEqual({
      'vault-addr': 'http://v',
      'consul-retry-attempts': '3',
      'syslog-name': 'x',
    })
  })

  it('a switch among it never takes the next word for its value', () => {
    expect(parse('-dedup', '-consul-retry=false', '-vault-renew-token', 'run')).toMatchObject({
      command: 'run',
      given: { dedup: true, 'consul-retry': false, 'vault-renew-token': true },
    })
  })

  it('is told with the reason, unless it is switched off', () => {
    const { warnings } = load(parse('-dedup', '-vault-addr=x', '-syslog=false'), { CONSUL_PARTITION: 'p' })

    expect(warnings).toEqual([
      '-dedup does nothing here: a dozen connections to Consul need no sharing',
      '-vault-addr does nothing here: secrets of Vault are not read',
      'CONSUL_PARTITION does nothing here: the partition of the Consul agent is asked',
    ])
  })

  it('has no name in common with what does something', () => {
    const names = [...flags, ...idleFlags].map(({ name }) => name)

    expect(names.filter((name, position) => names.indexOf(name) !== position)).toEqual([])
  })
})

describe('a command line of consul-template means the same', () => {
  it.each([
    { argv: ['-consul-addr', '1.2.3.4'], config: { consul: { address: '1.2.3.4' } } },
    { argv: ['-consul-ssl'], config: { consul: { ssl: { enabled: true } } } },
    { argv: ['-consul-ssl-key', 'key'], config: { consul: { ssl: { enabled: true, key: 'key' } } } },
    { argv: ['-consul-ssl-ca-path', 'folder'], config: { consul: { ssl: { enabled: true, ca_path: 'folder' } } } },
    { argv: ['-consul-ssl-verify=false'], config: { consul: { ssl: { enabled: true, verify: false } } } },
    { argv: ['-consul-ssl=false', '-consul-ssl-key=k'], config: { consul: { ssl: { enabled: false, key: 'k' } } } },
    { argv: ['-consul-ssl-key='], config: { consul: { ssl: { enabled: false } } } },
    { argv: ['-consul-auth', 'username'], config: { consul: { auth: 'username:' } } },
    { argv: ['-consul-auth', 'username:a:b'], config: { consul: { auth: 'username:a:b' } } },
    { argv: ['-consul-token-file', '/a/very/secret/path'], config: { consul: { token_file: '/a/very/secret/path' } } },
    { argv: ['-log-rotate-bytes', '102400'], config: { log_file: { log_rotate_bytes: 102_400 } } },
    { argv: ['-log-rotate-max-files', '-1'], config: { log_file: { log_rotate_max_files: -1 } } },
    { argv: ['-log-rotate-duration', '30s'], config: { log_file: { log_rotate_duration: 30_000 } } },
    { argv: ['-log-file='], config: { log_file: { path: undefined } } },
    { argv: ['-pid-file', '/var/pid/file'], config: { pid_file: '/var/pid/file' } },
    { argv: ['-wait', ' 10s : 30s '], config: { wait: { min: 10_000, max: 30_000 } } },
    { argv: ['-wait', '10s:30s'], config: { wait: { min: 10_000, max: 30_000 } } },
    { argv: ['-reload-signal', 'SIGUSR2'], config: { reload_signal: 'SIGUSR2' } },
    { argv: ['-reload-signal', ''], config: { reload_signal: undefined } },
    { argv: ['-exec=c', '-exec-kill-signal', 'SIGUSR1'], config: { exec: { run: 'c', killSignal: 'SIGUSR1' } } },
    { argv: ['-exec=c', '-exec-kill-signal='], config: { exec: { killSignal: undefined } } },
    { argv: ['-exec=c', '-exec-reload-signal', 'sighup'], config: { exec: { onChange: 'SIGHUP' } } },
    {
      argv: ['-exec=c', '-exec-kill-timeout=5s', '-exec-splay=1s'],
      config: { exec: { killTimeout: 5_000, splay: 1_000 } },
    },
    { argv: ['-exec=c', '-exec-env-pristine'], config: { exec: { environment: { pristine: true } } } },
    {
      argv: ['-exec=c', '-exec-env-allowlist', 'SOME_*', '-exec-env-allowlist', 'ANOTHER_*'],
      config: { exec: { environment: { allowlist: ['SOME_*', 'ANOTHER_*'] } } },
    },
    { argv: ['-exec-kill-signal=SIGUSR1'], config: { exec: undefined } },
    { argv: ['-exec='], config: { exec: undefined } },
    { argv: ['-kill-signal=sigusr2'], config: { kill_signal: 'SIGUSR2' } },
  ])('$argv', ({ argv, config }) => {
    expect(load(parse(...argv), {}).config).toMatchObject(config)
  })

  it.each([
    { argv: ['-kill-signal=SIGFOO'], says: '-kill-signal: "SIGFOO" is no signal such as SIGHUP' },
    { argv: ['-reload-signal=SIGKILL'], says: '-reload-signal: is a signal that nobody can listen to' },
    { argv: ['-consul-auth='], says: '-consul-auth: cannot be empty' },
    { argv: ['-log-rotate-bytes=many'], says: '-log-rotate-bytes: is not a whole number' },
  ])('$argv is refused', ({ argv, says }) => {
    expect(() => load(parse(...argv), {})).toThrow(says)
  })

  it('what files and flags say of the environment of a program adds up', () => {
    const local = { CT_LOCAL_CONFIG: 'exec {\n command = "a"\n env {\n custom = ["a=1"]\n denylist = "D"\n }\n}' }
    const flags = ['-exec-env-custom=b=2', '-exec-env-denylist=E', '-exec-env-allowlist=A']

    const { config } = load(parse(...flags), local)

    expect(config.exec?.environment).toMatchObject({ custom: ['a=1', 'b=2'], denylist: ['D', 'E'], allowlist: ['A'] })
  })

  it('-exec runs a program also where a file has switched it off', () => {
    const local = { CT_LOCAL_CONFIG: 'exec {\n command = "a"\n enabled = false\n}' }

    expect(load(parse(), local).config.exec).toBeUndefined()
    expect(load(parse('-exec=b'), local).config.exec).toMatchObject({ run: 'b' })
  })

  it('a variable of the Consul client means the same, and asks for no TLS by itself', () => {
    const { config } = load(parse(), { CONSUL_NAMESPACE: 'n', CONSUL_CAPATH: '/ca', CONSUL_HTTP_AUTH: 'u' })

    expect(config.consul).toMatchObject({ namespace: 'n', auth: 'u:', ssl: { enabled: false, ca_path: '/ca' } })
  })

  it.each([
    { text: 'consul { ssl { ca_cert_bytes = "x" } }', enabled: true },
    { text: 'consul { ssl { verify = false } }', enabled: true },
    { text: 'consul { ssl { enabled = false server_name = "x" } }', enabled: false },
    { text: 'consul { ssl { } }', enabled: false },
  ])('$text asks for TLS as with consul-template: $enabled', ({ text, enabled }) => {
    expect(load(parse(), { CT_LOCAL_CONFIG: text }).config.consul.ssl.enabled).toBe(enabled)
  })

  it('an empty text about Consul says nothing, so that the environment counts', () => {
    const environment = { CONSUL_HTTP_ADDR: 'a:1', CONSUL_HTTP_TOKEN: 't', CONSUL_CACERT: '/ca' }
    const flagged = load(parse('-consul-addr=', '-consul-token=', '-consul-ssl-ca-cert='), environment).config.consul
    const text = 'consul {\n address = ""\n token = ""\n ssl {\n ca_cert = ""\n }\n}'
    const written = load(parse(), { ...environment, CT_LOCAL_CONFIG: text }).config.consul

    for (const consul of [flagged, written]) {
      expect(consul).toMatchObject({ address: 'a:1', token: 't', ssl: { enabled: false, ca_cert: '/ca' } })
    }
    expect(load(parse('-consul-addr='), {}).config.consul.address).toBe('127.0.0.1:8500')
  })

  it.each([
    { auth: '{ username = "u" }', header: 'u:' },
    { auth: '{ password = "p" }', header: ':p' },
    { auth: '{ enabled = false username = "u" }', header: undefined },
    { auth: '{ enabled = false }', header: undefined },
    { auth: '{ }', header: undefined },
  ])('auth $auth is $header', ({ auth, header }) => {
    expect(load(parse(), { CT_LOCAL_CONFIG: `consul {\n auth ${auth}\n}` }).config.consul.auth).toBe(header)
  })
})

/** What stands in `consul-template -h` of 0.42.1, and a value for each. */
describe('no flag of consul-template is unknown', () => {
  const with_ = (prefix: string, names: string) => names.split(' ').map(name => `${prefix}-${name}`)
  const tls = 'ssl-ca-cert ssl-ca-path ssl-cert ssl-key ssl-server-name'
  const dials = 'transport-dial-keep-alive transport-dial-timeout transport-tls-handshake-timeout'
  const switches = [
    ...with_('consul', 'retry ssl ssl-verify transport-disable-keep-alives'),
    ...with_('vault', 'renew-token retry ssl ssl-verify transport-disable-keep-alives unwrap-token'),
    ...['dedup', 'dry', 'exec-env-pristine', 'once', 'parse-only', 'template-error-fatal'],
  ]
  const texts = [
    ...with_('consul', `auth token token-file ${tls}`),
    ...with_('vault', `addr token agent-token-file client-user-agent ${tls}`),
    ...with_('exec-env', 'custom allowlist denylist'),
    ...['default-left-delimiter', 'default-right-delimiter', 'exec', 'log-file', 'pid-file'],
  ]
  const durations = [
    ...with_('consul', `retry-backoff retry-max-backoff ${dials}`),
    ...with_('vault', `default-lease-duration retry-backoff retry-max-backoff ${dials}`),
    ...['exec-kill-timeout', 'exec-splay', 'log-rotate-duration', 'max-stale', 'retry', 'wait'],
  ]
  const numbers = [
    ...with_('consul', 'retry-attempts transport-max-idle-conns-per-host'),
    ...with_('vault', 'retry-attempts transport-max-conns-per-host transport-max-idle-conns-per-host'),
    ...with_('log-rotate', 'bytes max-files'),
  ]
  const signals = with_('exec', 'kill-signal reload-signal').concat('kill-signal', 'reload-signal')

  it.each([
    ...switches.flatMap(name => [`-${name}`, `--${name}=false`]),
    ...texts.map(name => `-${name}=x`),
    ...durations.map(name => `-${name}=5s`),
    ...numbers.map(name => `-${name}=5`),
    ...signals.map(name => `-${name}=SIGUSR1`),
    '-consul-addr=a:1',
    '-log-level=WARN',
    '-template=/in:/out',
  ])('%s', flag => {
    expect(() => load(parse(flag), {})).not.toThrow()
  })

  it.each([...texts, ...durations, ...numbers, ...signals])('-%s asks for its value', name => {
    expect(() => parse(`-${name}`)).toThrow(new UsageError(`-${name} needs a value`))
  })
})

describe('a switch', () => {
  it.each([
    { text: '-once', value: true },
    { text: '-once=true', value: true },
    { text: '-once=1', value: true },
    { text: '-once=T', value: true },
    { text: '--once=false', value: false },
    { text: '-once=0', value: false },
    { text: '-once=False', value: false },
  ])('$text is $value', ({ text, value }) => {
    expect(given(text)).toEqual({ once: value })
  })

  it('never takes the next word for its value', () => {
    expect(parse('-once', '-dry', 'run')).toMatchObject({ command: 'run', given: { once: true, dry: true } })
  })

  it('is true or false, and nothing in between', () => {
    expect(() => parse('-once=perhaps')).toThrow('-once: "perhaps" is neither true nor false')
  })
})

describe('a command line that is wrong says what and where', () => {
  it.each([
    {
      title: 'a misspelt flag',
      argv: ['-consul-adr=x'],
      says: /unknown option '-consul-adr' \(did you mean -consul-addr\?\)/,
    },
    { title: 'a flag from elsewhere', argv: ['-xyzzy'], says: /unknown option '-xyzzy'/ },
    { title: 'a flag without its value at the end', argv: ['-domain'], says: /^-domain needs a value$/ },
    { title: 'an unknown command', argv: ['rn'], says: /unexpected argument "rn"; commands are: run, healthcheck/ },
    { title: 'a word too many', argv: ['run', 'fast'], says: /unexpected argument "fast"/ },
  ])('$title', ({ argv, says }) => {
    expect(() => parse(...argv)).toThrow(UsageError)
    expect(() => parse(...argv)).toThrow(says)
  })
})

describe('-template source:destination:command is split as by consul-template', () => {
  it.each([
    { text: 'in.njk', parts: { source: 'in.njk' } },
    { text: 'in.njk:out', parts: { source: 'in.njk', destination: 'out' } },
    {
      text: '/tmp/a.txt:/tmp/b.txt:command',
      parts: { source: '/tmp/a.txt', destination: '/tmp/b.txt', command: 'command' },
    },
    { text: 'in:out:echo a:b', parts: { source: 'in', destination: 'out', command: 'echo a:b' } },
    {
      text: 'C:\\abc\\123:D:\\xyz\\789:sub:command',
      parts: { source: 'C:\\abc\\123', destination: 'D:\\xyz\\789', command: 'sub:command' },
    },
    { text: 'a:b', parts: { source: 'a:b' } },
    { text: 'in::echo x', parts: { source: 'in', destination: 'echo x' } },
    { text: ':in', parts: { source: 'in' } },
    { text: 'in:out:', parts: { source: 'in', destination: 'out' } },
    { text: 'in:out:x::y', parts: { source: 'in', destination: 'out', command: 'x:y' } },
    { text: '  in:out  ', parts: { source: 'in', destination: 'out' } },
  ])('$text', ({ text, parts }) => {
    expect(parseTemplate(text)).toEqual(parts)
  })

  it.each(['', '  ', ':', ':::'])('%j names no file', text => {
    expect(() => parseTemplate(text)).toThrow(UsageError)
  })
})

describe('flags and environment become two layers of the configuration', () => {
  it('what a flag says lies above what the environment says', () => {
    const [below, above] = layersOf(given('-consul-addr=flag:1', '-tag=a'), { CONSUL_HTTP_ADDR: 'env:1' })

    expect(below).toEqual({ consul: { address: 'env:1' } })
    expect(above).toEqual({ consul: { address: 'flag:1' }, tag: ['a'] })
  })

  it('switches of the environment are read like flags', () => {
    const [below] = layersOf({}, { CONSUL_HTTP_SSL: 'true', CONSUL_HTTP_SSL_VERIFY: '0' })

    expect(below).toEqual({ consul: { ssl: { enabled: true, verify: false } } })
  })

  it('an empty variable is none, and the first of several counts', () => {
    const [below] = layersOf({}, { CONSUL_HTTP_ADDR: '', CONSUL_TOKEN: 'first', CONSUL_HTTP_TOKEN: 'second' })

    expect(below).toEqual({ consul: { token: 'first' } })
  })

  it('a variable that is neither true nor false is named', () => {
    expect(() => layersOf({}, { CONSUL_HTTP_SSL: 'perhaps' })).toThrow('CONSUL_HTTP_SSL: "perhaps"')
  })

  it('a template need not say where to where nothing is written', () => {
    const template = [{ source: 'in', destination: '/dev/null' }]

    expect(layersOf(given('-dry', '-template=in'), {})[1]).toMatchObject({ template })
    expect(layersOf(given('-parse-only', '-template=in'), {})[1]).toMatchObject({ template })
    expect(() => load(parse('-template=in'), {})).toThrow('-template: destination is missing')
  })

  it('templates are split', () => {
    const [, above] = layersOf(given('-template=in:out', '-template=x:y:z'), {})

    expect(above).toEqual({
      template: [
        { source: 'in', destination: 'out' },
        { source: 'x:y', destination: 'z' },
      ],
    })
  })
})

it('the help names every flag once, with what the environment may say in its place', () => {
  const help = helpText(commands)

  for (const { name, env = [] } of flags) {
    const lines = help.split('\n').filter(line => line.startsWith(`  -${name} `) || line.startsWith(`  -${name}=`))
    expect(lines).toHaveLength(1)
    for (const variable of env) expect(lines[0]).toContain(variable)
  }
  expect(help).not.toContain('undefined')
})
