import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type RealConsul, startConsul } from '../support/consul.ts'
import { newerNginx } from '../support/newer-nginx.ts'
import { freePort } from '../support/ports.ts'
import { Instances, unbounded } from '../support/replacements.ts'
import { Traffic } from '../support/traffic.ts'
import { type Bench, type Running, workbench } from '../support/upstreamd.ts'

const REPLACEMENTS = 100

let consul: RealConsul
let bench: Bench
let instances: Instances
let port: number

beforeEach(async () => {
  consul = await startConsul()
  bench = workbench('loss')
  port = await freePort()
  instances = new Instances(consul, 'web')
  await instances.add()
  await instances.add()
})
afterEach(async () => {
  await bench.clear()
  instances.end()
  await consul.stop()
})

async function start(more: readonly string[] = []): Promise<Running> {
  const to = [`-consul-addr=${consul.address}`, '-tag=calico', '-domain=test', `-listen=127.0.0.1:${port}`]
  const running = bench.start([...to, ...unbounded, ...more])
  await running.saw('daemon.ready')
  return running
}

describe(`through ${REPLACEMENTS} replacements of instances`, () => {
  it('no request on a fresh connection fails', { timeout: 240_000 }, async () => {
    const running = await start()
    const traffic = new Traffic({ port, hosts: ['web.test'], clients: 4, keepAlive: false })

    for (let round = 0; round < REPLACEMENTS; round += 1) await instances.replace(running)

    await traffic.stop()
    expect(traffic.failures).toEqual([])
    expect(traffic.sent).toBeGreaterThan(REPLACEMENTS * 10)
  })

  const newer = newerNginx()
  if (newer === undefined) console.warn('SKIPPED: requests on kept connections')
  it.skipIf(newer === undefined)(
    'no request on a kept connection fails either, with an nginx that has keepalive_min_timeout',
    { timeout: 240_000 },
    async () => {
      const running = await start([`-nginx-bin=${newer}`])
      const traffic = new Traffic({ port, hosts: ['web.test'], clients: 50, keepAlive: true, pause: 20 })

      for (let round = 0; round < REPLACEMENTS; round += 1) {
        await instances.replace(running, () => traffic.turn())
      }

      await traffic.stop()
      expect(traffic.failures).toEqual([])
      expect(traffic.sent).toBeGreaterThan(REPLACEMENTS * 10)
    },
  )
})
