import { describe, expect, it } from 'vitest'
import { aRuntime } from '../../../test/support/builders.ts'
import type { Clock } from '../../runtime.ts'
import { deaths, emergencies, heard, verdict, type Witness } from './verify.ts'

const at = '2026/01/02 03:04:05'
const reconfiguring = `${at} [notice] 100#100: reconfiguring`
const accepted = `${at} [notice] 100#100: start worker processes`
const unknown = `${at} [emerg] 100#100: unknown directive "x" in /etc/nginx/app.conf:3`
const bind = `${at} [emerg] 100#100: bind() to 0.0.0.0:80 failed (98: Address already in use)`
const given = `${at} [emerg] 100#100: still could not bind()`

describe('what the log says of a reload', () => {
  it.each([
    { title: 'nothing yet', lines: [], kind: 'nothing' },
    { title: 'it is being read', lines: [reconfiguring], kind: 'reading' },
    { title: 'accepted', lines: [reconfiguring, accepted], kind: 'accepted' },
    { title: 'a port is taken: nginx tries again by itself', lines: [reconfiguring, bind], kind: 'binding' },
    { title: 'the port became free', lines: [reconfiguring, bind, bind, accepted], kind: 'accepted' },
    { title: 'the port stayed taken', lines: [reconfiguring, bind, bind, given], kind: 'refused' },
    { title: 'refused', lines: [reconfiguring, unknown], kind: 'refused' },
    { title: 'refused after another one was accepted', lines: [accepted, reconfiguring, unknown], kind: 'refused' },
    {
      title: 'a worker’s own emergency is not the master’s word',
      lines: [`${at} [emerg] 105#105: io_setup() failed`, accepted],
      kind: 'accepted',
    },
    {
      title: 'another nginx in the same log is not meant',
      lines: [`${at} [emerg] 1000#1000: unknown directive "x"`],
      kind: 'nothing',
    },
    { title: 'a warning refuses nothing', lines: [`${at} [warn] 100#100: conflicting server name`], kind: 'nothing' },
  ])('$title', ({ lines, kind }) => {
    expect(heard(lines, 100).kind).toBe(kind)
  })

  it('a refusal is told in nginx’s own words, once each', () => {
    expect(heard([bind, bind, bind, given], 100)).toEqual({
      kind: 'refused',
      reason: 'bind() to 0.0.0.0:80 failed (98: Address already in use)',
    })
  })
})

describe('workers that die of a configuration', () => {
  const lines = [
    `${at} [alert] 100#100: worker process 105 exited with fatal code 2 and cannot be respawned`,
    `${at} [alert] 100#100: worker process 106 exited on signal 11`,
    `${at} [notice] 100#100: worker process 107 exited with code 0`,
  ]

  it('are those of the new generation that ended with a fatal code or on a signal', () => {
    expect(deaths(lines, pid => [105, 106, 107].includes(pid))).toEqual(
      lines.slice(0, 2).map(line => line.slice(line.indexOf('worker process'))),
    )
  })

  it('an old worker’s death is not its fault', () => {
    expect(deaths(lines, pid => pid >= 200)).toEqual([])
  })

  it('are told without time stamps', () => {
    expect(emergencies(lines)).toBe(
      'worker process 105 exited with fatal code 2 and cannot be respawned; worker process 106 exited on signal 11',
    )
  })
})

