import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Finding } from '../../src/lint/lint.ts'
import { get } from '../support/http.ts'
import { openScene } from '../support/scene.ts'
import { type Bench, workbench } from '../support/upstreamd.ts'

const root = join(import.meta.dirname, '../..')
const app = join(root, 'test/fixtures/user-setup/app.ctmpl')
const front = join(root, 'test/fixtures/user-setup/nginx-host.conf')
const mended = join(root, 'test/fixtures/lint/mended.ctmpl')
const shipped = ['ctmpl/ingress.conf.njk', 'nginx/nginx.conf.njk'].map(path => join(root, path))

let bench: Bench
beforeEach(() => {
  bench = workbench('lint')
})
afterEach(() => bench.clear())

const found = (stdout: string) => (JSON.parse(stdout) as Finding[]).map(({ line, rule }) => `${line} ${rule}`)

describe('upstreamd lint', () => {
  it('finds what goes wrong in the template that many set-ups started with', async () => {
    const { code, stdout } = await bench.run(['lint', '-json', app])

    expect(code).toBe(1)
    expect(found(stdout)).toEqual([
      '1 empty-upstream',
      '1 unquoted',
      '3 unquoted',
      '5 default-server',
      '8 long-name',
      '9 log-per-service',
      '11 websocket',
      '18 failing-answers',
      '18 searched-answers',
    ])
  })

  it('says file, line, what happens to whom and the mend, and counts', async () => {
    const { stdout } = await bench.run(['lint', app])

    const lines = stdout.trimEnd().split('\n')
    expect(lines.at(-1)).toBe('9 hazards in 1 file')
    expect(lines.filter(line => line.startsWith(`${app}:`))).toHaveLength(9)
    expect(lines[0]).toMatch(/app\.ctmpl:1: \[empty-upstream\] .* refuses the whole configuration.*; mend: /)
  })

  it('sees two layers of nginx when it is given both', async () => {
    const { stdout } = await bench.run(['lint', '-json', app, front])

    expect(found(stdout)).toContain('13 client-address')
  })

  it('finds nothing in the templates that ship, nor in that template when it is mended', async () => {
    const { code, stdout } = await bench.run(['lint', ...shipped, mended])

    expect(stdout).toBe('no hazard in 3 files\n')
    expect(code).toBe(0)
  })

  it('asks for nothing that does not work: the mended template serves', async () => {
    const scene = await openScene('lint')
    try {
      const template = join(scene.bench.folder, 'mended.ctmpl')
      writeFileSync(template, readFileSync(mended, 'utf8').replaceAll('listen 80', `listen 127.0.0.1:${scene.port}`))
      await scene.tree.startNginx(scene.children)

      const { code } = await scene.bench.run([
        ...scene.adopt,
        `-template=${template}:${scene.tree.destination}`,
        '-once',
      ])

      expect(code).toBe(0)
      expect((await get(scene.port, 'web.flyclock.cn')).text).toBe('one')
      expect((await get(scene.port, 'wbe.flyclock.cn')).status).toBe(404)
    } finally {
      await scene.close()
    }
  })

  it('looks into a catalog when it is told where: a tag that only the meta has', async () => {
    const services = join(bench.folder, 'services.yaml')
    writeFileSync(
      services,
      JSON.stringify({ services: [{ name: 'web', meta: { mesh: 'calico' }, instances: [instance] }] }),
    )

    const { stdout } = await bench.run(['lint', '-json', `-source=file:${services}`, app])

    expect(found(stdout)).toContain('1 unmet-tag')
    expect(stdout).toContain('the meta of web has mesh=calico')
  })

  it('ends with 65 and the place when a template is broken, and with 64 when the command line is', async () => {
    const broken = join(bench.folder, 'broken.ctmpl')
    writeFileSync(broken, 'server {\n{{range services}}\n')

    const unreadable = await bench.run(['lint', app, broken])
    const missing = await bench.run(['lint', join(bench.folder, 'none.ctmpl')])
    const nothing = await bench.run(['lint'])

    expect([unreadable.code, missing.code, nothing.code]).toEqual([65, 65, 64])
    expect(unreadable.stderr).toContain(`${broken}:3:1: `)
    expect(unreadable.stderr).toContain('unexpected EOF')
    expect(missing.stderr).toContain('cannot read template')
    expect(nothing.stderr).toContain('expected: upstreamd lint TEMPLATE…')
    expect(unreadable.stdout).toBe('')
  })

  it('reads a template as what it is said to be', async () => {
    const file = join(bench.folder, 'app.conf')
    writeFileSync(file, 'log_format json escape=json \'{{"host":"$host"}}\';\n')

    expect((await bench.run(['lint', file])).code).toBe(65)
    expect((await bench.run(['lint', '-template-language=nginx', file])).code).toBe(0)
  })
})

const instance = { address: '10.0.0.1', port: 80 }
