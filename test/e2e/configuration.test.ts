import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
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
