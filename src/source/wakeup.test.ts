import { expect, it } from 'vitest'
import { Wakeup } from './wakeup.ts'

it('rings that come while the listener is busy are one ring', async () => {
  const wakeup = new Wakeup()
  wakeup.ring()
  wakeup.ring()

  await wakeup.rung()
  const next = wakeup.rung().then(() => 'rung')

  expect(await Promise.race([next, 'still waiting'])).toBe('still waiting')
  wakeup.ring()
  expect(await next).toBe('rung')
})

it('a failure is heard before a ring, and stays', async () => {
  const wakeup = new Wakeup()
  wakeup.ring()
  wakeup.fail(new Error('first'))
  wakeup.fail(new Error('second'))

  await expect(wakeup.rung()).rejects.toThrow('first')
  await expect(wakeup.rung()).rejects.toThrow('first')
})

it('a failure wakes whoever waits', async () => {
  const wakeup = new Wakeup()
  const waiting = wakeup.rung()

  wakeup.fail(new Error('lost'))

  await expect(waiting).rejects.toThrow('lost')
})
