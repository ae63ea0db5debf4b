import { expect, it } from 'vitest'
import { UpstreamdError } from '../../errors.ts'
import { agentName } from './lookup-questions.ts'
import { renewing } from './renewing.ts'

const denied = new UpstreamdError('SOURCE_DENIED', 'HTTP 403')
const { signal } = new AbortController()

/** Clients that are answered when the test says so. */
function aScene() {
  const opened: { answer(error?: Error): void; asked: number; isClosed: boolean }[] = []
  const client = renewing(() => {
    const waiting: { resolve(answer: never): void; reject(error: Error): void }[] = []
    const one = {
      asked: 0,
      isClosed: false,
      answer(error?: Error) {
        const next = waiting.shift()
        if (error === undefined) next?.resolve({} as never)
        else next?.reject(error)
      },
    }
    opened.push(one)
    return {
      ask: () => {
        one.asked += 1
        return new Promise((resolve, reject) => void waiting.push({ resolve, reject }))
      },
      close: () => {
        one.isClosed = true
      },
    }
  })
  return { client, opened, ask: () => client.ask(agentName, signal) }
}

it('a client that is answered goes on being used', async () => {
  const { opened, ask } = aScene()
  const answer = ask()
  opened[0]?.answer()
  await answer

  ask().catch(() => {}) // is never answered

  expect(opened.map(({ asked }) => asked)).toEqual([2])
})

it('after a failure there is a new one, and what the old one is being asked is still answered', async () => {
  const { opened, ask } = aScene()
  const [failing, lasting] = [ask(), ask()]
  opened[0]?.answer(denied)
  await expect(failing).rejects.toBe(denied)

  const next = ask()
  expect(opened.map(({ asked, isClosed }) => [asked, isClosed])).toEqual([
    [2, false],
    [1, false],
  ])

  opened[0]?.answer()
  await lasting
  expect(opened[0]?.isClosed).toBe(true)
  opened[1]?.answer()
  await next
})

it('there are never more than two, so that connections stay few', async () => {
  const { opened, ask } = aScene()
  const failing = ask()
  ask().catch(() => {}) // is never answered
  opened[0]?.answer(denied)
  await expect(failing).rejects.toBe(denied)

  for (const attempt of [1, 2, 3]) {
    const again = ask()
    opened[1]?.answer(denied)
    await expect(again, `attempt ${attempt}`).rejects.toBe(denied)
  }

  expect(opened).toHaveLength(2)
})

it('closing closes all of them', async () => {
  const { client, opened, ask } = aScene()
  const failing = ask()
  ask().catch(() => {}) // is never answered
  opened[0]?.answer(denied)
  await expect(failing).rejects.toBe(denied)
  ask().catch(() => {}) // the same

  client.close()

  expect(opened.map(({ isClosed }) => isClosed)).toEqual([true, true])
})
