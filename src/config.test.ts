import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildConfig, idleKeys, readConfigFiles, readConfigText } from './config.ts'
import { UpstreamdError } from './errors.ts'

function complaint(task: () => unknown): string {
  try {
    return `no complaint, but ${JSON.stringify(task())}`
  } catch (error) {
    if (error instanceof UpstreamdError) return `${error.code} ${error.message}`
    throw error
  }
}

describe('without a word', () => {
  it('everything has its default, in milliseconds and shares', () => {
    expect(buildConfig([])).toMatchObject({
      consul: { address: '127.0.0.1:8500', ssl: { enabled: false, verify: true } },
      max_stale: 2_000,
      source: ['consul'],
      template: [],
      wait: { min: 25, max: 250 },
      reload_interval: 2_000,
      tag: [],
      health: ['passing'],
      refuse: [],
      on_empty: '503',
      server_names: 'dotted',
      listen: '80',
      state_dir: '/var/lib/upstreamd',
      stop_timeout: 8_000,
      check_output: true,
      max_loss: 0.5,
      hold: 30_000,
      log_level: 'info',
    })
  })
})

describe('layers', () => {
  it('the later one wins, key by key', () => {
    const { consul, domain } = buildConfig([
      { consul: { address: 'a:1', token: 't' }, domain: 'a.org' },
      { consul: { address: 'b:2' } },
    ])

    expect(consul).toMatchObject({ address: 'b:2', token: 't' })
    expect(domain).toBe('a.org')
  })

  it('lists are replaced as a whole', () => {
    expect(buildConfig([{ tag: ['a', 'b'] }, { tag: ['c'] }]).tag).toEqual(['c'])
  })

  it('a text takes the place of a block', () => {
    expect(buildConfig([{ wait: { min: '1s', max: '2s' } }, { wait: '5s' }]).wait).toEqual({ min: 5_000, max: 20_000 })
  })

  it('what was given is left alone', () => {
    const below = { consul: { address: 'a:1' } }

    buildConfig([below, { consul: { address: 'b:2' } }])

    expect(below).toEqual({ consul: { address: 'a:1' } })
  })
})

describe('-wait', () => {
  it.each([
    { wait: '5s', min: 5_000, max: 20_000 },
    { wait: '2s:10s', min: 2_000, max: 10_000 },
    { wait: '250ms:1m30s', min: 250, max: 90_000 },
    { wait: '0', min: 0, max: 0 },
    { wait: { min: '1s' }, min: 1_000, max: 4_000 },
    { wait: { min: '1s', max: '1s' }, min: 1_000, max: 1_000 },
    { wait: { min: '1s', bool: false }, min: 25, max: 250 },
    { wait: { min: '1s', enabled: true }, min: 1_000, max: 4_000 },
  ])('$wait', ({ wait, min, max }) => {
    expect(buildConfig([{ wait }]).wait).toEqual({ min, max })
  })

  it.each([
    { wait: '5', says: '"5" is not min[:max] such as 5s or 2s:10s' },
    { wait: '', says: '"" is not min[:max]' },
    { wait: '5s:', says: '"5s:" is not min[:max]' },
    { wait: ':5s', says: '":5s" is not min[:max]' },
    { wait: 'soon', says: '"soon" is not min[:max]' },
    { wait: '-5s', says: '"-5s" is not min[:max]' },
    { wait: '1s:2s:3s', says: '"1s:2s:3s" is not min[:max]' },
    { wait: '5s:1s', says: 'max is less than min' },
    { wait: { min: '5s', max: '1s' }, says: 'max is less than min' },
  ])('$wait is refused', ({ wait, says }) => {
    expect(complaint(() => buildConfig([{ wait }]))).toContain(`CONFIG_INVALID wait: ${says}`)
  })
})

