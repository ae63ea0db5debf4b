import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeTree } from '../support/nginx-tree.ts'
import { type ServiceFile, serviceFile } from '../support/services.ts'
import { type Bench, workbench } from '../support/upstreamd.ts'

let bench: Bench
let services: ServiceFile
let out: string

beforeEach(() => {
  bench = workbench('go')
  services = serviceFile(bench.folder)
  services.write({ web: [8080, 8081], 'api-test': [9090] })
  out = join(bench.folder, 'out')
})
afterEach(() => bench.clear())

/** One run of one template, which stands in the configuration itself, with these options. */
async function once(text: string, options = '', flags: readonly string[] = [], environment = {}) {
  const path = join(bench.folder, 'ct.hcl')
  const block = `contents = <<EOF\n${text}\nEOF\n  destination = "${out}"\n${options}`
  writeFileSync(path, `source = ["${services.source}"]\ntemplate {\n  ${block}\n}\n`)
  const { code, stderr } = await bench.run([`-config=${path}`, '-once', ...flags], environment)
  return { code, stderr, text: code === 0 ? readFileSync(out, 'utf8') : undefined }
}

describe('a Go template', () => {
  it('gives what consul-template gives for the same services', async () => {
    const text =
      '{{ range services }}{{ .Name | toLower | split "-" | join "." }}{{ range service .Name }} {{ .Address }}:{{ .Port }}{{ end }}\n{{ end -}}\n' +
      '{{ with service "web|any" }}{{ len . }} {{ (index . 0).Tags | join "," }}{{ end }} {{ env "TEAM" }}{{ env "CONSUL_HTTP_TOKEN" }}'

    const { text: given } = await once(text, '', [], { TEAM: 'blue', CONSUL_HTTP_TOKEN: 'hush' })

    expect(given).toBe('api.test 127.0.0.1:9090\nweb 127.0.0.1:8080 127.0.0.1:8081\n2 calico blue\n')
  })

  it('takes other delimiters, of all and of its own', async () => {
    const own = ' left_delimiter = "[["\n right_delimiter = "]]"'

    expect(
      await once('<< 1 >> [[ 2 ]] {{ 3 }}', own, ['-default-left-delimiter=<<', '-default-right-delimiter=>>']),
    ).toMatchObject({
      text: '<< 1 >> 2 {{ 3 }}\n',
    })
    expect(
      await once('<< 1 >> [[ 2 ]]', '', ['-default-left-delimiter=<<', '-default-right-delimiter=>>']),
    ).toMatchObject({
      text: '1 [[ 2 ]]\n',
    })
  })

  it('may name what a map does not have, unless that is an error', async () => {
    const text = 'a {{ (parseJSON "{}").nothing }}'

    expect(await once(text)).toMatchObject({ code: 0, text: 'a <no value>\n' })
    const { code, stderr } = await once(text, ' error_on_missing_key = true')
    expect(code).toBe(65)
    expect(stderr).toContain(`contents for ${out}:1:`)
    expect(stderr).toContain('map has no entry for key \\"nothing\\"')
  })

  it.each([
    { denied: '["env"]', says: 'error calling env: function is disabled' },
    { denied: '["sprig_*", "e*"]', says: 'error calling env: function is disabled' },
  ])('may not call what $denied denies', async ({ denied, says }) => {
    const { code, stderr } = await once('{{ env "HOME" }}', ` function_denylist = ${denied}`)

    expect(code).toBe(65)
    expect(stderr).toContain(says)
  })

  it('reads no file outside of its sandbox, wherever links lead', async () => {
    const inside = join(bench.folder, 'inside')
    mkdirSync(inside)
    writeFileSync(join(inside, 'a'), 'hello')
    symlinkSync('/etc/passwd', join(inside, 'link'))
    const sandbox = ` sandbox_path = "${inside}"`

    expect(await once(`{{ file "${inside}/a" }}`, sandbox)).toMatchObject({ text: 'hello\n' })
    for (const path of [`${inside}/link`, '/etc/passwd', `${inside}/../ct.hcl`]) {
      const { code, stderr } = await once(`{{ file "${path}" }}`, sandbox)
      expect(code).toBe(65)
      expect(stderr).toContain(`'${path}' is outside of sandbox`)
    }
  })

  it('runs programs and writes files only where an operator allows it', async () => {
    const program = join(bench.folder, 'program')
    writeFileSync(program, '#!/bin/sh\nprintf " %s-%s " "$1" "$2"')
    chmodSync(program, 0o755)
    const other = join(bench.folder, 'other/file')
    const text = `{{ plugin "${program}" "a" "b" }}{{ writeToFile "${other}" "" "" "0640" "written" }}`

    const refused = await once(text)
    expect(refused.code).toBe(65)
    expect(refused.stderr).toContain('error calling plugin: plugins are not allowed')

    expect(await once(text, '', ['-allow-unsafe-functions'])).toMatchObject({ text: 'a-b\n' })
    expect(readFileSync(other, 'utf8')).toBe('written')
  })

  it.each([
    { file: 'app.ctmpl', flags: [], gives: '2\n' },
    { file: 'ctmpl', flags: [], gives: '2\n' },
    { file: 'app.conf', flags: ['-template-language=go'], gives: '2\n' },
    { file: 'app.njk', flags: ['-template-language=gotmpl'], gives: '2\n' },
    { file: 'app.ctmpl', flags: ['-template-language=nunjucks'], gives: 'web\n' },
  ])('is what $file is with $flags', async ({ file, flags, gives }) => {
    const path = join(bench.folder, file)
    const isNunjucks = gives === 'web\n'
    writeFileSync(path, isNunjucks ? '{{ services[1].name }}\n' : '{{ service "web" | len }}\n')
    const args = [`-source=${services.source}`, '-once', `-template=${path}:${out}`, ...flags]

    expect(await bench.run(args)).toMatchObject({ code: 0 })

    expect(readFileSync(out, 'utf8')).toBe(gives)
  })

  it('that cannot be read is an error with its place, in Go’s words', async () => {
    const { code, stderr } = await once('a\n{{ nobody 1 }}')

    expect(code).toBe(65)
    expect(stderr).toContain(`contents for ${out}:2:1: template: out:2: function "nobody" not defined`)
  })

  it.each([
    { title: 'an endless loop', text: '{{ range loop 2000000000000 }}{{ end }}', says: 'took longer than' },
    {
      title: 'one that calls itself',
      text: '{{ define "a" }}{{ template "a" }}{{ end }}{{ template "a" }}',
      says: 'exceeded maximum template depth',
    },
  ])('$title is ended', async ({ text, says }) => {
    const { code, stderr } = await once(text)

    expect(code).toBe(65)
    expect(stderr).toContain(says)
  })
})

