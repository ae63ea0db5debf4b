import { expect, it } from 'vitest'
import { patience, usualLimits } from './client.ts'

it.each([
  { title: 'an answer that need not block: ten seconds', wait: 0, ms: 10_000 },
  { title: 'a query that blocks: what it may block, a sixteenth more, and ten seconds', wait: 30_000, ms: 41_875 },
])('how long is waited for $title', ({ wait, ms }) => {
  expect(patience(wait, usualLimits)).toBe(ms)
})

it('nobody may fall silent in the middle of an answer for more than a quarter of a minute', () => {
  expect(usualLimits.silence).toBe(15_000)
})
