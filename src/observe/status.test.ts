import { describe, expect, it } from 'vitest'
import type { Event } from './event.ts'
import { initialStatus, reduce, type Status } from './status.ts'

const at = '2026-01-02T03:04:05.000Z'
const statusAfter = (...events: Event[]): Status =>
  events.reduce(
    (status, event) => reduce(status, event, new Date(at)),
    initialStatus('0.1.0', { pid: 7, startTime: '99' }),
  )

const started: Event = { type: 'daemon.started', version: '0.1.0', layout: 'own', state: '/var/lib/upstreamd' }
const nginx: Event = { type: 'process.started', pid: 77, version: '1.22.1' }
const activated: Event = {
  type: 'generation.activated',
  digest: 'abc',
  how: 'started',
  ms: 41,
  sites: 3,
  servers: 9,
  added: [],
  removed: [],
  phases: {},
}
const lost: Event = {
  type: 'source.lost',
  source: 'consul',
  code: 'SOURCE_UNREACHABLE',
  problem: 'connection refused',
  kept: undefined,
  retryIn: 100,
  attempt: 1,
}
const refused: Event = {
  type: 'generation.invalid',
  digest: 'def',
  diagnostics: [{ severity: 'error', message: 'unknown directive "x"', file: '/etc/app.conf', line: 3 }],
}

describe('ready', () => {
  it('not before something is live, and why is said', () => {
    expect(statusAfter(started)).toMatchObject({
      ready: false,
      reason: 'nothing is live yet',
      version: '0.1.0',
      pid: 7,
    })
  })

  it('not before nginx runs', () => {
    const recalled: Event = { type: 'generation.recalled', digest: 'abc', sites: 2, servers: 2 }

    expect(statusAfter(started, recalled)).toMatchObject({ ready: false, reason: 'nginx is not running' })
    expect(statusAfter(started, recalled, nginx)).toMatchObject({ ready: true, reason: '', sites: 2 })
  })

  it('when nginx took a generation up', () => {
    expect(statusAfter(started, nginx, activated)).toMatchObject({
      ready: true,
      reason: '',
      generation: { digest: 'abc', since: at },
      nginx: { pid: 77, since: at },
    })
  })

  it('without an nginx where only files are written', () => {
    expect(statusAfter({ ...started, layout: 'files' }, activated).ready).toBe(true)
  })

  it('still, when Consul is lost: nginx goes on serving', () => {
    expect(statusAfter(started, nginx, activated, lost).ready).toBe(true)
  })

  it('still, when a new generation is refused: the old one serves', () => {
    expect(statusAfter(started, nginx, activated, refused)).toMatchObject({
      ready: true,
      problem: '/etc/app.conf:3: unknown directive "x"',
    })
  })

  it('not, when the first generation is refused', () => {
    expect(statusAfter(started, refused)).toMatchObject({
      ready: false,
      reason: '/etc/app.conf:3: unknown directive "x"',
    })
  })

  it('no longer, when nginx is gone, until it is back', () => {
    const exited: Event = { type: 'process.exited', pid: 77, problem: 'the nginx master process is gone', retryIn: 100 }

    expect(statusAfter(started, nginx, activated, exited)).toMatchObject({ ready: false, nginx: undefined })
    expect(statusAfter(started, nginx, activated, exited, { ...nginx, pid: 78 })).toMatchObject({ ready: true })
  })

  it('no longer, while workers of nginx die again and again; a single death does not count', () => {
    const problem = 'worker process 78 exited on signal 11'
    const died: Event = { type: 'worker.died', pid: 77, problem, deaths: 1, isLoop: false }
    const loop: Event = { ...died, deaths: 5, isLoop: true }

    expect(statusAfter(started, nginx, activated, died).ready).toBe(true)
    expect(statusAfter(started, nginx, activated, loop)).toMatchObject({
      ready: false,
      reason: `nginx 77: ${problem}; 5 workers died within a minute`,
    })
    expect(statusAfter(started, nginx, activated, loop, { type: 'worker.recovered', pid: 77 }).ready).toBe(true)
  })

  it('no longer, when upstreamd has stopped', () => {
    expect(statusAfter(started, nginx, activated, { type: 'daemon.stopped', reason: 'SIGTERM' })).toMatchObject({
      ready: false,
      reason: 'SIGTERM',
    })
  })
})

