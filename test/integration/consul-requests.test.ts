import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Snapshot } from '../../src/model/catalog.ts'
import { follow } from '../../src/source/follow.ts'
import { sources } from '../../src/source/registry.ts'
import { aRuntime } from '../support/builders.ts'
import { type RealConsul, startConsul, TTL } from '../support/consul.ts'
import { type Fault, faults, startFaultProxy } from '../support/fault-proxy.ts'
import { until } from '../support/wait.ts'

let consul: RealConsul
beforeAll(async () => {
  consul = await startConsul()
  await consul.register({ Name: 'web', ID: 'w1', Port: 80, Check: TTL })
  await consul.call('PUT', '/catalog/register', {
    Node: 'far',
    Address: '10.0.0.9',
    Service: { ID: 'f1', Service: 'far', Port: 80 },
  })
})
afterAll(() => consul?.stop())

describe('a Consul that is not well is asked less than five times a second', () => {
  const SECONDS = 10
  const blocking = /[?&]index=[1-9]/
  const paths = ['catalog/services', 'catalog/nodes', 'health/state/any', 'catalog/node-services']
  let flips = 0

  interface Kind {
    readonly title: string
    readonly fault: Fault
    readonly fits?: RegExp
    readonly isAnswer?: true // a body that is right: contact is not lost, and the first reading is complete
  }
  const kinds: readonly Kind[] = [
    { title: '500 No cluster leader', fault: faults.noLeader },
    { title: '403', fault: faults.denied },
    { title: '429 with Retry-After', fault: faults.busy(1) },
    { title: 'HTML with status 200', fault: faults.html },
    { title: '{} without an index', fault: faults.emptyWithoutIndex },
    { title: 'an empty list that was filtered', fault: faults.emptyAndFiltered },
    { title: 'less than Content-Length', fault: faults.cutLength },
    { title: 'chunks that end', fault: faults.cutChunks },
    { title: 'half of the JSON', fault: faults.halfJson },
    { title: 'gzip that is none', fault: faults.badGzip },
    { title: 'a reset', fault: faults.reset },
    { title: 'nothing', fault: faults.hang },
    { title: 'a byte now and then', fault: faults.slowBody },
    { title: 'the beginning of a body', fault: faults.stalledBody },
    { title: 'headers without end', fault: faults.endlessHeaders },
    { title: 'a header now and then', fault: faults.slowHeaders },
    { title: 'an index that is a word', fault: faults.indexWord },
    { title: 'no index', fault: faults.indexMissing },
    { title: 'an index that goes back', fault: faults.indexBackwards, isAnswer: true },
    { title: 'the same index, at once', fault: faults.indexRepeated, isAnswer: true },
    { title: 'index 0', fault: faults.indexZero, isAnswer: true },
    { title: 'an index beyond 2^53', fault: faults.indexBeyondDoubles, isAnswer: true },
    { title: 'the same with a new index, at once', fault: faults.indexRunning, isAnswer: true },
    { title: 'right answers, but none that block', fault: faults.noLeader, fits: blocking, isAnswer: true },
    { title: 'a reset to all that block', fault: faults.reset, fits: blocking, isAnswer: true },
    {
      title: 'every second answer',
      fault: exchange => {
        flips += 1
        return flips % 2 === 0 ? faults.noLeader(exchange) : faults.indexRunning(exchange)
      },
      isAnswer: true,
    },
    ...paths.map(path => ({ title: `500 to ${path} alone`, fault: faults.noLeader, fits: new RegExp(`/${path}`) })),
    ...paths.map(path => ({ title: `HTML to ${path} alone`, fault: faults.html, fits: new RegExp(`/${path}`) })),
    { title: '500 to the probe of the check table', fault: faults.noLeader, fits: /filter=/, isAnswer: true },
  ]

  interface Asked {
    readonly inOneSecond: number
    readonly inAll: number
    readonly snapshots: readonly Snapshot[]
  }

  /** From the beginning, or after contact has held. */
  async function ask({ fault, fits }: Kind, isCold: boolean): Promise<Asked> {
    const proxy = await startFaultProxy(consul.address)
    if (isCold) proxy.inject(fault, fits)
    const { runtime, abort } = aRuntime()
    const source = sources.create({ type: 'consul', address: proxy.address } as never, runtime)
    const snapshots: Snapshot[] = []
    const following = follow(
      source,
      () => true,
      snapshot => snapshots.push(snapshot),
      runtime,
    )
    if (!isCold) {
      await new Promise(resolve => setTimeout(resolve, 10_500))
      proxy.inject(fault, fits)
    }
    const from = isCold ? (await until('it asks', () => proxy.seen[0])).at : performance.now()
    await new Promise(resolve => setTimeout(resolve, SECONDS * 1_000))
    const seen = proxy.seen.filter(({ at }) => at >= from)
    abort()
    await following
    await proxy.close()
    return { inOneSecond: seen.filter(({ at }) => at < from + 1_000).length, inAll: seen.length, snapshots }
  }

  /** Its connections are dead for five seconds, and what was asked meanwhile is never answered. */
  async function regain(): Promise<boolean> {
    const proxy = await startFaultProxy(consul.address)
    proxy.inject(faults.hang)
    const { runtime, abort } = aRuntime()
    const source = sources.create({ type: 'consul', address: proxy.address } as never, runtime)
    const first = Promise.withResolvers<Snapshot>()
    const following = follow(source, () => true, first.resolve, runtime)
    await new Promise(resolve => setTimeout(resolve, 5_000))
    proxy.heal()
    const { services } = await first.promise
    abort()
    await following
    await proxy.close()
    return services.some(({ name }) => name === 'web')
  }

  let isRegained = false
  const cold = new Map<string, Asked>()
  const warm = new Map<string, Asked>()
  beforeAll(async () => {
    // All at the same time: what takes ten seconds has to be waited for once.
    await Promise.all([
      regain().then(is => {
        isRegained = is
      }),
      ...kinds.flatMap(kind => [
        ask(kind, true).then(asked => cold.set(kind.title, asked)),
        ask(kind, false).then(asked => warm.set(kind.title, asked)),
      ]),
    ])
  })
  const of = (all: ReadonlyMap<string, Asked>, title: string) => all.get(title) as Asked

  it.each(kinds)('C4 C6 C8 C9 C11 C12: $title, from the beginning', ({ title, isAnswer = false }) => {
    const { inOneSecond, inAll } = of(cold, title)

    expect(inAll).toBeLessThan(5 * SECONDS)
    // Where the answers are right, the first reading of everything is among them.
    expect(inOneSecond).toBeLessThanOrEqual(isAnswer ? 20 : 6)
  })

  it.each(kinds)('C4 C6 C8 C9 C11 C12: $title, after all was well; nothing is lost', ({ title, isAnswer = false }) => {
    const { inOneSecond, inAll, snapshots } = of(warm, title)

    expect(inAll).toBeLessThan(5 * SECONDS)
    expect(inOneSecond).toBeLessThanOrEqual(isAnswer ? 15 : 6)
    expect(snapshots.length).toBeGreaterThan(0)
    for (const snapshot of snapshots)
      expect(snapshot.services.map(({ name }) => name)).toEqual(['consul', 'far', 'web'])
  })

  it('C12: one whose connections went dead is asked again when the answer is overdue', () => {
    expect(isRegained).toBe(true)
  })
})
