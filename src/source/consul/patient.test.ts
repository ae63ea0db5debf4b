import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { aRuntime } from '../../../test/support/builders.ts'
import { stoppedClock } from '../../../test/support/stopped-clock.ts'
import type { Answer, Question } from './answer.ts'
import { createBells, type Rope } from './bells.ts'
import { createPatient } from './patient.ts'
import type { SharedClient } from './taking-turns.ts'

const own: Question<string> = { path: '/kv/app/a', schema: z.string() }
const rope: Rope = { id: 'app', questions: [{ path: '/kv/app/', schema: z.unknown() }] }

const endings: (() => void)[] = []
afterEach(() => {
  for (const end of endings.splice(0)) end()
})

/** A Consul with a value and a table around it; who blocks is answered when one of them moves, or his time is over. */
function aScene(size = 2) {
  const { clock, pass } = stoppedClock()
  const { runtime, abort } = aRuntime(clock)
  endings.push(abort)
  const consul = { value: 'old', own: 5n, table: 7n, asked: [] as string[], lines: 0, isDenied: false }
  const client: SharedClient = {
    async ask<T>({ path, index, wait = 0 }: Question<T>, signal: AbortSignal, sending?: () => void) {
      sending?.()
      consul.asked.push(index === undefined ? path : `${path} blocking`)
      const isOwn = path === own.path
      if (!isOwn && consul.isDenied) throw new Error('denied')
      const end = clock.now() + wait
      const current = () => (isOwn ? consul.own : consul.table)
      while (index !== undefined && current() <= index && clock.now() < end) await clock.sleep(10, signal)
      const digest = isOwn ? consul.value : String(consul.table)
      return { index: current(), body: consul.value as T, digest, took: 0 } satisfies Answer<T>
    },
    join() {
      consul.lines += 1
      return () => {
        consul.lines -= 1
      }
    },
    rest: (_, ms, signal) => clock.sleep(ms, signal),
  }
  const bellOf = createBells(client, () => true, runtime)
  const patients = Array.from({ length: size }, () => createPatient(client, bellOf(rope), clock))
  const blocking = (wait = 30_000) => patients.map(patient => patient.ask({ ...own, index: 5n, wait }, runtime.signal))
  return { consul, patients, blocking, pass, signal: runtime.signal }
}

describe('where two ask about one table', () => {
  it('only the table is watched, and both are asked when it has moved', async () => {
    const { consul, patients, blocking, pass, signal } = aScene()
    await pass(0)
    for (const patient of patients) await patient.ask(own, signal)
    const answers = blocking()
    await pass(1_000)
    expect(consul.asked.filter(path => path.startsWith('/kv/app/a'))).toHaveLength(2)
    expect(consul.lines).toBe(1)

    Object.assign(consul, { value: 'new', own: 8n, table: 8n })
    await pass(1_000)

    expect((await Promise.all(answers)).map(({ body }) => body)).toEqual(['new', 'new'])
    expect(consul.asked.filter(path => path.endsWith('a blocking'))).toEqual([])
  })

  it('what moved in the table and is not theirs is no answer; the end of their time is', async () => {
    const { consul, patients, blocking, pass, signal } = aScene()
    await pass(0)
    for (const patient of patients) await patient.ask(own, signal)
    let answered = 0
    for (const answer of blocking()) answer.then(() => (answered += 1)).catch(() => {}) // ends with the test
    await pass(1_000)

    consul.table = 9n
    await pass(20_000)
    expect(answered).toBe(0)
    expect(consul.asked.filter(path => path === own.path)).toHaveLength(4)

    await pass(10_000)
    expect(answered).toBe(2)
  })

  it('a table that moves all the time for others is read less often than one that moves for them', async () => {
    const readings = async (isTheirs: boolean) => {
      const { consul, patients, pass, signal } = aScene(20)
      await pass(0)
      async function follow(patient: (typeof patients)[0]): Promise<never> {
        let { index } = await patient.ask(own, signal)
        while (true) index = (await patient.ask({ ...own, index, wait: 30_000 }, signal)).index
      }
      for (const patient of patients) follow(patient).catch(() => {}) // ends with the test
      await pass(100)
      const before = consul.asked.length
      for (let change = 0; change < 100; change += 1) {
        consul.table += 1n
        if (isTheirs) consul.own += 1n
        await pass(50)
      }
      return consul.asked.length - before
    }

    const [ours, others] = [await readings(true), await readings(false)]

    expect(others).toBeLessThan(0.6 * ours)
  })

  it('what moved before the table was watched is seen, too', async () => {
    const { consul, patients, blocking, pass, signal } = aScene()
    const reading = patients.map(patient => patient.ask(own, signal)) // before there was any answer about the table
    Object.assign(consul, { value: 'new', own: 8n, table: 8n })
    await Promise.all(reading)
    await pass(0)

    const answers = blocking()
    await pass(10)

    expect((await Promise.all(answers)).map(({ body }) => body)).toEqual(['new', 'new'])
  })

  it('it is not watched any more when all have left', async () => {
    const { consul, patients, blocking, pass, signal } = aScene()
    await pass(0)
    for (const patient of patients) await patient.ask(own, signal)
    for (const answer of blocking()) answer.catch(() => {}) // ends with the test
    await pass(1_000)
    expect(consul.lines).toBe(1)

    for (const patient of patients) patient.leave()
    await pass(1_000)

    expect(consul.lines).toBe(0)
  })
})
