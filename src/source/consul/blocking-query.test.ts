import { describe, expect, it } from 'vitest'
import { nextIndex, pause } from './blocking-query.ts'

describe('the index to wait on next', () => {
  it.each([
    { title: 'waits for the next change', asked: 7n, answered: 9n, next: 9n },
    { title: 'goes on waiting after a timeout', asked: 9n, answered: 9n, next: 9n },
    { title: 'starts over when the servers were restored', asked: 9n, answered: 3n, next: 0n },
    { title: 'does not spin on index zero', asked: 0n, answered: 0n, next: 1n },
    { title: 'starts over when the servers were restored to nothing', asked: 9n, answered: 0n, next: 0n },
    { title: 'is exact beyond 2^53', asked: 9007199254740992n, answered: 9007199254740993n, next: 9007199254740993n },
  ])('$title', ({ asked, answered, next }) => {
    expect(nextIndex(asked, answered)).toBe(next)
  })
})

describe('the pause between two calls', () => {
  it('fills up to 100 ms after news, so that a storm of changes is no storm of requests', () => {
    expect(pause(0, 40, 30, 0.5)).toBe(70)
  })

  it('is none when the call took longer anyway', () => {
    expect(pause(0, 1, 30_000, 0.5)).toBeLessThanOrEqual(0)
  })

  it('grows, with full jitter, when Consul answers again and again although nothing changed', () => {
    expect([1, 2, 3, 4, 5, 6].map(vain => pause(vain, 1, 0, 1))).toEqual([600, 700, 700, 4_100, 8_100, 16_100])
    expect([1, 2, 3, 4, 5, 6].map(vain => pause(vain, 1, 0, 0))).toEqual([100, 700, 700, 100, 100, 100])
  })

  it('pays for what else was asked because of such an answer: forty nodes are forty questions', () => {
    expect(pause(4, 43, 1_000, 0)).toBe(16_000)
  })

  it('but a few times may happen to anybody: then no change is seen later than a second, however many nodes', () => {
    expect([1, 2, 3].map(vain => pause(vain, 500, 0, 1))).toEqual([700, 700, 700])
    expect(pause(1, 3, 0, 0)).toBe(100)
  })

  it('is never longer than half a minute, nor shorter than 100 ms', () => {
    for (const vain of [1, 2, 10, 100, 5_000]) {
      for (const random of [0, 0.5, 1]) {
        expect(pause(vain, 500, 0, random)).toBeGreaterThanOrEqual(100)
        expect(pause(vain, 500, 0, random)).toBeLessThanOrEqual(30_100)
      }
    }
  })
})
