import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ServiceFile, serviceFile } from '../support/services.ts'
import { type Bench, workbench } from '../support/upstreamd.ts'

let bench: Bench
let services: ServiceFile
let template: string
let out: string

beforeEach(() => {
  bench = workbench('options')
  services = serviceFile(bench.folder)
  services.write({ web: [8080] })
  template = join(bench.folder, 'in.njk')
  writeFileSync(template, '{% for site in sites %}{{ site.service }}\n{% endfor %}')
  out = join(bench.folder, 'out')
})
afterEach(() => bench.clear())

/** One run with one template that has these options. */
function run(options: string, environment: Record<string, string> = {}) {
  const path = join(bench.folder, 'ct.hcl')
  writeFileSync(
    path,
    `source = ["${services.source}"]\ntemplate {\n  source = "${template}"\n  destination = "${out}"\n${options}\n}\n`,
  )
  return bench.run([`-config=${path}`, '-once'], environment)
}
const read = (path: string) => readFileSync(path, 'utf8')

describe('the command of a template', () => {
  it('may be a list of words, and no shell looks at them', async () => {
    const script = join(bench.folder, 'script')
    writeFileSync(script, '#!/bin/sh\nprintf "%s|" "$@" > "$0.args"\n')
    chmodSync(script, 0o755)

    expect(await run(`command = ["${script}", "a b", "$HOME;"]`)).toMatchObject({ code: 0 })

    expect(read(`${script}.args`)).toBe('a b|$HOME;|')
  })

  it('is ended after its time, and what it was to make live is put back', async () => {
    const { code, stderr } = await run('command = "echo so far; sleep 60"\n command_timeout = "300ms"')

    expect(code).toBe(75)
    expect(stderr).toContain('was ended after 300 ms: so far')
    expect(() => read(out)).toThrow(/ENOENT/)
  })

  it('sees what it is to see, and where Consul is, but never the token', async () => {
    const printed = join(bench.folder, 'printed')
    const secret = { CONSUL_HTTP_TOKEN: 'hush', NGINX_A: '1', OTHER: '2' }
    const exec = (env: string) => `exec {\n command = "env > ${printed}"\n env { ${env} }\n}`

    expect(await run(exec('allowlist = ["NGINX_*", "PATH"] custom = ["X=y"]'), secret)).toMatchObject({ code: 0 })

    expect(read(printed)).toMatch(/^NGINX_A=1$/m)
    expect(read(printed)).toMatch(/^X=y$/m)
    expect(read(printed)).toMatch(/^CONSUL_HTTP_ADDR=127\.0\.0\.1:8500$/m)
    expect(read(printed)).not.toMatch(/hush|OTHER/)
  })
})
