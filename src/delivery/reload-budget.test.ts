import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { aGeneration, aRuntime } from '../../test/support/builders.ts'
import { UpstreamdError } from '../errors.ts'
import type { Clock } from '../runtime.ts'
import type { Activation, Running, Target } from '../target/target.ts'
import { createBucket, withReloadBudget } from './reload-budget.ts'

/** A clock that stands still; who sleeps on it is woken by `pass`. */
function aClock() {
  let time = 0
  const sleepers = new Set<{ readonly until: number; wake(): void }>()
  const clock: Clock = {
    now: () => time,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const sleeper = { until: time + ms, wake: resolve }
        sleepers.add(sleeper)
        signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      }),
  }
  const pass = (ms: number) => {
    time += ms
    for (const sleeper of sleepers) {
      if (sleeper.until > time) continue
      sleepers.delete(sleeper)
      sleeper.wake()
    }
  }
  return { clock, pass }
}

describe('reloads', () => {
  function aBucket(interval = 2_000) {
    const { clock, pass } = aClock()
    const bucket = createBucket(interval, clock.now)
    /** Reloads when it may; else says how long it has to wait. */
    const reload = () => {
      const wait = bucket.wait()
      if (wait === 0) bucket.take()
      return wait
    }
    return { bucket, pass, reload }
  }

  it('may come three at once, then one in an interval', () => {
    const { pass, reload } = aBucket()

    expect([reload(), reload(), reload(), reload()]).toEqual([0, 0, 0, 2_000])
    pass(2_000)
    expect([reload(), reload()]).toEqual([0, 2_000])
  })

  it('are not delayed when they come a few seconds apart', () => {
    const { pass, reload } = aBucket()

    for (let change = 0; change < 100; change += 1) {
      expect(reload()).toBe(0)
      pass(2_000)
    }
  })

  it('may come three at once again when it was calm for three intervals, and no more than that after a year', () => {
    const { pass, reload } = aBucket()
    for (let first = 0; first < 3; first += 1) reload()

    pass(6_000)
    expect([reload(), reload(), reload()]).toEqual([0, 0, 0])
    pass(365 * 24 * 3_600_000)
    expect([reload(), reload(), reload(), reload()]).toEqual([0, 0, 0, 2_000])
  })

  it.each([
    { draining: 4, interval: 2_000 },
    { draining: 5, interval: 4_000 },
    { draining: 6, interval: 8_000 },
    { draining: 7, interval: 10_000 },
    { draining: 42, interval: 10_000 },
  ])('come every $interval ms while $draining generations are draining', ({ draining, interval }) => {
    const { bucket, pass, reload } = aBucket()

    expect(bucket.pace(draining)).toBe(interval)

    for (let change = 0; change < 5; change += 1) reload()
    pass(60_000)
    const waited = [reload(), reload(), reload(), reload()].find(wait => wait > 0)
    expect(waited).toBe(interval)
  })

  it('come one by one while generations pile up: what was saved for a burst is not used', () => {
    const { bucket, reload } = aBucket()

    bucket.pace(5)

    expect([reload(), reload()]).toEqual([0, 4_000])
  })

  it('come at the usual pace again from the moment the old generations are done', () => {
    const { bucket, pass, reload } = aBucket()
    bucket.pace(7)
    reload()
    pass(5_000) // half a token

    bucket.pace(0)

    expect(reload()).toBe(1_000)
  })

  it('keep an interval that is longer than any stretched one', () => {
    expect(createBucket(60_000, () => 0).pace(9)).toBe(60_000)
  })

  it('are never more than three and one for each interval, however the changes come', () => {
    const changes = fc.array(fc.record({ after: fc.nat(3_000), draining: fc.nat(8) }), { maxLength: 200 })

    fc.assert(
      fc.property(changes, all => {
        const { bucket, pass, reload } = aBucket()
        const reloads: number[] = []
        let time = 0
        for (const { after, draining } of all) {
          pass(after)
          time += after
          bucket.pace(draining)
          if (reload() === 0) reloads.push(time)
        }

        for (const [first, start] of reloads.entries()) {
          for (const [last, end] of reloads.entries()) {
            if (last >= first) expect(last - first + 1).toBeLessThanOrEqual(3 + (end - start) / 2_000 + 1e-6)
          }
        }
      }),
    )
  })
})

