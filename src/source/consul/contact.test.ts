import { afterEach, describe, expect, it } from 'vitest'
import { stoppedClock } from '../../../test/support/stopped-clock.ts'
import { Contact } from './contact.ts'

let ending = new AbortController()
afterEach(() => {
  ending.abort()
  ending = new AbortController()
})

/** Many who ask again and again; what they are answered is for the test to say. */
function aCrowd(size: number) {
  const { clock, pass } = stoppedClock()
  const contact = new Contact(clock)
  const crowd = { asked: 0, isWell: false }
  async function ask(): Promise<void> {
    while (!ending.signal.aborted) {
      const isTrial = await contact.admit(ending.signal)
      crowd.asked += 1
      if (crowd.isWell) contact.answered()
      else contact.failed()
      if (isTrial) contact.tried()
      await contact.rest(20_000, ending.signal)
    }
  }
  for (let member = 0; member < size; member += 1) ask().catch(() => {}) // ends with the test
  return { contact, crowd, pass, clock }
}

describe('while nothing but errors comes back', () => {
  it('at most two a second are asked, whoever wants to know', async () => {
    const { contact, crowd, pass, clock } = aCrowd(1)
    await pass(0)
    expect([crowd.asked, contact.isLost]).toEqual([1, true])

    let admitted = 0
    for (let other = 0; other < 50; other += 1) {
      const admit = async () => {
        await contact.admit(ending.signal)
        admitted += 1
        await clock.sleep(100, ending.signal)
        contact.failed()
        contact.tried()
      }
      admit().catch(() => {}) // ends with the test
    }
    await pass(10_000)

    expect(admitted).toBeGreaterThan(10)
    expect(admitted).toBeLessThanOrEqual(20)
  })

  it('one answer is enough: all others are asked at once', async () => {
    const { crowd, pass, contact } = aCrowd(10)
    await pass(30_000)
    crowd.isWell = true
    const before = crowd.asked

    while (crowd.asked === before) await pass(100)
    await pass(600)

    expect(contact.isLost).toBe(false)
    expect(crowd.asked - before).toBeGreaterThanOrEqual(10)
  })
})

it('one that fails among others that do not is left to its own pauses', async () => {
  const { clock, pass } = stoppedClock()
  const contact = new Contact(clock)
  let tries = 0
  async function fail(): Promise<void> {
    while (!ending.signal.aborted) {
      const isTrial = await contact.admit(ending.signal)
      tries += 1
      contact.failed()
      if (isTrial) contact.tried()
      await contact.rest(20_000, ending.signal)
    }
  }
  fail().catch(() => {}) // ends with the test

  for (let second = 0; second < 60; second += 1) {
    contact.answered()
    await pass(1_000)
  }

  expect(tries).toBeLessThanOrEqual(4)
})