describe('what is wrong is named with its key', () => {
  it.each([
    { title: 'a misspelt key', given: { domian: 'x' }, says: 'unknown key "domian" (did you mean "domain"?)' },
    { title: 'a key from elsewhere', given: { kubernetes: true }, says: 'unknown key "kubernetes"' },
    {
      title: 'a misspelt key in a block',
      given: { consul: { adress: 'x' } },
      says: 'consul: unknown key "adress" (did you mean "address"?)',
    },
    {
      title: 'a misspelt key in a block of a list',
      given: { template: [{ source: 'a', destnation: 'b' }] },
      says: 'template.0: unknown key "destnation" (did you mean "destination"?)',
    },
    {
      title: 'a misspelt key two blocks deep',
      given: { consul: { ssl: { ca_cret: 'x' } } },
      says: 'consul.ssl: unknown key "ca_cret" (did you mean "ca_cert"?)',
    },
    { title: 'a duration', given: { hold: '30' }, says: 'hold: "30" is not a duration such as 250ms, 5s or 1m30s' },
    { title: 'a share', given: { max_loss: 'half' }, says: 'max_loss: is not a share such as 50%' },
    { title: 'a state of health', given: { health: 'passing,ok' }, says: 'health.1: ' },
    { title: 'a domain', given: { domain: 'fly clock;}' }, says: 'domain: is not a domain name such as flyclock.cn' },
    { title: 'a port', given: { listen: '80; server {' }, says: 'listen: is not a port or address:port' },
    {
      title: 'what becomes of empty services',
      given: { on_empty: '404' },
      says: 'on_empty: Invalid option: expected one of "503"|"keep"|"drop"',
    },
    { title: 'a kind of peer', given: { refuse: ['loop'] }, says: 'refuse.0: ' },
    { title: 'a path', given: { nginx_conf: 'nginx.conf' }, says: 'nginx_conf: is not an absolute path' },
    { title: 'an address', given: { consul: { address: 'not one' } }, says: 'consul.address: is neither host:port' },
    { title: 'a level', given: { log_level: 'loud' }, says: 'log_level: "loud" is none of trace, debug' },
    { title: 'two things at once', given: { hold: 'x', domain: ';' }, says: /domain: .*; hold: / },
  ])('$title', ({ given, says }) => {
    const said = complaint(() => buildConfig([given]))

    expect(said).toMatch(/^CONFIG_INVALID /)
    if (typeof says === 'string') expect(`${said.slice('CONFIG_INVALID '.length)}\n`).toContain(says)
    else expect(said).toMatch(says)
  })

  it('a hint is given only where something is near', () => {
    expect(complaint(() => buildConfig([{ kubernetes: true }]))).toBe('CONFIG_INVALID unknown key "kubernetes"')
    expect(complaint(() => buildConfig([{ consul: { tga: 'x' } }]))).toBe('CONFIG_INVALID consul: unknown key "tga"')
  })
})

describe('values are read as people write them', () => {
  it.each([
    { given: { tag: 'a' }, key: 'tag', value: ['a'] },
    { given: { health: 'passing, warning' }, key: 'health', value: ['passing', 'warning'] },
    { given: { domain: 'FlyClock.CN' }, key: 'domain', value: 'flyclock.cn' },
    { given: { max_loss: '5%' }, key: 'max_loss', value: 0.05 },
    { given: { hold: '1h30m' }, key: 'hold', value: 5_400_000 },
    { given: { on_empty: 503 }, key: 'on_empty', value: '503' },
    { given: { on_empty: 'keep' }, key: 'on_empty', value: 'keep' },
    { given: { refuse: 'listen' }, key: 'refuse', value: ['listen'] },
    { given: { log_level: 'ERR' }, key: 'log_level', value: 'error' },
    { given: { log_level: 'warning' }, key: 'log_level', value: 'warn' },
    { given: { listen: '[::]:80' }, key: 'listen', value: '[::]:80' },
    { given: { listen: '127.0.0.1:8080' }, key: 'listen', value: '127.0.0.1:8080' },
  ] as const)('$given', ({ given, key, value }) => {
    expect(buildConfig([given])[key]).toEqual(value)
  })
})

const readConfigFile = (path: string) => readConfigFiles(path)[0]?.layer ?? {}

