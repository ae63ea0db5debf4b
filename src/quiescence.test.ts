import { afterEach, describe, expect, it } from 'vitest'
import { until } from '../test/support/wait.ts'
import { quiesce } from './quiescence.ts'

/** A run that ends when the test says so, or at once. */
function aRun() {
  const run = { started: 0, running: 0, most: 0, end: undefined as (() => void) | undefined, isHeld: false }
  const task = async () => {
    run.started += 1
    run.running += 1
    run.most = Math.max(run.most, run.running)
    if (run.isHeld) await new Promise<void>(resolve => (run.end = resolve))
    run.running -= 1
  }
  return { run, task }
}

const soon = { min: 5, max: 20 }
const never = { min: 3_600_000, max: 3_600_000 }
let ending = new AbortController()
afterEach(() => {
  ending.abort()
  ending = new AbortController()
})

it('what runs can see that something newer has come', async () => {
  const { run, task } = aRun()
  run.isHeld = true
  const quiescence = quiesce(task, soon, ending.signal)
  quiescence.tick()
  expect(quiescence.isStale()).toBe(false)

  quiescence.tick()
  expect(quiescence.isStale()).toBe(true)

  run.isHeld = false
  run.end?.()
  await quiescence.idle()
  await until('the second run', () => run.started === 2)
  expect(quiescence.isStale()).toBe(false)
})

describe('a burst of changes', () => {
  it('the first change waits for nothing', () => {
    const { run, task } = aRun()
    const quiescence = quiesce(task, never, ending.signal)

    quiescence.tick()

    expect(run.started).toBe(1)
  })

  it('the second one waits for calm', () => {
    const { run, task } = aRun()
    const quiescence = quiesce(task, never, ending.signal)

    quiescence.tick()
    quiescence.tick()

    expect(run.started).toBe(1)
  })

  it('is one run when it is over', async () => {
    const { run, task } = aRun()
    const quiescence = quiesce(task, soon, ending.signal)
    quiescence.tick()

    for (let n = 0; n < 100; n += 1) quiescence.tick()
    await quiescence.idle()

    expect(run.started).toBe(2)
  })

  it('that never ends is not waited for: it runs again and again', async () => {
    const { run, task } = aRun()
    const quiescence = quiesce(task, { min: 50, max: 100 }, ending.signal)

    const ticks = setInterval(() => quiescence.tick(), 5)
    try {
      await until('the third run', () => run.started >= 3, 4_000)
    } finally {
      clearInterval(ticks)
    }
  })
})

describe('one run at a time', () => {
  it('what changes during a run makes one more run, and no second beside it', async () => {
    const { run, task } = aRun()
    const quiescence = quiesce(task, soon, ending.signal)
    run.isHeld = true
    quiescence.tick()

    for (let n = 0; n < 10; n += 1) quiescence.now()
    run.isHeld = false
    run.end?.()
    await quiescence.idle()

    expect(run).toMatchObject({ started: 2, running: 0, most: 1 })
  })

  it('an operator does not wait for calm', async () => {
    const { run, task } = aRun()
    const quiescence = quiesce(task, never, ending.signal)
    quiescence.tick()
    quiescence.tick()

    quiescence.now()
    await quiescence.idle()

    expect(run.started).toBe(2)
  })
})

describe('what is done while waiting for calm', () => {
  /** Counts, and says whether a run was on its way. */
  function aWatch(run: { readonly running: number }) {
    const seen: number[] = []
    return { seen, meanwhile: async () => void seen.push(run.running) }
  }

  it('is done once for every wait, however many changes come', async () => {
    const { run, task } = aRun()
    const { seen, meanwhile } = aWatch(run)
    const quiescence = quiesce(task, soon, ending.signal, meanwhile)
    quiescence.tick()
    await quiescence.idle()

    for (let n = 0; n < 10; n += 1) quiescence.tick()
    await quiescence.idle()

    expect(seen).toEqual([0])
    expect(run.started).toBe(2)
  })

  it('ends before the run', async () => {
    const { run, task } = aRun()
    const { promise: held, resolve: release } = Promise.withResolvers<void>()
    const quiescence = quiesce(task, never, ending.signal, () => held)
    quiescence.tick()
    await quiescence.idle()
    quiescence.tick()

    quiescence.now()
    await new Promise(resolve => setImmediate(resolve))
    expect(run.started).toBe(1)

    release()
    await quiescence.idle()
    expect(run.started).toBe(2)
  })

  it('is never done beside a run', async () => {
    const { run, task } = aRun()
    const { seen, meanwhile } = aWatch(run)
    const quiescence = quiesce(task, soon, ending.signal, meanwhile)
    run.isHeld = true
    quiescence.tick()

    quiescence.tick()
    run.isHeld = false
    run.end?.()
    await quiescence.idle()

    expect(seen.every(running => running === 0)).toBe(true)
    expect(run.started).toBe(2)
  })

  it('nor beside the one that trails it', async () => {
    const { run, task } = aRun()
    const { seen, meanwhile } = aWatch(run)
    const quiescence = quiesce(task, soon, ending.signal, meanwhile)
    run.isHeld = true
    quiescence.tick()
    quiescence.now()
    run.end?.()
    await until('the trailing run has begun', () => run.started === 2, 4_000)
    await new Promise(resolve => setImmediate(resolve))

    quiescence.tick()
    run.isHeld = false
    run.end?.()
    await quiescence.idle()

    expect(seen.every(running => running === 0)).toBe(true)
    expect(run.started).toBe(3)
  })
})

describe('a stop', () => {
  it('ends the waiting: what was pending does not run', async () => {
    const { run, task } = aRun()
    const quiescence = quiesce(task, never, ending.signal)
    quiescence.tick()
    quiescence.tick()

    ending.abort()
    await quiescence.idle()

    expect(run.started).toBe(1)
  })

  it('nothing starts behind it', async () => {
    const { run, task } = aRun()
    const quiescence = quiesce(task, soon, ending.signal)
    ending.abort()

    quiescence.tick()
    quiescence.now()
    await quiescence.idle()

    expect(run.started).toBe(0)
  })

  it('the run that is on its way is waited for', async () => {
    const { run, task } = aRun()
    const quiescence = quiesce(task, soon, ending.signal)
    run.isHeld = true
    quiescence.tick()
    ending.abort()

    let isIdle = false
    const idle = quiescence.idle().then(() => {
      isIdle = true
    })
    await new Promise(resolve => setImmediate(resolve))
    expect(isIdle).toBe(false)

    run.end?.()
    await idle
    expect(run.running).toBe(0)
  })
})
