import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { get } from '../support/http.ts'
import { openScene, type Scene, shipped } from '../support/scene.ts'
import { nginxOf } from '../support/upstreamd.ts'

let scene: Scene
let { bench, children, tree, services, port } = {} as Scene
let args: string[]

beforeEach(async () => {
  scene = await openScene()
  ;({ bench, children, tree, services, port } = scene)
  args = [...scene.adopt, `-template=${shipped}:${tree.destination}`]
})
afterEach(() => scene.close())

describe('-once', () => {
  it('writes a validated file and starts no nginx', async () => {
    const { code } = await bench.run([...args, '-once'])

    expect(code).toBe(0)
    expect(readFileSync(tree.destination, 'utf8')).toContain('server_name web.test;')
    expect(nginxOf(bench.folder)).toEqual([])
  })

  it('reloads an nginx that runs, and writes nothing the second time', async () => {
    await tree.startNginx(children)

    expect((await bench.run([...args, '-once'])).code).toBe(0)

    expect((await get(port, 'web.test')).text).toBe('one')
    const written = statSync(tree.destination).mtimeMs
    expect((await bench.run([...args, '-once'])).code).toBe(0)
    expect(statSync(tree.destination).mtimeMs).toBe(written)
  })

  it('ends with 75 when nginx refuses, and with 65 when the template is broken; nothing is written', async () => {
    const template = join(bench.folder, 'broken.njk')
    const withTemplate = args.map(arg =>
      arg.startsWith('-template=') ? `-template=${template}:${tree.destination}` : arg,
    )

    writeFileSync(template, 'no_such_directive;\n')
    const refused = await bench.run([...withTemplate, '-once'])
    writeFileSync(template, '{{ nothing }}\n')
    const broken = await bench.run([...withTemplate, '-once'])

    expect(refused.code).toBe(75)
    expect(refused.stderr).toContain(`${tree.destination}:1: unknown directive`)
    expect(broken.code).toBe(65)
    expect(broken.stderr).toContain(`${template}:1:4: nothing is undefined`)
    expect(existsSync(tree.destination)).toBe(false)
  })
})

describe('-dry', () => {
  it('prints `> destination` and the text, and touches nothing', async () => {
    const { code, stdout } = await bench.run([...args, '-dry'])

    expect(code).toBe(0)
    expect(stdout.startsWith(`> ${tree.destination}\n`)).toBe(true)
    expect(stdout).toContain('server_name web.test;')
    expect(existsSync(tree.destination)).toBe(false)
    expect(existsSync(bench.state)).toBe(false)
  })

  it('prints nothing when nothing would change', async () => {
    await bench.run([...args, '-once'])

    expect((await bench.run([...args, '-dry'])).stdout).toBe('')
  })
})

describe('a command line that is wrong', () => {
  it.each([
    { title: 'an unknown flag', args: ['-templat=x'], says: "unknown option '-templat' (did you mean -template?)" },
    { title: 'a malformed duration', args: ['-wait=5x'], says: '-wait: "5x" is not min[:max]' },
    { title: 'a malformed switch', args: ['-once=maybe'], says: '-once: "maybe" is neither true nor false' },
    { title: 'an unknown command', args: ['helthcheck'], says: 'unexpected argument "helthcheck"' },
    { title: 'a domain that is none', args: ['-domain=a b'], says: '-domain: is not a domain name' },
  ])('$title ends with 64 and one line that says what and where', async ({ args, says }) => {
    const { code, stderr } = await bench.run(args)

    expect(code).toBe(64)
    expect(stderr.split('\n')[0]).toContain(says)
  })

  it('a broken configuration file ends with 78, naming file and key', async () => {
    const path = join(bench.folder, 'upstreamd.yaml')
    writeFileSync(path, 'consul: { addres: x }\n')

    const { code, stderr } = await bench.run([`-config=${path}`])

    expect(code).toBe(78)
    expect(stderr).toContain(path)
    expect(stderr).toContain('addres')
  })

  it('a template that is broken from the start ends with 65 before anything is touched', async () => {
    const template = join(bench.folder, 'broken.njk')
    writeFileSync(template, '{% for %}')

    const { code, stderr } = await bench.run([
      `-source=${services.source}`,
      `-template=${template}:${tree.destination}`,
      `-nginx-conf=${tree.conf}`,
    ])

    expect(code).toBe(65)
    expect(stderr).toContain(`${template}:1:`)
  })
})

describe('tokens', () => {
  it('reach neither the log, nor commands, nor nginx', async () => {
    const seen = join(bench.folder, 'seen')
    const out = join(bench.folder, 'out.txt')
    mkdirSync(seen)
    const template = join(bench.folder, 'env.njk')
    writeFileSync(template, '{{ env.CONSUL_HTTP_TOKEN | default("hidden") }}')

    const { code, stderr } = await bench.run(
      [`-source=${services.source}`, `-template=${template}:${out}:env > ${seen}/env`, '-once', '-log-level=debug'],
      { CONSUL_HTTP_TOKEN: 'very-secret' },
    )

    expect(code).toBe(0)
    expect(stderr).not.toContain('very-secret')
    expect(readFileSync(join(seen, 'env'), 'utf8')).not.toContain('very-secret')
    expect(readFileSync(out, 'utf8')).toBe('hidden')
  })
})