describe('a problem', () => {
  it('is over when something is accepted', () => {
    expect(statusAfter(started, nginx, refused, activated).problem).toBeUndefined()
  })

  it('is over when its template changed', () => {
    const failed: Event = { type: 'template.failed', path: '/a.njk', code: 'TEMPLATE_SYNTAX', message: '/a.njk:1:1: x' }

    expect(statusAfter(started, nginx, activated, failed).problem).toContain('/a.njk:1:1: x')
    expect(statusAfter(started, failed, { type: 'template.loaded', path: '/a.njk' }).problem).toBeUndefined()
  })

  it.each<Event>([
    {
      type: 'generation.rolled_back',
      digest: 'd',
      to: undefined,
      code: 'TARGET_NOT_TAKEN_UP',
      problem: 'P',
      retryIn: 1,
    },
    { type: 'generation.failed', code: 'TARGET_STAGE_FAILED', problem: 'P', retryIn: 1 },
    { type: 'template.set_aside', paths: ['/a.njk'], problem: 'P' },
  ])('$type is one', event => {
    expect(statusAfter(started, nginx, activated, event).problem).toContain('P')
  })
})

describe('what templates ask for', () => {
  const waiting: Event = { type: 'template.waiting', destination: '/a', for: ['kv.block(x)'] }
  const failed: Event = {
    type: 'lookup.failed',
    queries: ['kv.block(x)'],
    code: 'SOURCE_DENIED',
    problem: 'P',
    retryIn: 1,
  }

  it('is told as long as a template waits for it', () => {
    const both = statusAfter(started, waiting, { ...waiting, destination: '/b' })

    expect(both.waiting).toEqual({ '/a': ['kv.block(x)'], '/b': ['kv.block(x)'] })
    expect(reduce(both, { type: 'template.answered', destination: '/a' }, new Date()).waiting).toEqual({
      '/b': ['kv.block(x)'],
    })
  })

  it('is told while nginx refuses the answer, and goes on with the one before', () => {
    const beside = { ...activated, refused: 'unknown directive "x"' } as const

    expect(statusAfter(started, refused, beside).problem).toBe('unknown directive "x"')
    expect(statusAfter(started, refused, beside, activated).problem).toBeUndefined()
  })

  it('is told anew after a reload', () => {
    expect(statusAfter(started, waiting, failed, started)).toMatchObject({ waiting: {}, unanswered: undefined })
  })

  it('is told as long as nobody answers', () => {
    const lost = statusAfter(started, failed)

    expect(lost.unanswered).toEqual({ queries: ['kv.block(x)'], problem: 'P' })
    expect(reduce(lost, { type: 'lookup.recovered', after: 5 }, new Date()).unanswered).toBeUndefined()
  })
})

