import { afterEach, describe, expect, it } from 'vitest'
import { aRuntime } from '../test/support/builders.ts'
import { stoppedClock } from '../test/support/stopped-clock.ts'
import { UpstreamdError } from './errors.ts'
import { createLookups } from './lookups.ts'
import { type Query, queryId } from './model/query.ts'
import type { Listener, LookupSource } from './source/lookup.ts'

const file = (path: string) => ({ kind: 'file', path }) as const
const lost = new UpstreamdError('SOURCE_UNREACHABLE', 'connection refused')

const endings: (() => void)[] = []
afterEach(() => {
  for (const end of endings.splice(0)) end()
})

/** Lookups of a source that says what the test says. */
function aScene() {
  const { clock, pass } = stoppedClock()
  const { runtime, events, abort } = aRuntime(clock)
  endings.push(abort)
  const listeners = new Map<string, Listener>()
  const begun: Query[] = []
  const source: LookupSource = {
    kinds: new Set(['file', 'datacenters']),
    follow(query, listener, signal) {
      begun.push(query)
      listeners.set(queryId(query), listener)
      return new Promise(resolve => {
        signal.addEventListener('abort', () => {
          if (listeners.get(queryId(query)) === listener) listeners.delete(queryId(query))
          resolve()
        })
      })
    },
  }
  let changes = 0
  const broken = (error: unknown) => {
    throw error
  }
  const changed = () => {
    changes += 1
  }
  const lookups = createLookups({ sources: [source], changed, broken }, runtime)
  return {
    lookups,
    pass,
    events,
    begun,
    changes: () => changes,
    followed: () => [...listeners.keys()],
    listener: (query: Query) => listeners.get(queryId(query)) as Listener,
  }
}

describe('what is wanted', () => {
  it('is followed once, however many want it, and answered when there is an answer', () => {
    const { lookups, begun, listener, changes } = aScene()

    lookups.want([file('a'), file('a'), file('b')])
    lookups.want([file('a'), file('b')])

    expect(begun).toEqual([file('a'), file('b')])
    expect(lookups.answer(file('a'))).toBeUndefined()
    listener(file('a')).answered('text')
    expect(lookups.answer(file('a'))).toBe('text')
    expect(lookups.answer(file('b'))).toBeUndefined()
    expect(changes()).toBe(1)
  })

  it('stays for a while when nobody wants it any more, and goes on when somebody does in time', async () => {
    const { lookups, followed, begun, pass, listener } = aScene()
    lookups.want([file('a'), file('b')])
    listener(file('a')).answered('text')

    lookups.want([file('b')])
    await pass(4_000)
    lookups.want([file('a'), file('b')])
    await pass(60_000)

    expect(lookups.answer(file('a'))).toBe('text')
    expect(followed()).toEqual(['file(a)', 'file(b)'])
    expect(begun).toHaveLength(2)
  })

  it('is forgotten when nobody wants it for long; what comes too late changes nothing', async () => {
    const { lookups, followed, pass, listener, changes } = aScene()
    lookups.want([file('a'), file('b')])
    const late = listener(file('a'))
    late.answered('text')

    lookups.want([file('b')])
    lookups.want([file('b')])
    await pass(6_000)
    late.answered('late')

    expect(lookups.answer(file('a'))).toBeUndefined()
    expect(followed()).toEqual(['file(b)'])
    expect(changes()).toBe(1)
  })

  it('may change its form: the answer stays until there is another', () => {
    const { lookups, begun, listener } = aScene()
    const all = { kind: 'datacenters', ignoreFailing: false } as const
    const answering = { kind: 'datacenters', ignoreFailing: true } as const
    lookups.want([all, answering])
    listener(all).answered(['dc1', 'dc2'])
    expect(begun).toEqual([all])

    lookups.want([answering])
    expect(begun).toEqual([all, answering])
    expect(lookups.answer(answering)).toEqual(['dc1', 'dc2'])
    listener(answering).answered(['dc1'])
    expect(lookups.answer(answering)).toEqual(['dc1'])
  })

  it('and nobody knows, is told', async () => {
    const { lookups, pass, events } = aScene()

    lookups.want([{ kind: 'partitions' }])
    await pass(1_000)

    expect(lookups.answer({ kind: 'partitions' })).toBeUndefined()
    expect(events).toMatchObject([{ type: 'lookup.failed', queries: ['list.partitions'], retryIn: undefined }])
  })
})

describe('what fails', () => {
  it('keeps its answer, and is told once for all that fail at the same time', async () => {
    const { lookups, pass, listener, events } = aScene()
    lookups.want([file('a'), file('b')])
    listener(file('a')).answered('text')

    for (const attempt of [1, 2, 3]) {
      for (const path of ['a', 'b']) listener(file(path)).failed(lost, attempt * 1_000)
      await pass(1_000)
    }

    expect(lookups.answer(file('a'))).toBe('text')
    expect(events).toMatchObject([{ type: 'lookup.failed', queries: ['file(a)', 'file(b)'] }])
  })

  it('for a moment is not told', async () => {
    const { lookups, pass, listener, events } = aScene()
    lookups.want([file('a')])

    listener(file('a')).failed(lost, 100)
    await pass(100)
    listener(file('a')).well()
    await pass(60_000)

    expect(events).toEqual([])
  })

  it('together with others that join is told again, and not for each of them', async () => {
    const { lookups, pass, listener, events } = aScene()
    const paths = ['a', 'b', 'c', 'd']
    lookups.want(paths.map(file))

    for (const path of paths) {
      listener(file(path)).failed(lost, 60_000)
      await pass(1_000)
    }
    await pass(60_000)

    expect(events).toMatchObject([{ queries: ['file(a)'] }, { queries: paths.map(path => `file(${path})`) }])
  })

  it('is told to be over when nothing has failed for ten seconds', async () => {
    const { lookups, pass, listener, events } = aScene()
    lookups.want([file('a')])
    listener(file('a')).failed(lost, 1_000)
    await pass(5_000)
    listener(file('a')).well()
    await pass(9_000)
    listener(file('a')).failed(lost, 1_000)
    await pass(1_000)
    listener(file('a')).well()

    await pass(11_000)

    expect(events.slice(1)).toEqual([{ type: 'lookup.recovered', after: 15_000 }])
  })
})
