import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { Rejection } from '../../src/model/selection.ts'
import { answers, type CatalogScene, keepAsking, openCatalogScene } from '../support/catalog-scene.ts'
import { get } from '../support/http.ts'
import { type Named, type Poison, poisons } from '../support/poison.ts'
import type { Running } from '../support/upstreamd.ts'
import { until } from '../support/wait.ts'

// The list is made before anything runs, so that each has a title of its own; the port is the backend's in the end.
const titles = poisons(0).map(({ title }, position) => [title, position] as const)

describe('an odd registration and a good one at once: the good one is served, the old one goes on, the odd one is named', () => {
  let scene: CatalogScene
  let running: Running
  let port: number
  let list: readonly Poison[]

  beforeAll(async () => {
    scene = await openCatalogScene()
    port = scene.port
    list = poisons(scene.backend.port)
    await scene.register({ Name: 'old' })
    running = scene.bench.start([...scene.args, '-health=passing,warning'])
    await answers(port, 'old.test')
  })
  afterEach(() => scene.clear('old')) // what one test left behind is no other's poison
  afterAll(() => scene?.close())

  it.each(titles)('%s', async (_title, position) => {
    const poison = list[position] as Poison
    const good = `good-${position}`
    const traffic = keepAsking(port, ['old.test'])

    await Promise.all([put(poison), scene.register({ Name: good })])

    await answers(port, `good.${position}.test`)
    await hasItsPlace(poison)
    expect(scene.acceptedByNginx()).toBe(true)

    if (poison.mended !== undefined) {
      await scene.register(...poison.mended)
      await isTakenBack(poison)
    }
    await scene.clear('old')
    await until('nothing is rejected any more', () => scene.status().rejected.length === 0)
    await answers(port, 'old.test')
    expect(await traffic.stop()).toEqual([])
    expect(running.child.exitCode).toBe(null)
  })

  it('all of them at once, and mended all at once', async () => {
    const traffic = keepAsking(port, ['old.test'])

    await Promise.all([...list.map(put), scene.register({ Name: 'good' })])

    await answers(port, 'good.test')
    for (const poison of list) await hasItsPlace(poison)
    expect(scene.acceptedByNginx()).toBe(true)
    expect(scene.status().problem).toBeUndefined()

    const curable = list.filter(({ mended }) => mended !== undefined)
    await Promise.all(curable.map(({ mended = [] }) => scene.register(...mended)))
    for (const poison of curable) await isTakenBack(poison)
    await scene.clear('old')
    await until('nothing is rejected any more', () => scene.status().rejected.length === 0)
    expect(await traffic.stop()).toEqual([])
  })

  async function put({ services, elsewhere = [] }: Poison): Promise<void> {
    await scene.register(...services)
    await scene.registerElsewhere(...elsewhere)
  }

  /** Named with its reason, served where it can be, and 503 where it is known and has no server. */
  async function hasItsPlace({ rejected = [], served = [], unavailable = [] }: Poison): Promise<void> {
    for (const named of rejected) {
      await until(`${named.service} is named as ${named.reason}`, () =>
        scene.rejectionsOf(named.service).some(rejection => fits(rejection, named)),
      ).catch(error => {
        throw new Error(`${error.message}; said is ${JSON.stringify(scene.rejectionsOf(named.service))}`)
      })
    }
    for (const host of served) await answers(port, host)
    for (const host of unavailable) {
      await until(`${host} is known and has no server`, async () => (await get(port, host)).status === 503)
    }
  }

  async function isTakenBack({ rejected = [], served = [], unavailable = [] }: Poison): Promise<void> {
    for (const { service } of rejected) {
      await until(`${service} is no longer rejected`, () => scene.rejectionsOf(service).length === 0)
    }
    for (const host of [...served, ...unavailable]) await answers(port, host)
  }
})

describe('a node with a name that Consul does not answer for', () => {
  // It takes them, and answers 301 or 400 when it is asked for their services (1.8.7).
  it.each([['..'], ['a/../b'], ['a\nb'], ['a\tb'], ['a\u202eb']])(
    '%j: everybody else is served, also after a restart',
    async Node => {
      const scene = await openCatalogScene()
      onTestFinished(() => scene.close())
      await scene.register({ Name: 'old' })
      const first = scene.bench.start(scene.args)
      await answers(scene.port, 'old.test')
      const Service = { Service: 'lost', ID: 'lost', Port: scene.backend.port, Tags: ['calico'] }

      await scene.consul.call('PUT', '/catalog/register', { Node, Address: '127.0.0.1', Service })
      await scene.register({ Name: 'fresh' })
      await answers(scene.port, 'fresh.test')
      await first.saw('source.partial', ({ names }) => names.includes(Node))

      await first.stop()
      const second = scene.bench.start(scene.args)
      await second.saw('daemon.ready')
      await scene.register({ Name: 'later' })
      await answers(scene.port, 'later.test')
    },
  )
})

function fits(rejection: Rejection, { reason, detail }: Named): boolean {
  if (rejection.reason !== reason) return false
  return typeof detail === 'string' ? rejection.detail.includes(detail) : detail.test(rejection.detail)
}
