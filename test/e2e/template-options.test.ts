import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeTree } from '../support/nginx-tree.ts'
import { type ServiceFile, serviceFile } from '../support/services.ts'
import { type Bench, workbench } from '../support/upstreamd.ts'
import { until } from '../support/wait.ts'

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
function run(options: string, environment: Record<string, string> = {}, flags: readonly string[] = []) {
  const path = join(bench.folder, 'ct.hcl')
  writeFileSync(
    path,
    `source = ["${services.source}"]\ntemplate {\n  source = "${template}"\n  destination = "${out}"\n${options}\n}\n`,
  )
  return bench.run([`-config=${path}`, '-once', ...flags], environment)
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

describe('the file a template makes', () => {
  const mode = (path: string) => (statSync(path).mode & 0o7777).toString(8)

  it('has the mode that is asked for, also when only that is other than it was; the command runs then, too', async () => {
    const ran = join(bench.folder, 'ran')
    const withCommand = `command = "echo >> ${ran}"`
    await run(withCommand)
    expect(mode(out)).toBe('644')

    expect(await run(`${withCommand}\n perms = 0640`)).toMatchObject({ code: 0 })
    expect(mode(out)).toBe('640')
    expect(read(ran)).toBe('\n\n')

    expect(await run(`${withCommand}\n perms = "0640"`)).toMatchObject({ code: 0 })
    expect(read(ran)).toBe('\n\n')
  })

  it('keeps the mode it has when none is asked for', async () => {
    writeFileSync(out, 'old')
    chmodSync(out, 0o600)

    await run('perms = 0')

    expect(read(out)).toBe('web\n')
    expect(mode(out)).toBe('600')
  })

  it.runIf(process.getuid?.() === 0)('has the owner and group that are asked for, by name or number', async () => {
    expect(await run('user = "daemon"\n group = 54321')).toMatchObject({ code: 0 })

    const { uid, gid } = statSync(out)
    expect({ uid, gid }).toEqual({ uid: Number(execFileSync('id', ['-u', 'daemon'])), gid: 54_321 })
  })

  it('for a user whom nobody knows is not begun with', async () => {
    const { code, stderr } = await run('user = "nobody-at-all"')

    expect(code).toBe(78)
    expect(stderr).toContain('user "nobody-at-all" is not in /etc/passwd; give its number')
  })

  it('leaves the text before as .bak, and only a text that was other', async () => {
    writeFileSync(out, 'old')

    await run('backup = true')
    expect(read(`${out}.bak`)).toBe('old')

    await run('backup = true\n perms = 0600')
    expect(read(`${out}.bak`)).toBe('old')
    expect(readdirSync(bench.folder).filter(name => name.startsWith('.'))).toEqual([])
  })

  it('is not written where its folder is missing and is not to be made', async () => {
    out = join(bench.folder, 'missing/folder/out')

    const { code, stderr } = await run('create_dest_dirs = false')
    expect(code).toBe(75)
    expect(stderr).toContain(`cannot write ${out}: ENOENT`)
    expect(existsSync(join(bench.folder, 'missing'))).toBe(false)

    expect(await run('')).toMatchObject({ code: 0 })
    expect(read(out)).toBe('web\n')
  })

  it('in the nginx tree has them, too', async () => {
    const tree = makeTree(bench.folder)
    out = tree.destination
    writeFileSync(out, '# old\n')
    writeFileSync(template, '# {{ sites | length }}\n')

    const { code } = await run('perms = 0600\n backup = true', {}, [`-nginx-conf=${tree.conf}`])

    expect(code).toBe(0)
    expect([read(out), read(`${out}.bak`), mode(out)]).toEqual(['# 1\n', '# old\n', '600'])
  })

  it('below our own layout is ours alone', async () => {
    out = 'conf.d/site.conf'

    const { code, stderr } = await run('perms = 0600')

    expect(code).toBe(78)
    expect(stderr).toContain('ct.hcl:5: template.0.perms: is for an absolute destination, not for a file of our own')
  })
})

describe('the wait of a template', () => {
  it('is its own: others that go elsewhere do not wait with it', async () => {
    const path = join(bench.folder, 'ct.hcl')
    const block = (name: string, wait: string) =>
      `template {\n source = "${template}"\n destination = "${bench.folder}/${name}"\n ${wait}\n}\n`
    writeFileSync(
      path,
      `source = ["${services.source}"]\n${block('patient', 'wait { min = "3s" }')}${block('hasty', '')}`,
    )
    const running = bench.start([`-config=${path}`])
    const [patient, hasty] = [join(bench.folder, 'patient'), join(bench.folder, 'hasty')]
    await until('both are there', () => existsSync(patient) && existsSync(hasty))

    services.write({ web: [8080], api: [8081] })
    await until('the hasty one has both', () => read(hasty) === 'api\nweb\n')
    expect(read(patient)).toBe('web\n')

    await until('the patient one has both, too', () => read(patient) === 'api\nweb\n')
    await running.stop()
  })
})
