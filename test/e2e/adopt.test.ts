import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { get, startBackend } from '../support/http.ts'
import { freePort } from '../support/ports.ts'
import { openScene, type Scene, shipped } from '../support/scene.ts'
import { nginxOf } from '../support/upstreamd.ts'
import { until } from '../support/wait.ts'

describe("a user's own nginx tree", () => {
  let scene: Scene
  let { bench, children, tree, services, backend, port, adopt: args, answers } = {} as Scene

  beforeEach(async () => {
    scene = await openScene()
    ;({ bench, children, tree, services, backend, port, adopt: args, answers } = scene)
  })
  afterEach(() => scene.close())

  it('gets one file, and nothing else in it is touched', async () => {
    const before = tree.others()
    const running = bench.start([...args, `-template=${shipped}:${tree.destination}`])
    await running.saw('daemon.ready')

    await answers('web.test')
    services.write({ web: [backend.port], api: [backend.port] })
    await answers('api.test')

    expect(tree.others()).toEqual(before)
    expect(await running.stop()).toBe(0)
    expect(nginxOf(bench.folder)).toEqual([])
    expect(existsSync(tree.destination)).toBe(true)
  })

  it('keeps an nginx that ran before us: it is reloaded, and left running at the end', async () => {
    const master = await tree.startNginx(children)
    const running = bench.start([...args, `-template=${shipped}:${tree.destination}`])
    await running.saw('process.found', ({ pid }) => pid === master)
    await running.saw('generation.activated', ({ how }) => how === 'reloaded')
    await answers('web.test')

    expect(await running.stop()).toBe(0)

    await running.saw('process.left', ({ pid }) => pid === master)
    await answers('web.test')
  })

  it('that is broken before us is named, and mended by its owner it is used', async () => {
    const broken = join(tree.folder, 'conf.d/theirs.conf')
    writeFileSync(broken, 'servre { }\n')

    const running = bench.start([...args, `-template=${shipped}:${tree.destination}`])
    const said = await running.saw('generation.failed', ({ code }) => code === 'TARGET_TREE_BROKEN')
    expect(said.problem).toContain(`${broken}:1`)
    expect(existsSync(tree.destination)).toBe(false)

    writeFileSync(broken, '# mended\n')
    await answers('web.test')
  })

  it('keeps its old file when another process has a port it asks for, and the next good change goes live', async () => {
    const template = join(bench.folder, 'ingress.conf.njk')
    writeFileSync(template, readFileSync(shipped))
    const running = bench.start([...args, `-template=${template}:${tree.destination}`])
    await answers('web.test')
    const good = readFileSync(tree.destination, 'utf8')

    const taken = await startBackend('the one that has the port')
    writeFileSync(template, `server { listen 127.0.0.1:${taken.port}; }\n${readFileSync(shipped, 'utf8')}`)
    const refused = await running.saw('generation.invalid')

    expect(refused.diagnostics).toMatchObject([{ file: tree.destination, line: 1 }])
    expect(refused.msg).toContain(`bind() to 127.0.0.1:${taken.port} failed (98: Address already in use): process `)
    expect(readFileSync(tree.destination, 'utf8')).toBe(good)
    expect((await get(port, 'web.test')).status).toBe(200)

    services.write({ web: [backend.port], api: [backend.port] })
    await answers('api.test')
    await running.saw('template.set_aside')
    await taken.close()
  })

  it('is left alone when a template breaks; mended, the template goes live by itself', async () => {
    const template = join(bench.folder, 'ingress.conf.njk')
    writeFileSync(template, readFileSync(shipped))
    const running = bench.start([...args, `-template=${template}:${tree.destination}`])
    await answers('web.test')
    const good = readFileSync(tree.destination, 'utf8')

    writeFileSync(template, `${readFileSync(shipped, 'utf8')}\n{% for x in nowhere %}{% endfor %}\n`)
    const lines = readFileSync(template, 'utf8').split('\n').length
    const failed = await running.saw('template.failed')
    expect(failed.message).toBe(`${template}:${lines - 1}:13: nowhere is undefined`)
    expect(readFileSync(tree.destination, 'utf8')).toBe(good)
    services.write({ web: [backend.port], api: [backend.port] })
    await answers('api.test') // the catalog goes on with the last good template

    writeFileSync(template, `# mended\n${readFileSync(shipped, 'utf8')}`)
    await until('the mended template is live', () => readFileSync(tree.destination, 'utf8').startsWith('# mended'))
    await answers('web.test')
  })

  it('refuses what nginx refuses and names file, line and reason', async () => {
    const template = join(bench.folder, 'ingress.conf.njk')
    writeFileSync(template, readFileSync(shipped))
    const running = bench.start([...args, `-template=${template}:${tree.destination}`])
    await answers('web.test')

    writeFileSync(template, `no_such_directive on;\n# more\n${readFileSync(shipped, 'utf8')}`)
    const invalid = await running.saw('generation.invalid')

    const message = 'unknown directive "no_such_directive"'
    expect(invalid.diagnostics).toEqual([
      { severity: 'error', message, file: tree.destination, line: 1, source: 'no_such_directive on;' },
    ])
    expect((await get(port, 'web.test')).status).toBe(200)
  })

  // In a chroot, or without the right to mount, there is no such thing to be tested.
  it.skipIf(!canMount())(
    'a destination that is a mount of its own is written in place, and that is said once',
    async () => {
      writeFileSync(tree.destination, '# mounted\n')
      const program = join(import.meta.dirname, '../../dist/upstreamd.js')
      const command = [
        process.execPath,
        program,
        `-state-dir=${bench.state}`,
        ...args,
        `-template=${shipped}:${tree.destination}`,
        '-log-format=json',
      ]
      const mounted = `mount --bind ${tree.destination} ${tree.destination} && exec ${command.map(word => `'${word}'`).join(' ')}`
      const log = join(bench.folder, 'mounted.log')
      const output = openSync(log, 'w')
      const child = children.start('unshare', ['--mount', 'sh', '-c', mounted], { stdio: ['ignore', output, output] })

      await answers('web.test')
      services.write({ web: [backend.port], api: [backend.port] })
      await answers('api.test')

      expect(readFileSync(tree.destination, 'utf8')).toContain('server_name api.test;')
      expect(readFileSync(log, 'utf8').match(/config\.warned.*mount its folder instead/g)).toHaveLength(1)
      expect(await children.end(child)).toBe(0)
    },
  )

  it('a command in the place of our reload: what it does is verified', async () => {
    const script = join(bench.folder, 'reload.sh')
    writeFileSync(
      script,
      `#!/bin/sh\nset -e\necho run >> ${bench.folder}/runs\nnginx -t -c ${tree.conf}\nif [ -s ${tree.pidFile} ]; then kill -HUP $(cat ${tree.pidFile}); else nginx -c ${tree.conf}; fi\n`,
      { mode: 0o755 },
    )
    const running = bench.start([...args, `-template=${shipped}:${tree.destination}:${script}`])
    await answers('web.test')

    services.write({ web: [backend.port], api: [backend.port] })
    await answers('api.test')
    await running.saw('generation.activated', ({ how }) => how === 'reloaded')

    expect(readFileSync(join(bench.folder, 'runs'), 'utf8')).toBe('run\nrun\n')
  })

  it('two templates, one with a command that reloads: where nothing runs, nginx is started', async () => {
    const other = join(bench.folder, 'other.njk')
    const second = await freePort()
    writeFileSync(other, `server { listen 127.0.0.1:${second}; return 204; }\n`)
    const reload = `nginx -s reload -c ${tree.conf}`
    bench.start([
      ...args,
      `-template=${shipped}:${tree.destination}`,
      `-template=${other}:${join(tree.folder, 'conf.d/other.conf')}:${reload}`,
    ])

    await answers('web.test')
    expect((await get(second, 'x')).status).toBe(204)
  })

  it('a template saved while the one before is applied is tried on its own, and what was good stays known', async () => {
    const template = join(bench.folder, 'list.njk')
    writeFileSync(template, '{% for site in sites %}{{ site.service }} {% endfor %}')
    const out = join(bench.folder, 'list.txt')
    const running = bench.start([
      `-source=${services.source}`,
      '-tag=calico',
      `-template=${template}:${out}:touch ${bench.folder}/began; while [ -e ${bench.folder}/wait ]; do sleep 0.05; done`,
    ])
    await until('it is written', () => existsSync(out))
    await running.saw('generation.activated')
    writeFileSync(join(bench.folder, 'wait'), '')
    rmSync(join(bench.folder, 'began'))

    services.write({ web: [backend.port], b: [backend.port] })
    await until('the command runs', () => existsSync(join(bench.folder, 'began')))
    const from = running.events().length
    writeFileSync(template, '{{ nosuch }}')
    await running.saw('template.loaded', undefined, from)
    rmSync(join(bench.folder, 'wait'))
    await running.saw('template.set_aside')
    services.write({ web: [backend.port], b: [backend.port], c: [backend.port] })

    await until('the catalog goes on with the good one', () => readFileSync(out, 'utf8') === 'b c web ')
  })

  it('a command that fails puts the previous file back, is reported, and is tried again', async () => {
    const running = bench.start([
      ...args,
      `-template=${shipped}:${tree.destination}:test -e ${bench.folder}/go && nginx -c ${tree.conf}`,
    ])

    const failed = await running.saw('generation.rolled_back')
    expect(failed.code).toBe('TARGET_COMMAND_FAILED')
    expect(existsSync(tree.destination)).toBe(false)

    writeFileSync(join(bench.folder, 'go'), '')
    await answers('web.test')
  })

  it('destinations outside the tree are plain files; their command runs after a change, and again when it failed', async () => {
    const template = join(bench.folder, 'list.njk')
    writeFileSync(template, '{% for site in sites %}{{ site.service }}\n{% endfor %}')
    const out = join(bench.folder, 'out/list.txt')
    bench.start([
      `-source=${services.source}`,
      '-tag=calico',
      `-template=${template}:${out}:echo ran >> ${bench.folder}/ran; test -e ${bench.folder}/go`,
    ])
    await until('the command failed once', () => existsSync(join(bench.folder, 'ran')))
    await until('the file is back to what it was', () => !existsSync(out))

    mkdirSync(join(bench.folder, 'go'))
    await until('it was tried again', () => existsSync(out), 20_000)

    expect(readFileSync(out, 'utf8')).toBe('web\n')
    expect(nginxOf(bench.folder)).toEqual([])
  })
})

function canMount(): boolean {
  return spawnSync('unshare', ['--mount', 'true']).status === 0
}
