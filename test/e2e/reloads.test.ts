import { cpus } from 'node:os'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { isWorker } from '../../src/target/nginx/proc.ts'
import { get } from '../support/http.ts'
import { openScene, type Scene, shipped } from '../support/scene.ts'
import { nginxOf } from '../support/upstreamd.ts'
import { until } from '../support/wait.ts'

let scene: Scene

beforeEach(async () => {
  scene = await openScene()
})
afterEach(() => scene.close())

it.each([
  { layout: 'our own layout', args: () => scene.own, usual: cpus().length },
  {
    layout: 'an adopted tree',
    args: () => [...scene.adopt, `-template=${shipped}:${scene.tree.destination}`],
    usual: 2,
  },
])(
  'no request on a fresh connection fails through 15 reloads in $layout, and no worker is left over',
  async ({ args, usual }) => {
    const { bench, services, backend, port } = scene
    const running = bench.start([...args(), '-reload-interval=0s'])
    await running.saw('daemon.ready')
    const workers = () => nginxOf(bench.folder).filter(isWorker).length
    const stop = new AbortController()
    const failures: string[] = []
    const clients = Array.from({ length: 4 }, async () => {
      while (!stop.signal.aborted) {
        const outcome = await get(port, 'web.test').then(({ status }) => String(status), String)
        if (outcome !== '200') failures.push(outcome)
      }
    })

    for (let reload = 0; reload < 15; reload += 1) {
      const from = running.events().length
      services.write({ web: [backend.port], [`s${reload}`]: [backend.port] })
      await running.saw('generation.activated', undefined, from)
    }

    stop.abort()
    await Promise.all(clients)
    expect(failures).toEqual([])
    await until('there are as many workers as nginx.conf says', () => workers() === usual)
  },
)
