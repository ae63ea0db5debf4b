import { describe, expect, it } from 'vitest'
import { buildConfig, idleKeys, readConfigText } from '../config.ts'
import { wordsOf } from '../target/command.ts'

const read = (text: string) => readConfigText('recorded', text)

/** Texts that consul-template 0.42.1 was seen to read, and what they mean here. */
describe('what consul-template reads is read', () => {
  const template = 'source = "s"\ndestination = "/d"\n'
  const first = (config: object) => ({ template: [config] })
  const exec = 'command = "c"\n'

  it.each([
    {
      text: 'consul {\n auth {\n username = "username"\n password = "password"\n }\n}',
      config: { consul: { auth: 'username:password' } },
    },
    { text: 'consul {\n ssl {\n verify = true\n }\n}', config: { consul: { ssl: { verify: true } } } },
    { text: 'consul {\n ssl {\n ca_path = "ca_path"\n }\n}', config: { consul: { ssl: { ca_path: 'ca_path' } } } },
    { text: 'consul {\n transport {\n dial_timeout = "10s"\n }\n}', idle: ['consul.transport'] },
    {
      text: 'deduplicate {\n enabled = true\n prefix = "foo/bar"\n max_stale = "100s"\n TTL = "500s"\n block_query_wait = "200s"\n}',
      idle: ['deduplicate'],
    },
    {
      text: 'exec {\n command = "command"\n}',
      config: { exec: { run: 'command', killSignal: 'SIGINT', onChange: 'restart' } },
    },
    {
      text: `exec {\n ${exec} env {\n custom = ["a=b", "c=d"]\n }\n}`,
      config: { exec: { environment: { custom: ['a=b', 'c=d'] } } },
    },
    { text: `exec {\n ${exec} kill_timeout = "30s"\n}`, config: { exec: { killTimeout: 30_000 } } },
    { text: `exec {\n ${exec} timeout = "30s"\n}`, idle: ['exec.timeout'] },
    { text: 'log_file {\n path = "something.log"\n}', config: { log_file: { path: 'something.log' } } },
    { text: 'log_file {\n log_rotate_max_files = 10\n}', config: { log_file: { log_rotate_max_files: 10 } } },
    { text: 'reload_signal = "SIGUSR1"', config: { reload_signal: 'SIGUSR1' } },
    {
      text: `reload_signal = ""\nexec {\n ${exec} reload_signal = ""\n}`,
      config: { reload_signal: undefined, exec: { onChange: 'nothing' } },
    },
    {
      text: 'syslog {\n facility = "facility"\n}',
      config: { syslog: { facility: 'facility', name: 'upstreamd' } },
    },
    { text: 'syslog {\n name = "n"\n}', config: { syslog: { facility: 'local0', name: 'n' } } },
    { text: 'syslog {\n enabled = false\n name = "n"\n}', config: { syslog: undefined } },
    { text: `template {\n ${template} backup = true\n}`, config: first({ file: { backup: true } }) },
    { text: `template {\n ${template}\n}`, config: first({ destination: '/d' }) },
    { text: `template {\n ${template} exec {\n enabled = true\n }\n}`, config: first({ command: undefined }) },
    { text: `template {\n ${template} exec {\n kill_signal = "SIGUSR1"\n }\n}`, idle: ['template.0.exec.kill_signal'] },
    {
      text: `template {\n ${template} command = "c"\n exec {\n timeout = "30s"\n }\n}`,
      config: first({ command: { timeout: 30_000 } }),
    },
    { text: `template {\n ${template} uid = 1000\n}`, config: first({ file: { user: '1000' } }) },
    {
      text: `template {\n ${template} wait {\n min = "10s"\n max = "20s"\n }\n}`,
      config: first({ wait: { min: 10_000, max: 20_000 } }),
    },
    { text: 'wait {\n min = "10s"\n max = "20s"\n}', config: { wait: { min: 10_000, max: 20_000 } } },
  ])('$text', ({ text, config = {}, idle = [] }) => {
    const layer = read(text)

    expect(idleKeys([layer]).map(line => line.split(' ')[0])).toEqual(idle)
    expect(buildConfig([layer])).toMatchObject(config)
  })

  /** Its keys one by one, as its own tests have them: what is written, and where it is found here when that differs. */
  it.each<{ key: string; says: string; at?: string; is: unknown }>([
    { key: 'consul.address', says: '"1.2.3.4"', is: '1.2.3.4' },
    { key: 'consul.token', says: '"token"', is: 'token' },
    { key: 'consul.ssl.enabled', says: 'true', is: true },
    ...['cert', 'key', 'ca_cert', 'server_name'].map(key => ({ key: `consul.ssl.${key}`, says: '"x"', is: 'x' })),
    { key: 'default_delimiters.left', says: '"<"', is: '<' },
    { key: 'default_delimiters.right', says: '">"', is: '>' },
    { key: 'exec.env.denylist', says: '["a", "b"]', at: 'exec.environment.denylist', is: ['a', 'b'] },
    { key: 'exec.env.allowlist', says: '["a", "b"]', at: 'exec.environment.allowlist', is: ['a', 'b'] },
    { key: 'exec.env.pristine', says: 'true', at: 'exec.environment.pristine', is: true },
    { key: 'exec.enabled', says: 'true', at: 'exec.run', is: 'c' },
    { key: 'exec.kill_signal', says: '"SIGUSR1"', at: 'exec.killSignal', is: 'SIGUSR1' },
    { key: 'exec.reload_signal', says: '"SIGUSR1"', at: 'exec.onChange', is: 'SIGUSR1' },
    { key: 'exec.reload_signal', says: '"SIGNULL"', at: 'exec.onChange', is: 'nothing' },
    { key: 'exec.splay', says: '"30s"', is: 30_000 },
    { key: 'kill_signal', says: '"SIGUSR1"', is: 'SIGUSR1' },
    { key: 'reload_signal', says: '"SIGNULL"', is: undefined },
    { key: 'log_level', says: '"WARN"', is: 'warn' },
    { key: 'log_file.path', says: '"./logs"', is: './logs' },
    { key: 'log_file.log_rotate_bytes', says: '102400', is: 102_400 },
    { key: 'log_file.log_rotate_duration', says: '"24h"', is: 86_400_000 },
    { key: 'max_stale', says: '"10s"', is: 10_000 },
    { key: 'pid_file', says: '"/var/pid"', is: '/var/pid' },
    { key: 'wait', says: '"10s:20s"', is: { min: 10_000, max: 20_000 } },
    { key: 'template.command', says: '"command"', at: 'template.0.command.run', is: 'command' },
    { key: 'template.error_on_missing_key', says: 'true', at: 'template.0.language.failsOnMissingKey', is: true },
    { key: 'template.exec.command', says: '"command"', at: 'template.0.command.run', is: 'command' },
    ...['denylist', 'blacklist'].map(key => envList(key, 'denylist')),
    ...['allowlist', 'whitelist'].map(key => envList(key, 'allowlist')),
    ...['"0600"', '0600'].map(says => ({ key: 'template.perms', says, at: 'template.0.file.mode', is: 0o600 })),
    { key: 'template.user', says: '"1000"', at: 'template.0.file.user', is: '1000' },
    { key: 'template.group', says: '"1000"', at: 'template.0.file.group', is: '1000' },
    { key: 'template.gid', says: '1000', at: 'template.0.file.group', is: '1000' },
    { key: 'template.wait', says: '"10s:20s"', at: 'template.0.wait', is: { min: 10_000, max: 20_000 } },
    { key: 'template.left_delimiter', says: '"<"', at: 'template.0.language.left', is: '<' },
    { key: 'template.right_delimiter', says: '">"', at: 'template.0.language.right', is: '>' },
  ])('$key = $says', ({ key, says, at = key, is }) => {
    const config = buildConfig([read(nested(key, says))])

    expect(at.split('.').reduce<unknown>((inner, part) => (inner as Record<string, unknown>)[part], config)).toEqual(is)
  })

  it.each([
    ...['retry { backoff = "2s" }', 'transport { dial_keep_alive = "10s" }'].map(block => ({
      block: `consul { ${block} }`,
    })),
    ...['vault', 'nomad'].map(name => ({ block: `${name} { address = "a" transport { dial_timeout = "1s" } }` })),
    { block: 'block_query_wait = "61s"' },
  ])('$block is read, and told to do nothing', ({ block }) => {
    expect(idleKeys([read(block)])).toHaveLength(1)
  })

  it.each(['', 'consul { ssl {} }', 'exec {}', 'exec { env {} }', 'log_file {}'])('"%s" says nothing', text => {
    expect(buildConfig([read(text)])).toEqual(buildConfig([]))
  })

  it.each([
    { text: 'not_a_valid_key = "hello"', says: 'recorded:1: unknown key "not_a_valid_key"' },
    { text: 'not_a_valid_stanza {\n a = "b"\n}', says: 'recorded:1: unknown key "not_a_valid_stanza"' },
    { text: 'consul = true', says: 'recorded:1: consul: ' },
  ])('and what it refuses is refused: $text', ({ text, says }) => {
    expect(() => read(text)).toThrow(says)
  })

  it.each([
    { list: [''], argv: undefined },
    { list: ['foo'], argv: ['foo'] },
    { list: ['foo', 'bar', 'zed'], argv: ['foo', 'bar', 'zed'] },
    { list: ['  echo'], argv: ['  echo'] },
    { list: ['foo bar'], argv: ['sh', '-c', 'foo bar'] },
    { list: ['printf $(printf foo)'], argv: ['sh', '-c', 'printf $(printf foo)'] },
    { list: ['(sleep .1; printf hi) &'], argv: ['sh', '-c', '(sleep .1; printf hi) &'] },
  ])('command = $list runs as $argv', ({ list, argv }) => {
    const [first] = buildConfig([{ template: [{ source: 's', destination: '/d', command: list }] }]).template

    expect(first?.command && wordsOf(first.command)).toEqual(argv)
  })

  /** The blocks around a key, with what they cannot be without. */
  function nested(key: string, says: string): string {
    const [name = '', ...blocks] = key.split('.').reverse()
    return blocks.reduce((inner, block) => {
      const rest = block === 'template' ? template : block === 'exec' && !inner.includes('command') ? exec : ''
      return `${block} {\n ${rest} ${inner}\n}`
    }, `${name} = ${says}`)
  }

  function envList(key: string, list: string) {
    return {
      key: `template.exec.env.${key}`,
      says: '["a", "b"]',
      at: `template.0.command.environment.${list}`,
      is: ['a', 'b'],
    }
  }
})
