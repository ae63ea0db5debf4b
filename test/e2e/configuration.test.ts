import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { serviceFile } from '../support/services.ts'
import { type Bench, workbench } from '../support/upstreamd.ts'

let bench: Bench
let template: string
let source: string

beforeEach(() => {
  bench = workbench('configuration')
  const services = serviceFile(bench.folder)
  services.write({ web: [8080] })
  source = services.source
  template = written('in.njk', '{% for site in sites %}{{ site.service }} in {{ domain }}\n{% endfor %}')
})
afterEach(() => bench.clear())

function written(name: string, text: string): string {
  const path = join(bench.folder, name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, text)
  return path
}
const output = (name: string) => readFileSync(join(bench.folder, name), 'utf8')

describe('a configuration of consul-template', () => {
  it('is a folder of HCL and JSON; CT_LOCAL_CONFIG lies above it, flags above all', async () => {
    written(
      'ct.d/10.hcl',
      `source = ["${source}"] # ours\ndomain = "file.org"\ntemplate {\n  source = "${template}"\n  destination = "${bench.folder}/one"\n}\n`,
    )
    written('ct.d/20.json', JSON.stringify({ template: [{ source: template, destination: `${bench.folder}/two` }] }))
    const local = { CT_LOCAL_CONFIG: 'domain = "local.org"' }
    const args = [`-config=${bench.folder}/ct.d`, `-template=${template}:${bench.folder}/three`, '-once']

    expect(await bench.run(args, local)).toMatchObject({ code: 0 })
    expect([output('one'), output('two'), output('three')]).toEqual(Array(3).fill('web in local.org\n'))

    expect(await bench.run([...args, '-domain=flag.org'], local)).toMatchObject({ code: 0 })
    expect(output('one')).toBe('web in flag.org\n')
  })

  it('that is wrong is named with file, line and the nearest key', async () => {
    const path = written('ct.hcl', 'template {\n  source = "a"\n  destnation = "b"\n}\n')

    const { code, stderr } = await bench.run([`-config=${path}`])

    expect(code).toBe(78)
    expect(stderr).toContain(`${path}:3: template.0: unknown key "destnation" (did you mean "destination"?)`)
  })

  it('may say what means nothing here, and is told so', async () => {
    const path = written('ct.hcl', 'vault {\n  renew_token = false\n}\n')

    const { code, stderr } = await bench.run([
      `-config=${path}`,
      `-source=${source}`,
      '-once',
      `-template=${template}:${bench.folder}/out`,
    ])

    expect(code).toBe(0)
    expect(stderr).toContain('vault does nothing here: secrets of Vault are not read')
  })
})

describe('-parse-only', () => {
  it('reads configuration and templates, touches nothing and ends with 0', async () => {
    const path = written('ct.hcl', `template {\n  source = "${template}"\n  destination = "${bench.folder}/out"\n}\n`)

    expect(await bench.run([`-config=${path}`, '-parse-only'])).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(existsSync(join(bench.folder, 'out'))).toBe(false)
    expect(existsSync(bench.state)).toBe(false)
  })

  it.each([
    { title: 'a template that is broken', text: '{% for %}', code: 65, says: 'in.njk:1:' },
    { title: 'a template that is missing', text: undefined, code: 65, says: 'cannot read template' },
  ])('names $title', async ({ text, code, says }) => {
    if (text === undefined) rmSync(template)
    else writeFileSync(template, text)

    const result = await bench.run([`-template=${template}:${bench.folder}/out`, '-parse-only'])

    expect(result).toMatchObject({ code })
    expect(result.stderr).toContain(says)
  })
})

describe('-log-file', () => {
  it('holds the same lines as stderr', async () => {
    mkdirSync(join(bench.folder, 'log'))
    const args = [`-source=${source}`, `-template=${template}:${bench.folder}/out`, '-once', '-log-level=debug']

    const { stderr } = await bench.run([...args, `-log-file=${bench.folder}/log/up.log`])

    const [name = '', ...more] = readdirSync(join(bench.folder, 'log'))
    expect(more).toEqual([])
    expect(stderr).toContain('"type":"generation.activated"')
    expect(output(`log/${name}`)).toBe(stderr)
  })

  it('that cannot be written ends the start', async () => {
    const { code, stderr } = await bench.run([`-log-file=${bench.folder}/nowhere/up.log`])

    expect(code).toBe(78)
    expect(stderr).toContain(`cannot write log files at ${bench.folder}/nowhere/up.log (-log-file): ENOENT`)
  })
})

describe('signals', () => {
  it('-reload-signal takes the place of SIGHUP; -kill-signal stops with 0', async () => {
    const running = bench.start([
      `-source=${source}`,
      `-template=${template}:${bench.folder}/out`,
      '-reload-signal=SIGUSR2',
      '-kill-signal=SIGWINCH',
    ])
    await running.saw('daemon.ready')

    process.kill(running.pid, 'SIGHUP')
    process.kill(running.pid, 'SIGUSR2')
    await running.saw('daemon.reloading')
    await running.saw(
      'daemon.started',
      () => true,
      running.events().findIndex(({ type }) => type === 'daemon.reloading'),
    )

    expect(await running.stop('SIGWINCH')).toBe(0)
    expect(running.events().filter(({ type }) => type === 'daemon.reloading')).toHaveLength(1)
  })
})
