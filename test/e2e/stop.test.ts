import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isLeaving, isMaster } from '../../src/target/nginx/proc.ts'
import { get } from '../support/http.ts'
import { openScene, type Scene, shipped } from '../support/scene.ts'
import { nginxOf, type Running } from '../support/upstreamd.ts'
import { until } from '../support/wait.ts'

let scene: Scene
let { bench, tree, services, backend, port, own, answers } = {} as Scene
let adopt: string[]

beforeEach(async () => {
  scene = await openScene('stop')
  ;({ bench, tree, services, backend, port, own, answers } = scene)
  adopt = [...scene.adopt, `-template=${shipped}:${tree.destination}`]
})
afterEach(() => scene.close())

const masterOf = () => nginxOf(bench.folder).find(isMaster)?.pid ?? 0
const ended = (running: Running) =>
  until('it has ended', () => (running.child.exitCode === null ? undefined : { code: running.child.exitCode }))

/** More steps than a run has. */
const MANY = 150
/** Every eighth is tried here, other ones in each layout; the soak finds its own. */
const STRIDE = 8

describe('S1: SIGTERM at any step of a run', () => {
  it.each([
    { layout: 'own layout', first: 1, args: () => own, conf: () => join(bench.state, 'nginx/current/nginx.conf') },
    { layout: 'adopted tree', first: 4, args: () => adopt, conf: () => tree.conf },
  ])(
    '$layout: ends with 0, nginx with it, and leaves what nginx can start from',
    { timeout: 120_000 },
    async ({ first, args, conf }) => {
      const start = bench.start(args())
      await start.saw('daemon.ready')
      expect(await start.stop()).toBe(0)

      let step = first
      for (let wasReached = true; wasReached && step < MANY; step += STRIDE) {
        const name = `step${step}`
        services.write({ web: [backend.port], [name]: [backend.port] })
        const running = bench.startAndCrash(step, args(), 'SIGTERM')
        const isDone = () => running.events().some(({ type }) => type === 'generation.activated')
        await until('it was told, or is done', () => told(running) || isDone())
        wasReached = told(running)
        if (!wasReached) running.child.kill('SIGTERM')

        const from = performance.now()
        const { code } = await ended(running)
        expect(performance.now() - from, `ms from SIGTERM at step ${step} to the end`).toBeLessThan(5_000)
        expect(code, `exit code after SIGTERM at step ${step}\n${running.log()}`).toBe(0)
        expect(nginxOf(bench.folder), `nginx after SIGTERM at step ${step}`).toEqual([])
        expect(litter(), `litter after SIGTERM at step ${step}`).toEqual([])
        expect(refusalOf(conf()), `nginx can start after SIGTERM at step ${step}`).toBe('')
      }

      expect(step, 'the run has steps').toBeGreaterThan(15)
      expect(step).toBeLessThan(MANY)
      const last = bench.start(args())
      await answers(`step${step - STRIDE}.test`)
      expect(await last.stop()).toBe(0)
    },
  )

  const told = (running: Running) => running.log().includes('crash: before step')

  function litter(): string[] {
    return readdirSync(bench.folder, { recursive: true, encoding: 'utf8' }).filter(path =>
      /\.tmp$|(^|\/)lock|\/generations\/\.|\/stage\/./.test(path),
    )
  }

  function refusalOf(conf: string): string {
    const prefix = join(bench.folder, 'prefix')
    mkdirSync(prefix, { recursive: true })
    try {
      execFileSync('/usr/sbin/nginx', ['-t', '-q', '-c', conf, '-p', prefix], { stdio: 'pipe', cwd: prefix })
      return ''
    } catch (error) {
      return String((error as { stderr?: Buffer }).stderr)
    }
  }

  it('a command that runs is ended with it, and what it was to make live is put back', async () => {
    const command = `echo > ${bench.folder}/began; sleep 1000`
    const running = bench.start([...scene.adopt, `-template=${shipped}:${tree.destination}:${command}`])
    await until('the command runs', () => existsSync(join(bench.folder, 'began')))

    const from = performance.now()
    expect(await running.stop()).toBe(0)

    expect(performance.now() - from).toBeLessThan(5_000)
    expect(existsSync(tree.destination)).toBe(false)
  })

  it('a reload that hangs does not hold the stop up: -stop-timeout counts from the signal', async () => {
    const running = bench.start([...own, '-stop-timeout=3s'])
    await running.saw('daemon.ready')
    process.kill(masterOf(), 'SIGSTOP')
    const from = running.events().length
    services.write({ web: [backend.port], api: [backend.port] })
    await running.saw('generation.validated', undefined, from)

    const started = performance.now()
    expect(await running.stop()).toBe(0)

    expect(performance.now() - started).toBeLessThan(4_500)
    expect(nginxOf(bench.folder)).toEqual([])
  })
})