describe('sources', () => {
  const snapshot: Event = { type: 'source.snapshot', source: 'consul', index: '918', services: 42 }

  it('what one said last stays known when it is lost, and grows old from then on', () => {
    const known = statusAfter(started, snapshot)
    const minutes = (count: number) => new Date(Date.parse(at) + count * 60_000)

    const first = reduce(known, lost, minutes(5))
    const later = reduce(first, { ...lost, attempt: 2 }, minutes(8))

    expect(first.sources.consul).toEqual({
      healthy: false,
      index: '918',
      services: 42,
      changed: at,
      since: minutes(5).toISOString(),
      age: '0 ms',
      recalled: false,
      stale: [],
      problem: 'connection refused',
    })
    expect(later.sources.consul).toMatchObject({ changed: at, since: minutes(5).toISOString(), age: '3 min' })
  })

  it('nothing has no age', () => {
    const { changed, since, age } = statusAfter(started, lost).sources.consul ?? {}

    expect([changed, since, age]).toEqual([undefined, undefined, undefined])
  })

  it('what is known of the last run is as old as it is', () => {
    const hourAgo = new Date(Date.parse(at) - 3_600_000).toISOString()
    const recalled: Event = {
      type: 'source.recalled',
      source: 'consul',
      index: '7',
      services: 3,
      at: hourAgo,
      age: 3_600_000,
    }
    const status = statusAfter(started, lost, recalled)

    expect(status.sources.consul).toMatchObject({
      healthy: false,
      recalled: true,
      services: 3,
      changed: hourAgo,
      since: hourAgo,
      age: '60 min',
    })
    const tenMinutesLater = reduce(status, lost, new Date(Date.parse(at) + 600_000))
    expect(tenMinutesLater.sources.consul).toMatchObject({ since: hourAgo, age: '70 min' })
    expect(reduce(status, snapshot, new Date(at)).sources.consul).toMatchObject({
      healthy: true,
      recalled: false,
      changed: at,
      since: undefined,
      age: undefined,
    })
  })

  it('one that is back is well', () => {
    const back: Event = { type: 'source.recovered', source: 'consul', after: 10 }

    expect(statusAfter(snapshot, lost, back).sources.consul).toMatchObject({
      healthy: true,
      problem: undefined,
      since: undefined,
      index: '918',
    })
  })

  it('nodes of which only the past is known stand there until they answer', () => {
    const partial: Event = {
      type: 'source.partial',
      source: 'consul',
      what: 'node',
      names: ['n1'],
      problem: 'HTTP 500',
      retryIn: 100,
    }

    expect(statusAfter(snapshot, partial, snapshot).sources.consul).toMatchObject({ healthy: true, stale: ['n1'] })
    expect(
      statusAfter(snapshot, partial, { type: 'source.completed', source: 'consul', what: 'node' }).sources.consul
        ?.stale,
    ).toEqual([])
  })

  it('are told anew after a reload: another configuration may have others', () => {
    expect(statusAfter(snapshot, started).sources).toEqual({})
  })

  it('each has its own entry', () => {
    const sources = statusAfter(snapshot, { ...lost, source: 'file:/a.yaml' }).sources

    expect(sources).toMatchObject({ consul: { healthy: true }, 'file:/a.yaml': { healthy: false, services: 0 } })
  })
})

describe('what is held and what is rejected', () => {
  const rejection = (service: string, instance?: string) => ({
    service,
    ...(instance !== undefined && { instance }),
    reason: 'invalid_port' as const,
    detail: 'port is 0',
  })

  it('stands there until it is accepted, each for itself', () => {
    const { rejected } = statusAfter(
      { type: 'selection.rejected', rejection: rejection('a') },
      { type: 'selection.rejected', rejection: rejection('a', 'n/1') },
      { type: 'selection.rejected', rejection: rejection('b') },
      { type: 'selection.accepted', rejection: rejection('a') },
    )

    expect(rejected).toEqual([rejection('a', 'n/1'), rejection('b')])
  })

  it('is the whole list at every hold, and shrinks with every release', () => {
    const held: Event = { type: 'selection.held', services: ['a', 'b'], servers: 4, of: 5, until: 30_000 }

    expect(statusAfter(held).held).toEqual(['a', 'b'])
    expect(statusAfter(held, { type: 'selection.released', services: ['a'] }).held).toEqual(['b'])
  })

  it('the sites and servers that are live are counted', () => {
    expect(statusAfter({ type: 'selection.changed', sites: 4, servers: 12, rejected: 1 }, activated)).toMatchObject({
      sites: 3,
      servers: 9,
    })
  })
})

it('folding changes nothing that was there before', () => {
  const before = statusAfter(started, nginx, activated)
  const copy = structuredClone(before)

  reduce(before, lost, new Date())
  reduce(before, refused, new Date())

  expect(before).toEqual(copy)
})