describe('a configuration file', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'upstreamd-config-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const written = (name: string, text: string) => {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }

  it('may be HCL, whatever its name', () => {
    const path = written(
      'ct.conf',
      'consul {\n  address = "a:1"\n  auth { username = "u" password = "p" }\n}\nwait { min = "2s" }\n' +
        'template {\n  source = "a"\n  destination = "b"\n}\ntemplate {\n  source = "c"\n  destination = "d"\n}\n',
    )

    expect(buildConfig([readConfigFile(path)])).toMatchObject({
      consul: { address: 'a:1', auth: 'u:p' },
      wait: { min: 2_000, max: 8_000 },
      template: [
        { source: 'a', destination: 'b' },
        { source: 'c', destination: 'd' },
      ],
    })
  })

  it.each([
    {
      name: 'x.hcl',
      text: 'domain = "a"\n\nconsul {\n  adress = "x"\n}',
      says: ':4: consul: unknown key "adress" (did you mean "address"?)',
    },
    {
      name: 'x.yaml',
      text: 'domain: a\nconsul:\n  adress: x\n',
      says: ':3: consul: unknown key "adress" (did you mean "address"?)',
    },
    {
      name: 'x.json',
      text: '{\n "consul": {\n  "adress": "x"\n }\n}',
      says: ':3: consul: unknown key "adress" (did you mean "address"?)',
    },
    {
      name: 'y.hcl',
      text: 'template {\n  source = "a"\n  destination = "b"\n}\ntemplate {\n  source = "a"\n}',
      says: ':5: template.1.destination: is missing',
    },
    {
      name: 'z.hcl',
      text: 'wait {\n  min = "2s"\n  mx = "3s"\n}',
      says: ':3: wait: unknown key "mx" (did you mean "max"?)',
    },
    { name: 'u.hcl', text: 'wait {\n  min = "2"\n}', says: ':2: wait.min: "2" is not a duration' },
    { name: 'v.hcl', text: 'hold = "x"\ndomian = "y"', says: /v\.hcl:1: hold: .*; .*v\.hcl:2: unknown key "domian"/ },
    { name: 'w.hcl', text: 'a = 1\nb = [', says: 'w.hcl:2: expected a value, found the end of the file' },
  ])('$name is refused with the line: $says', ({ name, text, says }) => {
    const path = written(name, text)

    expect(complaint(() => readConfigFile(path))).toMatch(says)
  })

  it('of a block that is written again the later one wins, key by key', () => {
    const path = written('twice.hcl', 'consul { address = "a:1" token = "t" }\nconsul { address = "b:2" }')

    expect(buildConfig([readConfigFile(path)]).consul).toMatchObject({ address: 'b:2', token: 't' })
  })

  it('has modes in octal, in YAML too', () => {
    const path = written('mode.yaml', 'template:\n  source: a\n  destination: /b\n  perms: 0640\n')

    expect(buildConfig([readConfigFile(path)]).template[0]?.file.mode).toBe(0o640)
  })

  it('may name Consul as it was done once', () => {
    expect(readConfigFile(written('old.hcl', 'consul = "a:1"'))).toEqual({ consul: { address: 'a:1' } })
  })

  it('may be YAML', () => {
    const path = written('a.yaml', 'consul:\n  address: a:1\ntag: [a, "!b"]\nwait: 2s:10s\n')

    expect(buildConfig([readConfigFile(path)])).toMatchObject({
      consul: { address: 'a:1' },
      tag: ['a', '!b'],
      wait: { min: 2_000, max: 10_000 },
    })
  })

  it('may be JSON', () => {
    const path = written('a.json', '{ "consul": { "address": "a:1" }, "log_level": "debug" }')

    expect(buildConfig([readConfigFile(path)])).toMatchObject({ consul: { address: 'a:1' }, log_level: 'debug' })
  })

  it('may hold one template without a list around it', () => {
    const path = written('one.yaml', 'template:\n  source: in.njk\n  destination: out\n')

    expect(buildConfig([readConfigFile(path)]).template).toMatchObject([{ source: 'in.njk', destination: 'out' }])
  })

  it('may be empty', () => {
    expect(buildConfig([readConfigFile(written('empty.yaml', ''))]).domain).toBeUndefined()
  })

  it('that is not there is named', () => {
    expect(complaint(() => readConfigFile(join(folder, 'nowhere.yaml')))).toContain(
      `CONFIG_UNREADABLE cannot read configuration ${join(folder, 'nowhere.yaml')}: ENOENT`,
    )
  })

  it.each([
    { title: 'a broken text', text: 'a: [', code: 'CONFIG_UNREADABLE' },
    { title: 'a list', text: '- a', code: 'CONFIG_INVALID' },
    { title: 'a word', text: 'hello', code: 'CONFIG_INVALID' },
    { title: 'a wrong value', text: 'hold: soon', code: 'CONFIG_INVALID' },
  ])('that holds $title is refused, and named', ({ text, code }) => {
    const path = written('broken.yaml', text)

    expect(complaint(() => readConfigFile(path))).toMatch(new RegExp(`^${code} .*broken\\.yaml`))
  })
})

it('an empty text of a template says as little as none, as with consul-template', () => {
  const empty = ['contents', 'user', 'group', 'sandbox_path', 'left_delimiter', 'right_delimiter', 'command']
  const lines = empty.map(key => `${key} = ""`).join('\n')

  const read = (more: string) => readConfigText('x', `template {\nsource = "a"\ndestination = "/b"\n${more}\n}`)

  expect(buildConfig([read(lines)])).toEqual(buildConfig([read('')]))
})

