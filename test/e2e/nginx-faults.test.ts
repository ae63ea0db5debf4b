import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readProcess } from '../../src/proc.ts'
import { isMaster } from '../../src/target/nginx/proc.ts'
import { get } from '../support/http.ts'
import { openScene, type Scene, shipped } from '../support/scene.ts'
import { canStartAsNobody, NOBODY, nginxOf } from '../support/upstreamd.ts'
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

const masters = () => nginxOf(bench.folder).filter(isMaster)
const masterOf = () => masters()[0]?.pid ?? 0
const grow = () => services.write({ web: [backend.port], api: [backend.port] })
const status = (host: string) => get(port, host).then(reply => reply.status)
const many = <T>(ask: () => Promise<T>) => Array.from({ length: 20 }, ask)
const is200 = (found: number) => found === 200

/** The compiled-in folders for temporary files belong to root. */
function allowNobody(conf: string): void {
  const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  const own = folders.map(name => `  ${name}_temp_path ${join(bench.folder, name)};`)
  writeFileSync(conf, readFileSync(conf, 'utf8').replace('http {', `http {\n${own.join('\n')}`))
}

describe('N5: nginx is killed', () => {
  it('with a unix socket left behind: it is started again all the same', async () => {
    const socket = join(bench.folder, 'app.sock')
    writeFileSync(join(tree.folder, 'conf.d/socket.conf'), `server { listen unix:${socket}; return 204; }\n`)
    const running = bench.start(adopt)
    await running.saw('daemon.ready')
    const all = nginxOf(bench.folder)

    for (const { pid } of all) process.kill(pid, 'SIGKILL')
    expect(existsSync(socket)).toBe(true)

    await running.saw('process.started', ({ pid }) => !all.some(old => old.pid === pid))
    await answers('web.test')
  })

  it.skipIf(!canStartAsNobody())(
    'and the state folder cannot be written to: it is started without its control log, and that is said',
    async () => {
      allowNobody(tree.conf)
      const running = bench.startAsNobody(adopt)
      await running.saw('daemon.ready')
      execFileSync('chmod', ['-R', 'u-w', bench.state])

      for (const { pid } of nginxOf(bench.folder)) process.kill(pid, 'SIGKILL')
      await running.saw('config.warned', ({ problem }) => problem.includes('started without a control log'))
      await answers('web.test')

      execFileSync('chmod', ['-R', 'u+w', bench.state])
      grow()
      await answers('api.test')
      expect(masters()).toHaveLength(1)
    },
  )
})

describe('S7: a machine that has nothing left to give', () => {
  const limit = (pid: number, what: string, user = process.getuid?.()) =>
    execFileSync('prlimit', [`--pid=${pid}`, what], { uid: user, gid: user })

  it.each([
    { layout: 'its own layout', args: () => own },
    { layout: 'an adopted tree', args: () => adopt },
  ])(
    'no file descriptor: nginx in $layout serves on untouched, and the change goes live when there are some',
    async ({ args }) => {
      const running = bench.start(args())
      await running.saw('daemon.ready')
      const master = masterOf()

      limit(running.pid, '--nofile=3:')
      grow()
      await running.saw('source.lost', ({ problem }) => problem.includes('EMFILE'))
      expect(await status('web.test')).toBe(200)
      limit(running.pid, '--nofile=1024:')

      await answers('api.test')
      expect(masterOf()).toBe(master)
      expect(running.events().filter(({ type }) => /process.(exited|cleaned)/.test(type))).toEqual([])
    },
  )

  it('no file descriptor when nginx is killed: it is back when there are some, and once only', async () => {
    const running = bench.start(own)
    await running.saw('daemon.ready')

    limit(running.pid, '--nofile=3:')
    process.kill(masterOf(), 'SIGKILL')
    grow()
    await running.saw('source.lost', ({ problem }) => problem.includes('EMFILE'))
    limit(running.pid, '--nofile=1024:')

    await answers('api.test')
    expect(masters()).toHaveLength(1)
  })

  // Node needs a thread to watch over a template and ends without one: then nginx goes on by itself.
  it.skipIf(!canStartAsNobody())(
    'no process and no thread to be started: what is live stays, and the next start goes on from there',
    async () => {
      const first = bench.startAsNobody(own)
      await first.saw('daemon.ready')
      const master = masterOf()

      limit(first.pid, '--nproc=1:', NOBODY)
      grow()
      await until('upstreamd has ended', () => first.child.signalCode !== null || first.child.exitCode !== null)
      expect(await status('web.test')).toBe(200)

      const second = bench.startAsNobody(own)
      await second.saw('process.found', ({ pid }) => pid === master)
      await answers('api.test')
    },
  )
})
