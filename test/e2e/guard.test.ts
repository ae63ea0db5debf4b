import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Backend, get, startBackend } from '../support/http.ts'
import { freePort } from '../support/ports.ts'
import { type ServiceFile, serviceFile } from '../support/services.ts'
import { type Bench, workbench } from '../support/upstreamd.ts'
import { until } from '../support/wait.ts'

describe('a loss of much at once', () => {
  let bench: Bench
  let services: ServiceFile
  let backends: Backend[]
  let port: number
  let args: string[]

  beforeEach(async () => {
    bench = workbench()
    services = serviceFile(bench.folder)
    backends = await Promise.all(['a', 'b', 'c', 'd'].map(name => startBackend(name)))
    port = await freePort()
    services.write({ web: ports(), api: ports() })
    args = [`-source=${services.source}`, '-tag=calico', '-domain=test', `-listen=127.0.0.1:${port}`]
  })
  afterEach(async () => {
    await bench.clear()
    for (const backend of backends) await backend.close()
  })
  const ports = () => backends.map(backend => backend.port)
  const status = async (host: string) => (await get(port, host)).status

  it('of everything is held until an operator approves it; what is new goes live meanwhile', async () => {
    const running = bench.start(args)
    await running.saw('daemon.ready')

    services.write({})
    const held = await running.saw('selection.held')
    expect(held).toMatchObject({ services: ['api', 'web'], servers: 8, of: 8, until: 'approved' })
    expect(await status('web.test')).toBe(200)
    expect(JSON.parse(readFileSync(join(bench.state, 'status.json'), 'utf8')).held).toEqual(['api', 'web'])

    process.kill(running.pid, 'SIGUSR1')
    await until('the loss is believed', async () => (await status('web.test')) === 404)
    await running.saw('selection.released')
  })

  it('of more than half is held for a while, then believed', async () => {
    const running = bench.start([...args, '-hold=1s'])
    await running.saw('daemon.ready')

    services.write({ api: ports().slice(0, 1), fresh: ports() })
    await until('what is new goes live at once', async () => (await status('fresh.test')) === 200)
    expect(await status('web.test')).toBe(200)

    await until('the loss is believed', async () => (await status('web.test')) === 404)
  })

  it('that is made good bit by bit is held for its time, not until half of it is back', async () => {
    services.write({ a: ports(), b: ports(), c: ports(), d: ports() })
    const running = bench.start([...args, '-hold=20s'])
    await running.saw('daemon.ready')

    services.write({})
    await running.saw('selection.held')
    for (const back of [['a'], ['a', 'b'], ['a', 'b', 'c']]) {
      const from = running.events().length
      services.write(Object.fromEntries(back.map(name => [name, ports()])))
      await running.saw('selection.released', ({ services }) => services.includes(back.at(-1) ?? ''), from)
    }

    expect(await status('d.test')).toBe(200)
  })

  it('is none when a service moves to new addresses, or when fewer than half go', async () => {
    const running = bench.start(args)
    await running.saw('daemon.ready')

    services.write({ web: ports().slice(0, 2), api: ports() })
    await until('the smaller one is live', () =>
      running.events().some(event => event.type === 'generation.activated' && event.removed.length === 2),
    )

    expect(running.events().filter(({ type }) => type === 'selection.held')).toEqual([])
  })

  it('is not approved before anything is known, and the first render waits for nothing all the same', async () => {
    rmSync(services.path)
    const running = bench.start([...args, '-wait=60s'])
    await running.saw('source.lost')
    process.kill(running.pid, 'SIGUSR1')

    services.write({ web: ports() })

    await running.saw('daemon.ready')
    // The nginx that answered 503 until then may have a worker that is not gone yet.
    await until('web answers', async () => (await status('web.test')) === 200)
  })

  it('is meant when the rules of selection were changed', async () => {
    const first = bench.start(args)
    await first.saw('daemon.ready')
    await first.stop()

    bench.start([...args.filter(arg => arg !== '-tag=calico'), '-tag=other'])

    await until('nothing carries the other tag', async () => (await status('web.test')) === 404)
  })
})