describe('a target with a reload budget', () => {
  /** A target that says what it is told to say; every activation ends as given. */
  function aTarget(ends: Activation['kind'] | 'throws' = 'reloaded') {
    const { clock, pass } = aClock()
    const { runtime, events, abort } = aRuntime(clock)
    let running: Running | undefined | Error = { pid: 1, digest: 'live', draining: 0 }
    const activations: Record<typeof ends, () => Activation> = {
      reloaded: () => ({ kind: 'reloaded', pid: 1, took: {} }),
      started: () => ({ kind: 'started', pid: 1, took: {} }),
      written: () => ({ kind: 'written', took: {} }),
      rolled_back: () => ({ kind: 'rolled_back', cause: new Error('port taken') }),
      throws: () => {
        throw new UpstreamdError('TARGET_ROLLBACK_FAILED', 'neither forth nor back')
      },
    }
    const plain: Target = {
      name: 'nginx',
      recall: async () => undefined,
      async running() {
        if (running instanceof Error) throw running
        return running
      },
      judge: async () => ({ kind: 'valid', warnings: [] }),
      stage: async () => ({
        validate: async () => ({ kind: 'valid', warnings: [] }),
        activate: async () => activations[ends](),
        discard: async () => {},
      }),
      standIn: async () => false,
      supervise: async () => {},
      stop: async () => {},
    }
    const target = withReloadBudget(plain, 2_000, runtime)
    return {
      plain,
      target,
      runtime,
      events,
      abort,
      pass,
      sees(next: typeof running) {
        running = next
      },
      readyIn: (digest: string) => target.readyIn?.(digest),
      async activate() {
        const staged = await target.stage(aGeneration({}))
        return staged.activate(runtime.signal).catch(() => undefined)
      },
    }
  }
  const draining = (generations: number): Running => ({ pid: 1, digest: 'live', draining: generations })
  /** Lets what was woken run until it waits again. */
  const turn = () => new Promise(resolve => setImmediate(resolve))

  it.each(['reloaded', 'written', 'rolled_back', 'throws'] as const)(
    'counts what is activated, however it ends: %s',
    async ends => {
      const { readyIn, activate } = aTarget(ends)

      for (let change = 0; change < 3; change += 1) {
        expect(await readyIn('next')).toBe(0)
        await activate()
      }

      expect(await readyIn('next')).toBe(2_000)
    },
  )

  it('does not count a start, and never holds one up', async () => {
    const { readyIn, activate, sees } = aTarget('started')
    sees(undefined)

    for (let start = 0; start < 10; start += 1) {
      expect(await readyIn('next')).toBe(0)
      await activate()
    }

    sees(draining(0))
    expect(await readyIn('next')).toBe(0)
  })

  it('lets pass what is live already, and what cannot be looked at, so that the attempt tells why', async () => {
    const { readyIn, activate, sees } = aTarget()
    for (let change = 0; change < 3; change += 1) await activate()

    expect(await readyIn('live')).toBe(0)
    sees(new UpstreamdError('TARGET_STAGE_FAILED', 'no descriptor left'))
    expect(await readyIn('next')).toBe(0)
  })

  it('says once that old generations pile up and once that they are done, though nothing changes meanwhile', async () => {
    const { readyIn, events, sees, pass } = aTarget()
    for (const generations of [4, 5, 7, 6]) {
      sees(draining(generations))
      await readyIn('next')
    }
    expect(events).toEqual([{ type: 'reloads.stretched', draining: 5, interval: 4_000 }])

    pass(2_000)
    await turn()
    expect(events).toHaveLength(1)

    sees(draining(4))
    pass(2_000)
    await turn()
    expect(events.slice(1)).toEqual([{ type: 'reloads.eased' }])

    sees(draining(5))
    await readyIn('next')
    expect(events.slice(2)).toEqual([{ type: 'reloads.stretched', draining: 5, interval: 4_000 }])
  })

  it('is asked again after an interval at the latest: the old generations may be done by then', async () => {
    const { readyIn, activate, sees } = aTarget()
    sees(draining(9))
    await readyIn('next')
    await activate()

    expect(await readyIn('next')).toBe(2_000)
  })

  it('without an interval is the target itself', () => {
    const { plain, runtime } = aTarget()

    expect(withReloadBudget(plain, 0, runtime)).toBe(plain)
  })
})