describe('the command of a template', () => {
  const commandOf = (text: string) =>
    buildConfig([readConfigText('x', `template {\n source = "a"\n destination = "b"\n ${text}\n}`)]).template[0]
      ?.command

  it.each([
    { text: '', command: undefined },
    { text: 'command = "a b"', command: { run: 'a b', timeout: 30_000 } },
    { text: 'command = ["a", "b"]', command: { run: ['a', 'b'], timeout: 30_000 } },
    { text: 'command = ["a"]', command: { run: ['a'] } },
    { text: 'command = ["seq 1 5 | grep 3"]', command: { run: 'seq 1 5 | grep 3' } },
    { text: 'command = ["a b", "c"]', command: { run: ['a b', 'c'] } },
    { text: 'command = ""', command: undefined },
    { text: 'command = []', command: undefined },
    { text: 'command = [""]', command: undefined },
    { text: 'command = "a" exec { command = "" }', command: undefined },
    { text: 'command = "a" command_timeout = "5s"', command: { run: 'a', timeout: 5_000 } },
    { text: 'command = "a" command_timeout = "0s"', command: { run: 'a', timeout: 0 } },
    { text: 'exec { command = "a" timeout = "1m" }', command: { run: 'a', timeout: 60_000 } },
    { text: 'command = "a" exec { command = "b" }', command: { run: 'b', timeout: 30_000 } },
    { text: 'exec { command = "a" enabled = false }', command: undefined },
    {
      text: 'exec { command = "a" env { custom = ["a=b", "c=d"] allowlist = ["X"] whitelist = ["Y"] } }',
      command: {
        run: 'a',
        environment: { custom: ['a=b', 'c=d'], allowlist: ['X', 'Y'], denylist: [], pristine: false },
      },
    },
  ])('$text', ({ text, command }) => {
    if (command === undefined) expect(commandOf(text)).toBeUndefined()
    else expect(commandOf(text)).toMatchObject(command)
  })

  it.each([
    { lines: ' destination = "b"', says: 'x:1: template.0.source: is missing: the template file' },
    {
      lines: ' source = "a"\n destination = "b"\n command = " "',
      says: 'x:4: template.0.command: is blank',
    },
    {
      lines: ' contents = "a"\n source = "c"\n destination = "b"',
      says: 'x:3: template.0.source: stands beside contents',
    },
  ])('a template is a file or a text: $says', ({ lines, says }) => {
    expect(complaint(() => readConfigText('x', `template {\n${lines}\n}`))).toContain(says)
  })
})

describe('a folder of configurations', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'upstreamd-config-'))
    const files = {
      '20.hcl': 'domain = "second.org"\ntemplate {\n source = "c"\n destination = "d"\n}',
      '10-first': 'domain = "first.org"\ntag = ["a"]\ntemplate {\n source = "a"\n destination = "b"\n}',
      'sub/30.json': '{"listen": "8080"}',
      'sub/40.yaml': 'hold: 5s',
      '..2026_01/20.hcl': 'domain = "of.a.mount"',
      '.20.hcl.swp': 'no configuration',
      '20.hcl~': 'no configuration',
    }
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(folder, name, '..'), { recursive: true })
      writeFileSync(join(folder, name), text)
    }
    symlinkSync(join(folder, '..2026_01'), join(folder, 'data')) // to a folder: not followed
    symlinkSync(join(folder, 'sub/40.yaml'), join(folder, '50.yaml'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('is read in order, with what lies below; templates add up', () => {
    const read = readConfigFiles(folder)

    expect(read.map(({ path }) => path.slice(folder.length + 1))).toEqual([
      '10-first',
      '20.hcl',
      '50.yaml',
      'sub/30.json',
      'sub/40.yaml',
    ])
    expect(buildConfig(read.map(({ layer }) => layer))).toMatchObject({
      domain: 'second.org',
      tag: ['a'],
      listen: '8080',
      template: [{ source: 'a' }, { source: 'c' }],
    })
  })

  it('that is not there is named', () => {
    expect(complaint(() => readConfigFiles(join(folder, 'nowhere')))).toMatch(/CONFIG_UNREADABLE .*nowhere: ENOENT/)
  })
})

describe('what does nothing here is accepted, and told', () => {
  it.each([
    { text: 'vault { renew_token = true }', says: ['vault does nothing here: secrets of Vault are not read'] },
    { text: 'consul { retry { attempts = 3 } }', says: ['consul.retry does nothing here: upstreamd never gives up, '] },
    { text: 'deduplicate { enabled = true }', says: ['deduplicate does nothing here: '] },
    { text: 'deduplicate { enabled = false }', says: [] },
    { text: 'consul { address = "a:1" }', says: [] },
  ])('$text', ({ text, says }) => {
    const told = idleKeys([readConfigText('x', text)])

    expect(told).toHaveLength(says.length)
    says.forEach((line, position) => {
      expect(told[position]).toContain(line)
    })
  })

  it('a text from elsewhere is named as it was called', () => {
    expect(complaint(() => readConfigText('CT_LOCAL_CONFIG', '\nhold = "x"'))).toContain('CT_LOCAL_CONFIG:2: hold: ')
  })
})
