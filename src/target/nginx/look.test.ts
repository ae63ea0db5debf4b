import { expect, it } from 'vitest'
import { lookBehind } from './look.ts'
import type { ProcessState } from './process.ts'

const clock = { now: () => performance.now(), wall: () => new Date(), sleep: async () => {} }
const running: ProcessState = { state: 'running', master: { pid: 7, startTime: '1' } }
const { signal } = new AbortController()

/** An nginx that becomes master after so many questions of either kind. */
function nginxAfter(questions: number) {
  let asked = 0
  const isMaster = () => ++asked > questions
  return {
    look: (): ProcessState => (isMaster() ? running : { state: 'absent' }),
    isAnyStarting: () => !isMaster(),
  }
}

it.each([0, 1, 2, 3, 4, 5])('an nginx that becomes master between two looks (%i) is seen', async questions => {
  const { look, isAnyStarting } = nginxAfter(questions)

  expect(await lookBehind(look, isAnyStarting, clock, signal)).toEqual(running)
})

it('where none is starting nobody waits', async () => {
  expect(
    await lookBehind(
      () => ({ state: 'absent' }),
      () => false,
      clock,
      signal,
    ),
  ).toEqual({ state: 'absent' })
})
