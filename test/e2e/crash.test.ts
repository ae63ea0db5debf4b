import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { get } from '../support/http.ts'
import { openScene, type Scene, shipped } from '../support/scene.ts'
import type { Running } from '../support/upstreamd.ts'
import { until } from '../support/wait.ts'

/** More steps than an apply has; the test ends at the first that is never reached. */
const MANY = 150

describe('kill -9 between any two steps of a run', () => {
  let scene: Scene
  let { bench, tree, services, backend, port, own, adopt } = {} as Scene

  beforeEach(async () => {
    scene = await openScene('crash')
    ;({ bench, tree, services, backend, port, own, adopt } = scene)
  })
  afterEach(() => scene.close())

  const isServed = async (name: string) => (await get(port, `${name}.test`)).status === 200

  it.each([
    {
      layout: 'own layout',
      args: () => own,
      conf: () => join(bench.state, 'nginx/current/nginx.conf'),
    },
    {
      layout: 'adopted tree',
      args: () => [...adopt, `-template=${shipped}:${tree.destination}`],
      conf: () => tree.conf,
    },
  ])(
    '$layout: nginx serves on, can start from what is on disk, and ends on the newest generation',
    { timeout: 240_000 },
    async ({ args, conf }) => {
      services.write({ web: [backend.port] })
      await endAfter(bench.start(args()), () => isServed('web'))

      let step = 0
      let wasReached = true
      while (wasReached && step < MANY) {
        step += 1
        const name = `step${step}`
        services.write({ web: [backend.port], [name]: [backend.port] })
        const crashed = bench.startAndCrash(step, args())
        wasReached = await crashedAt(crashed, () => isServed(name))

        expect(await isServed('web'), `web is served after a kill at step ${step}`).toBe(true)
        expect(canStartFrom(conf()), `nginx can start after a kill at step ${step}`).toBe('')
        await endAfter(bench.start(args()), () => isServed(name))
      }

      expect(step, 'the run has steps to be killed at').toBeGreaterThan(15)
      expect(step).toBeLessThan(MANY)
    },
  )

  /** True when it was killed; false when it came to the end of its work, which is then ended. */
  async function crashedAt(running: Running, isDone: () => Promise<boolean>): Promise<boolean> {
    await until('it is killed, or done', async () => running.child.signalCode !== null || (await isDone()))
    const wasKilled = running.child.signalCode === 'SIGKILL'
    await running.stop('SIGKILL')
    return wasKilled
  }

  async function endAfter(running: Running, isDone: () => Promise<boolean>): Promise<void> {
    await until('the newest generation is live', isDone).catch(error => {
      throw new Error(`${error.message}\n${running.log()}`)
    })
    await until('it has written down what is live', () => isReady(running))
    await running.stop('SIGKILL')
  }

  const isReady = (running: Running) => running.events().some(({ type }) => type === 'daemon.ready')

  function canStartFrom(conf: string): string {
    const prefix = join(bench.folder, 'prefix')
    mkdirSync(prefix, { recursive: true })
    if (!existsSync(conf)) return `there is no ${conf}`
    try {
      execFileSync('/usr/sbin/nginx', ['-t', '-q', '-c', conf, '-p', prefix], { stdio: 'pipe', cwd: prefix })
      return ''
    } catch (error) {
      return String((error as { stderr?: Buffer }).stderr)
    }
  }
})
