import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readProcess } from '../../src/proc.ts'
import { isMaster } from '../../src/target/nginx/proc.ts'
import type { Children } from '../support/children.ts'
import { get } from '../support/http.ts'
import { freePort } from '../support/ports.ts'
import { openScene, type Scene, shipped } from '../support/scene.ts'
import { nginxOf } from '../support/upstreamd.ts'
import { until } from '../support/wait.ts'

let scene: Scene
let { bench, children, tree, services, backend, port, own, answers } = {} as Scene
let adopt: string[]

beforeEach(async () => {
  scene = await openScene()
  ;({ bench, children, tree, services, backend, port, own, answers } = scene)
  adopt = [...scene.adopt, `-template=${shipped}:${tree.destination}`]
})
afterEach(() => scene.close())

const masterOf = () => nginxOf(bench.folder).find(isMaster)?.pid ?? 0

describe.each([
  { layout: 'its own layout', args: () => own },
  { layout: 'an adopted tree', args: () => adopt },
])('nginx in $layout', ({ args }) => {
  it('that is killed with its workers left behind is back within a second or two', async () => {
    const running = bench.start(args())
    await running.saw('daemon.ready')
    const master = masterOf()

    process.kill(master, 'SIGKILL')
    const exited = await running.saw('process.exited', ({ pid }) => pid === master)
    await running.saw('process.started', ({ pid }) => pid !== master)

    await answers('web.test')
    expect(exited.retryIn).toBeLessThan(500)
    await until('no worker of the old master takes connections', () =>
      nginxOf(bench.folder).every(({ session, command }) => session !== master || command.includes('shutting down')),
    )
    services.write({ web: [backend.port], api: [backend.port] })
    await answers('api.test') // and reloads go to the new one
  })

  it('that is killed with all its workers is back', async () => {
    const running = bench.start(args())
    await running.saw('daemon.ready')
    const all = nginxOf(bench.folder)

    for (const { pid } of all) process.kill(pid, 'SIGKILL')
    await running.saw('process.started', ({ pid }) => !all.some(old => old.pid === pid))

    await answers('web.test')
  })

  it('survives a kill -9 of upstreamd, is found again, reloaded, and stopped by the one that started it', async () => {
    const first = bench.start(args())
    await first.saw('daemon.ready')
    const master = masterOf()
    await first.stop('SIGKILL')
    expect((await get(port, 'web.test')).status).toBe(200)

    const second = bench.start(args())
    await second.saw('process.found', ({ pid }) => pid === master)
    services.write({ web: [backend.port], api: [backend.port] })
    await answers('api.test')

    expect(await second.stop()).toBe(0)
    expect(nginxOf(bench.folder)).toEqual([])
  })

  it('is brought back with the last good routes when everything was killed and no source answers', async () => {
    const first = bench.start(args())
    await answers('web.test')
    await first.saw('daemon.ready')
    await first.stop('SIGKILL')
    for (const { pid } of nginxOf(bench.folder)) process.kill(pid, 'SIGKILL')
    writeFileSync(services.path, '{ not yaml')

    const second = bench.start(args())
    await answers('web.test')

    await second.saw('source.lost', ({ code }) => code === 'SOURCE_MALFORMED')
    expect((await bench.run(['healthcheck'])).code).toBe(0)
  })
})

describe('an nginx that a script started', () => {
  it('and whose master is killed is replaced, although its workers hold the ports', async () => {
    // In the session of whoever started it: nothing but having seen its workers tells whose they are.
    const nginx = children.start('/usr/sbin/nginx', ['-c', tree.conf, '-g', 'daemon off;'])
    await until('it writes its pid', () => Number.parseInt(readFileSync(tree.pidFile, 'utf8'), 10) === nginx.pid)
    const running = bench.start(adopt)
    await running.saw('process.found', ({ pid }) => pid === nginx.pid)
    await running.saw('generation.activated')
    await answers('web.test')

    process.kill(nginx.pid ?? 0, 'SIGKILL')
    await running.saw('process.started')

    services.write({ web: [backend.port], api: [backend.port] })
    await answers('api.test')
    expect(await running.stop()).toBe(0)
  })
})