describe('the verdict', () => {
  /** Every sleep is one step of what can be seen. */
  function witnessed(
    steps: Partial<Omit<Witness, 'lines' | 'workers'> & { lines: string[]; workers: number[] }>[],
    deadline = 1_000,
  ) {
    let step = 0
    let now = 0
    const clock: Clock = {
      now: () => now,
      async sleep(ms, signal) {
        signal.throwIfAborted()
        now += ms
        step = Math.min(step + 1, steps.length - 1)
      },
    }
    const { runtime, abort } = aRuntime(clock)
    const seen = () => steps[step] ?? {}
    const witness: Witness = {
      lines: () => seen().lines ?? [],
      hasNotices: steps[0]?.hasNotices ?? true,
      workers: () => seen().workers ?? [],
      isAlive: () => seen().isAlive?.() ?? true,
      answers: steps[0]?.answers,
      isHung: steps[0]?.isHung,
    }
    const waiting = { before: new Set([101]), master: 100, deadline, reaction: 500, stop: runtime.signal }
    return { abort, now: () => now, ask: () => verdict(witness, waiting, runtime.clock) }
  }

  it('accepted: the log says so, and there are new workers', async () => {
    const { ask } = witnessed([
      { lines: [accepted], workers: [101] },
      { lines: [accepted], workers: [101, 105] },
    ])

    expect(await ask()).toEqual({ kind: 'accepted', workers: [105] })
  })

  it('new workers alone are no acceptance, where the log would tell', async () => {
    const { ask } = witnessed([{ lines: [], workers: [105] }])

    expect(await ask()).toMatchObject({ kind: 'silent' })
  })

  it('new workers are all there is to see of an nginx whose log holds no notices', async () => {
    const { ask } = witnessed([{ hasNotices: false, workers: [101] }, { workers: [105] }])

    expect(await ask()).toEqual({ kind: 'accepted', workers: [105] })
  })

  it('so they are when the log of one that writes notices stays empty: it is deleted, or its disk is full', async () => {
    const { ask } = witnessed([{ lines: [], workers: [105] }], 10_000)

    expect(await ask()).toEqual({ kind: 'accepted', workers: [105] })
  })

  it('but not when it says something else', async () => {
    const { ask } = witnessed([{ lines: [reconfiguring], workers: [105] }], 10_000)

    expect(await ask()).toMatchObject({ kind: 'silent' })
  })

  it('not before nginx answers with the digest, where it can be asked', async () => {
    const answers = [false, false, true]
    const { ask } = witnessed([
      { lines: [accepted], workers: [105], answers: async () => answers.shift() ?? true },
      { lines: [accepted], workers: [105] },
    ])

    expect(await ask()).toEqual({ kind: 'accepted', workers: [105] })
    expect(answers).toEqual([])
  })

  it('refused, in nginx’s words', async () => {
    const { ask } = witnessed([{}, { lines: [reconfiguring, unknown] }])

    expect(await ask()).toEqual({ kind: 'refused', reason: 'unknown directive "x" in /etc/nginx/app.conf:3' })
  })

  it('died, with its last words', async () => {
    const { ask } = witnessed([{ lines: [`${at} [alert] 100#100: fork() failed`], isAlive: () => false }])

    expect(await ask()).toEqual({ kind: 'died', reason: 'fork() failed' })
  })

  it('died without a word', async () => {
    const { ask } = witnessed([{ isAlive: () => false }])

    expect(await ask()).toEqual({ kind: 'died', reason: 'the master process ended' })
  })

  it('silent, when nothing happens in time', async () => {
    const { ask } = witnessed([{ workers: [101] }])

    expect(await ask()).toEqual({ kind: 'silent', reason: 'no sign of the new configuration within 1000 ms' })
  })

  it('hung, when the master shows no sign that it has noticed', async () => {
    const { ask, now } = witnessed([{ workers: [101], isHung: () => true }])

    expect(await ask()).toMatchObject({ kind: 'hung' })
    expect(now()).toBeLessThan(600)
  })

  it('a master that has begun to read and does not come to an end is not called hung: it may only be slow', async () => {
    const { ask } = witnessed([{ lines: [bind], workers: [101], isHung: () => true }])

    expect(await ask()).toMatchObject({ kind: 'silent' })
  })

  it('on the way to a stop a second is enough, and what is said within it counts', async () => {
    const silent = witnessed([{ workers: [101] }], 10_000)
    const talking = witnessed([{}, {}, { lines: [accepted], workers: [105] }], 10_000)
    silent.abort()
    talking.abort()

    expect(await silent.ask()).toEqual({ kind: 'silent', reason: 'given up on the way to a stop' })
    expect(silent.now()).toBeLessThan(1_200)
    expect(await talking.ask()).toEqual({ kind: 'accepted', workers: [105] })
  })

  it('a failed bind is waited for longer: nginx itself has not given up', async () => {
    const steps = Array.from({ length: 400 }, () => ({ lines: [bind] }))
    const { ask } = witnessed([...steps, { lines: [bind, accepted], workers: [105] } as never])

    expect(await ask()).toEqual({ kind: 'accepted', workers: [105] })
  })

  it('so is a master that has begun to read: it is heard out', async () => {
    const steps = Array.from({ length: 4_000 }, () => ({ lines: [reconfiguring] }))
    const { ask } = witnessed([...steps, { lines: [reconfiguring, accepted], workers: [105] } as never])

    expect(await ask()).toEqual({ kind: 'accepted', workers: [105] })
  })
})
