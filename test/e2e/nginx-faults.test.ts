import { execFileSync } from 'node:child_process'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isMaster } from '../../src/target/nginx/proc.ts'
import { get } from '../support/http.ts'
import { openScene, type Scene, shipped } from '../support/scene.ts'
import { canStartAsNobody, NOBODY, nginxOf } from '../support/upstreamd.ts'
import { until } from '../support/wait.ts'

let scene: Scene
let { bench, tree, services, backend, port, own, answers } = {} as Scene
let adopt: string[]

beforeEach(async () => {
  scene = await openScene()
  ;({ bench, tree, services, backend, port, own, answers } = scene)
  adopt = [...scene.adopt, `-template=${shipped}:${tree.destination}`]
})
afterEach(() => scene.close())

const masters = () => nginxOf(bench.folder).filter(isMaster)
const masterOf = () => masters()[0]?.pid ?? 0
const grow = () => services.write({ web: [backend.port], api: [backend.port] })
const status = (host: string) => get(port, host).then(reply => reply.status)

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
