import { describe, expect, it } from 'vitest'
import { buildConfig, idleKeys, readConfigText } from '../config.ts'

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

  it('and what it refuses is refused', () => {
    expect(() => read('not_a_valid_key = "hello"')).toThrow('recorded:1: unknown key "not_a_valid_key"')
  })
})