describe('S2: signals', () => {
  it.each([
    { title: 'SIGTERM twice', sent: ['SIGTERM', 'SIGTERM'] },
    { title: 'SIGINT, then SIGTERM', sent: ['SIGINT', 'SIGTERM'] },
    { title: 'SIGTERM, then SIGHUP: nothing is started while stopping', sent: ['SIGTERM', 'SIGHUP'] },
    { title: 'SIGQUIT', sent: ['SIGQUIT'] },
  ] as const)('$title: a request that runs is finished, and the exit code is 0', async ({ sent }) => {
    const slow = createServer(socket => socket.once('data', () => setTimeout(() => socket.end(LATE), 1_000)))
    services.write({ slow: [await portOf(slow)] })
    const running = bench.start(own)
    await running.saw('daemon.ready')
    const request = get(port, 'slow.test')
    await until('it runs', () => new Promise<boolean>(done => slow.getConnections((_, count) => done(count > 0))))

    for (const signal of sent) {
      running.child.kill(signal)
      await new Promise(resolve => setTimeout(resolve, 100)) // one after the other, as somebody would send them
    }

    expect((await request).text).toBe('late')
    expect((await ended(running)).code).toBe(0)
    expect(nginxOf(bench.folder)).toEqual([])
    expect(running.events().at(-1)).toMatchObject({ type: 'daemon.stopped', reason: sent[0] })
    slow.close()
  })

  it('SIGTERM before anything has begun ends with 0', async () => {
    const running = bench.startAndCrash(1, own, 'SIGTERM')

    expect((await ended(running)).code).toBe(0)
    expect(nginxOf(bench.folder)).toEqual([])
  })
})

const LATE = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nlate'

describe('S3: a download that hangs', () => {
  let hanging: Server
  let client: Socket

  /** A service `slow` that accepts a request and never answers, and a client that waits for it. */
  async function hang(): Promise<void> {
    client = connect(port, '127.0.0.1')
    client.on('error', () => {})
    client.write('GET / HTTP/1.1\r\nHost: slow.test\r\n\r\n')
    await new Promise<void>(resolve => hanging.once('connection', () => resolve()))
  }
  beforeEach(async () => {
    hanging = createServer(() => {})
    services.write({ slow: [await portOf(hanging)] })
  })
  afterEach(() => {
    client.destroy()
    hanging.close()
  })

  it('does not hold the end of an adopted nginx up beyond -stop-timeout', async () => {
    const running = bench.start([...adopt, '-stop-timeout=2s'])
    await running.saw('daemon.ready')
    await hang()

    const started = performance.now()
    expect(await running.stop()).toBe(0)

    expect(performance.now() - started).toBeLessThan(6_000)
    expect(nginxOf(bench.folder)).toEqual([])
  })

  it('in a worker of an older generation ends with worker_shutdown_timeout; changes go live meanwhile', async () => {
    const frame = join(bench.folder, 'nginx.conf.njk')
    const text = readFileSync(join(import.meta.dirname, '../../nginx/nginx.conf.njk'), 'utf8')
    writeFileSync(frame, text.replace('worker_shutdown_timeout 30s', 'worker_shutdown_timeout 2s'))
    const running = bench.start([...own, `-template=${frame}:nginx.conf`, `-template=${shipped}:conf.d/ingress.conf`])
    await running.saw('daemon.ready')
    const leaving = () => nginxOf(bench.folder).filter(isLeaving).length
    await hang()

    services.write({ web: [backend.port] })
    await answers('web.test')

    await until('its worker waits for it', () => leaving() === 1)
    await until('its worker is gone', () => leaving() === 0)
  })
})

async function portOf(server: Server): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

describe('S5: a bug of ours', () => {
  it('ends upstreamd with 70 and a stack; nginx goes on, and the next start takes it over', async () => {
    const planted = join(bench.folder, 'planted.mjs')
    writeFileSync(planted, `process.on('SIGUSR2', () => { setImmediate(() => { throw new Error('planted') }) })\n`)
    const first = bench.start(own, { NODE_OPTIONS: `--import=${planted}` })
    await first.saw('daemon.ready')
    const master = masterOf()

    first.child.kill('SIGUSR2')
    expect((await ended(first)).code).toBe(70)
    expect(first.log()).toMatch(/this is a bug; nginx goes on serving: Error: planted\n +at /)
    expect((await get(port, 'web.test')).status).toBe(200)

    const second = bench.start(own)
    await second.saw('process.found', ({ pid }) => pid === master)
    services.write({ web: [backend.port], api: [backend.port] })
    await answers('api.test')
    expect(await second.stop()).toBe(0)
    expect(nginxOf(bench.folder)).toEqual([])
  })

  it('a promise nobody waits for is no different', async () => {
    const planted = join(bench.folder, 'planted.mjs')
    writeFileSync(planted, `process.on('SIGUSR2', () => { void Promise.reject(new Error('planted')) })\n`)
    const running = bench.start(own, { NODE_OPTIONS: `--import=${planted}` })
    await running.saw('daemon.ready')

    running.child.kill('SIGUSR2')

    expect((await ended(running)).code).toBe(70)
    expect((await get(port, 'web.test')).status).toBe(200)
  })
})
