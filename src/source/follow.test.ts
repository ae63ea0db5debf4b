import { describe, expect, it } from 'vitest'
import { aRuntime, aService, aSnapshot } from '../../test/support/builders.ts'
import { UpstreamdError } from '../errors.ts'
import type { LastSnapshot } from '../last-snapshot.ts'
import type { Snapshot } from '../model/catalog.ts'
import type { Event } from '../observe/event.ts'
import type { Clock } from '../runtime.ts'
import { follow } from './follow.ts'
import type { Source } from './source.ts'

const lost = new UpstreamdError('SOURCE_UNREACHABLE', 'connection refused')

/** Its time passes only in sleeps, which take none. */
function aClock(): Clock & { readonly slept: number[]; pass(ms: number): void } {
  const slept: number[] = []
  let now = 0
  return {
    slept,
    now: () => now,
    pass(ms) {
      now += ms
    },
    async sleep(ms, signal) {
      signal.throwIfAborted()
      slept.push(ms)
      now += ms
    },
  }
}

/** What happens in an attempt: a snapshot, some ms that pass, or the error that ends it. */
type Part = Snapshot | number | Error

/** Every attempt costs so many questions. */
function aSource(clock: { pass(ms: number): void }, attempts: Part[][], cost = 1): Source {
  let asked = 0
  return {
    name: 'consul',
    description: 'consul at http://127.0.0.1:8500',
    asked: () => asked,
    async *snapshots() {
      asked += cost
      for (const part of attempts.shift() ?? []) {
        if (part instanceof Error) throw part
        if (typeof part === 'number') clock.pass(part)
        else yield part
      }
    },
  }
}

const first = aSnapshot({ index: '7', services: [aService({ name: 'a' }), aService({ name: 'b' })] })
const second = aSnapshot({ index: '9', services: [] })

/** Follows until the last snapshot has come. */
async function followed(attempts: Part[][], given: { cost?: number; memory?: LastSnapshot } = {}) {
  const clock = aClock()
  const { runtime, events, abort } = aRuntime(clock)
  const last = attempts.flat().findLast(part => typeof part === 'object' && !(part instanceof Error))
  const delivered: Snapshot[] = []
  const deliver = (snapshot: Snapshot) => {
    delivered.push(snapshot)
    if (snapshot === last) abort()
  }
  await follow(aSource(clock, attempts, given.cost), () => true, deliver, runtime, given.memory)
  return { delivered, events, clock }
}

describe('a source is kept going', () => {
  it('what it says is passed on, in its order', async () => {
    const { delivered, events } = await followed([[first, second]])

    expect(delivered).toEqual([first, second])
    expect(events.map(({ type }) => type)).toEqual(['source.snapshot', 'source.snapshot'])
  })

  it('a loss is told with what is kept and when it is tried again; the return with how long it took', async () => {
    const { delivered, events, clock } = await followed([[first, lost], [lost], [second]])

    expect(delivered).toEqual([first, second])
    expect(events).toMatchObject([
      { type: 'source.snapshot', index: '7' },
      {
        type: 'source.lost',
        code: 'SOURCE_UNREACHABLE',
        problem: 'cannot read services from consul at http://127.0.0.1:8500: connection refused',
        kept: '2 services from index 7',
        attempt: 1,
        retryIn: clock.slept[0],
      },
      { type: 'source.lost', attempt: 2, retryIn: clock.slept[1] },
      { type: 'source.recovered', after: (clock.slept[0] ?? 0) + (clock.slept[1] ?? 0) },
      { type: 'source.snapshot', index: '9' },
    ])
  })

  it('before the first word nothing is kept', async () => {
    const { events } = await followed([[lost], [first]])

    expect(events[0]).toMatchObject({ type: 'source.lost', kept: undefined })
  })

  it('contact that holds ends the series of failures', async () => {
    const { events } = await followed([[lost], [lost], [first, 10_000, lost], [second]])

    expect(attemptsOf(events)).toEqual([1, 2, 1])
  })

  it('contact that is lost at once does not: who makes us read everything anew must not be asked all the time', async () => {
    const { events } = await followed([[lost], [first, lost], [first, 9_999, lost], [second]])

    expect(attemptsOf(events)).toEqual([1, 2, 3])
  })

  it('a try that costs many questions is paid for with time, half a second for each', async () => {
    const again: Part[] = [first, lost]
    const { clock } = await followed([[first, 10_000, lost], again, again, again, [second]], { cost: 24 })

    expect(clock.slept[0]).toBeLessThan(400) // what was asked while all was well is not counted
    expect(clock.slept.slice(1)).toEqual([4_000, 8_000, 16_000])
  })

  it('what is no fault of the source is not retried: it is a bug', async () => {
    const bug = new TypeError('x is not a function')

    await expect(followed([[bug], [first]])).rejects.toBe(bug)
  })

  it('a stop ends it, also in the middle of a pause', async () => {
    const { runtime, abort } = aRuntime({
      now: () => 0,
      async sleep(_ms, signal) {
        abort()
        signal.throwIfAborted()
      },
    })

    const source = aSource(aClock(), [[lost], [lost]])

    const ended = follow(
      source,
      () => true,
      () => {},
      runtime,
    )

    await expect(ended).resolves.toBeUndefined()
  })
})

const attemptsOf = (events: readonly Event[]) =>
  events.flatMap(event => (event.type === 'source.lost' ? [event.attempt] : []))

describe('what was known in the last run', () => {
  const old = aSnapshot({ index: '5', services: [aService({ name: 'old' })] })
  function aMemory(recalled: Snapshot | undefined) {
    const calls: string[] = []
    const memory: LastSnapshot = {
      async recall() {
        calls.push('recall')
        return recalled && { snapshot: recalled, at: '2026-01-02T03:04:05.000Z', age: 60_000 }
      },
      keep: ({ index }) => void calls.push(`keep ${index}`),
      lost: () => void calls.push('lost'),
      close: async () => {},
    }
    return { memory, calls }
  }

  it('stands in for a source that fails before its first word, once, and that is said', async () => {
    const { memory, calls } = aMemory(old)

    const { delivered, events } = await followed([[lost], [lost], [first]], { memory })

    expect(delivered).toEqual([old, first])
    expect(calls).toEqual(['recall', 'keep 7'])
    expect(events.map(({ type }) => type)).toEqual([
      'source.lost',
      'source.recalled',
      'source.lost',
      'source.recovered',
      'source.snapshot',
    ])
    expect(events[0]).toMatchObject({ kept: '1 services from index 5' })
    expect(events[1]).toMatchObject({ services: 1, index: '5', at: '2026-01-02T03:04:05.000Z', age: 60_000 })
  })

  it('is not asked for when the source answers, nor when it is lost later', async () => {
    const { memory, calls } = aMemory(old)

    const { delivered } = await followed([[first, lost], [second]], { memory })

    expect(delivered).toEqual([first, second])
    expect(calls).toEqual(['keep 7', 'lost', 'keep 9'])
  })

  it('may be nothing', async () => {
    const { memory } = aMemory(undefined)

    const { delivered, events } = await followed([[lost], [first]], { memory })

    expect(delivered).toEqual([first])
    expect(events[0]).toMatchObject({ type: 'source.lost', kept: undefined })
  })
})
