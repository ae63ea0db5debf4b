import { describe, expect, it } from 'vitest'
import { aRuntime, aService, aSnapshot } from '../../test/support/builders.ts'
import { UpstreamdError } from '../errors.ts'
import type { Snapshot } from '../model/catalog.ts'
import type { Clock } from '../runtime.ts'
import { delayAfter, follow } from './follow.ts'
import type { Source } from './source.ts'

const lost = new UpstreamdError('SOURCE_UNREACHABLE', 'connection refused')
const denied = new UpstreamdError('SOURCE_DENIED', 'HTTP 403')

describe('the time until the next try', () => {
  it('grows with every failure in a row, up to half a minute', () => {
    const longest = [1, 2, 3, 8, 20, 500].map(attempt => delayAfter(attempt, lost, 1))

    expect(longest).toEqual([350, 600, 1_100, 30_100, 30_100, 30_100])
  })

  it('is spread over the whole interval, so that a site’s daemons do not come all at once', () => {
    expect([0, 0.25, 0.5].map(random => delayAfter(3, lost, random))).toEqual([100, 350, 600])
  })

  it('is never nothing', () => {
    for (const attempt of [1, 5, 50]) expect(delayAfter(attempt, lost, 0)).toBeGreaterThanOrEqual(100)
  })

  it('is the longest at once when the token is refused: knocking does not help', () => {
    expect(delayAfter(1, denied, 0)).toBe(24_000)
    expect(delayAfter(1, denied, 1)).toBe(30_000)
  })

  it('is what the other side asks for', () => {
    const busy = new UpstreamdError('SOURCE_UNREACHABLE', 'HTTP 429', { retryAfter: 7_000 })

    expect(delayAfter(1, busy, 0)).toBe(7_000)
    expect(delayAfter(9, busy, 1)).toBe(7_250)
  })

  it('but not if it asks for an hour', () => {
    const rude = new UpstreamdError('SOURCE_UNREACHABLE', 'HTTP 503', { retryAfter: 3_600_000 })

    expect(delayAfter(1, rude, 0)).toBe(30_000)
  })
})

/** Its time passes only in sleeps, and these take none. */
function aClock(): Clock & { readonly slept: number[] } {
  const slept: number[] = []
  return {
    slept,
    now: () => slept.reduce((sum, ms) => sum + ms, 0),
    async sleep(ms, signal) {
      signal.throwIfAborted()
      slept.push(ms)
    },
  }
}

/** Every attempt is a list of what it yields; an error at its end is thrown. */
function aSource(...attempts: (Snapshot | Error)[][]): Source {
  return {
    name: 'consul',
    description: 'consul at http://127.0.0.1:8500',
    async *snapshots() {
      for (const part of attempts.shift() ?? []) {
        if (part instanceof Error) throw part
        yield part
      }
    },
  }
}

describe('a source is kept going', () => {
  const first = aSnapshot({ index: '7', services: [aService({ name: 'a' }), aService({ name: 'b' })] })
  const second = aSnapshot({ index: '9', services: [] })

  async function followed(attempts: (Snapshot | Error)[][]) {
    const clock = aClock()
    const { runtime, events, abort } = aRuntime(clock)
    const wanted = attempts.flat().filter(part => !(part instanceof Error)).length
    const delivered: Snapshot[] = []
    const deliver = (snapshot: Snapshot) => {
      delivered.push(snapshot)
      if (delivered.length === wanted) abort()
    }
    await follow(aSource(...attempts), () => true, deliver, runtime)
    return { delivered, events, clock }
  }

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

  it('a success ends the series of failures', async () => {
    const { events } = await followed([[lost], [first, lost], [second]])

    expect(events.filter(({ type }) => type === 'source.lost')).toMatchObject([{ attempt: 1 }, { attempt: 1 }])
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

    await expect(
      follow(
        aSource([lost], [lost]),
        () => true,
        () => {},
        runtime,
      ),
    ).resolves.toBeUndefined()
  })
})
