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
  it('fills up to 100 ms after a change, so that a storm of changes is no storm of requests', () => {
    expect(pause(30, 0, 0.5)).toBe(70)
  })

  it('is none when the call took longer anyway', () => {
    expect(pause(30_000, 0, 0.5)).toBeLessThanOrEqual(0)
  })

  it('grows when Consul answers at once although nothing moved', () => {
    const pauses = [1, 2, 3, 4, 5, 6].map(idle => pause(0, idle, 1))

    expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000])
  })

  it('is never longer than half a minute, nor shorter than 100 ms', () => {
    for (const idle of [1, 2, 10, 100, 5_000]) {
      for (const random of [0, 0.5, 1]) {
        expect(pause(0, idle, random)).toBeGreaterThanOrEqual(100)
        expect(pause(0, idle, random)).toBeLessThanOrEqual(30_000)
      }
    }
  })
})