describe('a pid file that is wrong hurts nobody', () => {
  it.each(['a dead pid', 'a stranger', 'nothing', 'text', 'a zombie', 'zero', 'minus one'])('%s', async kind => {
    const stranger = children.start('sleep', ['1000'])
    const zombie = kind === 'a zombie' ? await makeZombie(children) : 0
    const texts: Record<string, string> = {
      'a dead pid': '4194000\n',
      'a stranger': `${stranger.pid}\n`,
      nothing: '',
      text: 'abc\n',
      'a zombie': `${zombie}\n`,
      zero: '0\n', // kill(2): the caller's own process group
      'minus one': '-1\n', // everybody
    }
    writeFileSync(tree.pidFile, texts[kind] ?? '')

    const running = bench.start(adopt)
    await running.saw('process.started')
    await answers('web.test')
    services.write({ web: [backend.port], api: [backend.port] })
    await answers('api.test')

    expect(Number.parseInt(readFileSync(tree.pidFile, 'utf8'), 10)).toBe(masterOf())
    expect(await running.stop()).toBe(0)
    expect(readProcess(stranger.pid ?? 0)?.command).toBe('sleep 1000')
  })

  it('whatever is written into it while nginx runs, the right one is reloaded', async () => {
    const stranger = children.start('sleep', ['1000'])
    const running = bench.start([...adopt, '-reload-interval=0s'])
    await answers('web.test')
    const master = masterOf()

    for (const [number, text] of ['4194000', `${stranger.pid}`, '', 'abc', '0', '-1'].entries()) {
      writeFileSync(tree.pidFile, text)
      services.write({ web: [backend.port], [`s${number}`]: [backend.port] })
      await answers(`s${number}.test`)
    }

    expect(masterOf()).toBe(master)
    expect(await running.stop()).toBe(0)
    expect(readProcess(stranger.pid ?? 0)?.command).toBe('sleep 1000')
  })

  it('a pid file that vanishes while nginx runs changes nothing', async () => {
    const running = bench.start(adopt)
    await answers('web.test')
    const master = masterOf()
    const { rmSync } = await import('node:fs')
    rmSync(tree.pidFile)

    services.write({ web: [backend.port], api: [backend.port] })
    await answers('api.test')

    expect(masterOf()).toBe(master)
    expect(await running.stop()).toBe(0)
  })

  it('an nginx with another configuration is not ours, and is left alone', async () => {
    const other = join(bench.folder, 'other.conf')
    const theirs = await freePort()
    writeFileSync(
      other,
      `pid ${tree.pidFile};\nevents {}\nhttp { access_log off; server { listen 127.0.0.1:${theirs}; return 204; } }\n`,
    )
    const foreign = children.start('/usr/sbin/nginx', ['-c', other, '-g', 'daemon off;'], { detached: true })
    await until('it answers', async () => (await get(theirs, 'x')).status === 204)

    const running = bench.start(adopt)
    const failed = await running.saw('generation.rolled_back', ({ code }) => code === 'TARGET_PID_FOREIGN')

    expect(failed.problem).toContain(String(foreign.pid))
    expect((await get(theirs, 'x')).status).toBe(204)
    await running.stop()
    expect((await get(theirs, 'x')).status).toBe(204)
  })
})

describe('the end', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('%s ends it with 0 and nginx with it', async signal => {
    const running = bench.start(own)
    await answers('web.test')

    const started = performance.now()
    expect(await running.stop(signal)).toBe(0)

    expect(performance.now() - started).toBeLessThan(5_000)
    expect(nginxOf(bench.folder)).toEqual([])
  })

  it('is bounded when a request hangs', async () => {
    const { createServer, connect } = await import('node:net')
    const hanging = createServer(() => {})
    const silent = await freePort()
    await new Promise<void>(resolve => hanging.listen(silent, '127.0.0.1', resolve))
    services.write({ web: [backend.port], slow: [silent] })
    const running = bench.start([...own, '-stop-timeout=2s'])
    await answers('web.test')
    const client = connect(port, '127.0.0.1')
    client.on('error', () => {})
    client.write('GET / HTTP/1.1\r\nHost: slow.test\r\n\r\n')
    await new Promise<void>(resolve => hanging.once('connection', () => resolve()))

    const started = performance.now()
    expect(await running.stop()).toBe(0)

    expect(performance.now() - started).toBeLessThan(6_000)
    expect(nginxOf(bench.folder)).toEqual([])
    client.destroy()
    hanging.close()
  })

  it('-on-exit=leave leaves nginx running, and the next run finds it', async () => {
    const running = bench.start([...own, '-on-exit=leave'])
    await answers('web.test')
    const master = masterOf()
    expect(await running.stop()).toBe(0)
    await answers('web.test')

    const next = bench.start(own)
    await next.saw('process.found', ({ pid }) => pid === master)
    expect(await next.stop()).toBe(0)
    expect(nginxOf(bench.folder)).toEqual([])
  })

  it('SIGHUP reads configuration and templates again, and nginx does not notice', async () => {
    const config = join(bench.folder, 'upstreamd.yaml')
    writeFileSync(config, 'domain: test\n')
    const running = bench.start([...own.filter(arg => !arg.startsWith('-domain')), `-config=${config}`])
    await answers('web.test')
    const master = masterOf()

    writeFileSync(config, 'domain: example\n')
    process.kill(running.pid, 'SIGHUP')
    await answers('web.example')
    expect(masterOf()).toBe(master)

    writeFileSync(config, 'domian: example\n')
    process.kill(running.pid, 'SIGHUP')
    const rejected = await running.saw('config.rejected')
    expect(rejected.problem).toContain('did you mean "domain"?')
    await answers('web.example')
    expect(await running.stop()).toBe(0)
    expect(existsSync(join(bench.state, 'lock'))).toBe(false)
  })

  it('a second daemon on the same state folder is refused, naming the first', async () => {
    const first = bench.start(own)
    await first.saw('daemon.ready')

    const second = await bench.run(own)

    expect(second.code).toBe(78)
    expect(second.stderr).toContain(`upstreamd ${first.pid} uses the state folder`)
  })
})

/** A process that has ended and whose parent does not ask how: its entry stays. */
async function makeZombie(children: Children): Promise<number> {
  // The shell becomes a program that never asks what became of the child it did not start.
  const parent = children.start('sh', ['-c', 'sleep 0 & echo $!; exec sleep 1000'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return new Promise(resolve => parent.stdout?.once('data', data => resolve(Number(String(data).trim()))))
}