describe('an option that breaks a template for all', () => {
  it('costs nobody who is live his place', async () => {
    const tree = makeTree(bench.folder)
    services.write({ a: [1], b: [2], c: [3], d: [4] })
    const path = join(bench.folder, 'ct.hcl')
    const block = `contents = <<EOF
{{ range services }}upstream {{ .Name }} {
{{ range service .Name }}server {{ .Address }}:{{ .Port }}; # {{ .ServiceMeta.zone }}
{{ end }}}
{{ end }}
EOF
  destination = "${tree.destination}"`
    const configure = (isStrict: boolean) =>
      writeFileSync(
        path,
        `source = ["${services.source}"]\nnginx_conf = "${tree.conf}"\ntemplate {\n  ${block}\n  error_on_missing_key = ${isStrict}\n}\n`,
      )
    configure(false)
    const upstreamd = bench.start([`-config=${path}`])
    await upstreamd.saw('daemon.ready')
    const before = readFileSync(tree.destination, 'utf8')

    configure(true)
    await upstreamd.saw('template.failed', ({ message }) => message.includes('no entry for key "zone"'))
    await upstreamd.stop()

    expect(readFileSync(tree.destination, 'utf8')).toBe(before)
    expect(upstreamd.events().filter(({ type }) => type === 'selection.rejected')).toEqual([])
  })
})
