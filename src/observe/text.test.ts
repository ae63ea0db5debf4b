import { describe, expect, it } from 'vitest'
import type { Event, EventType } from './event.ts'
import { levelOf } from './level.ts'
import { textOf } from './text.ts'

const digest = 'ab12cd34'.repeat(8)
const rejection = { service: 'web', reason: 'invalid_port', detail: 'port is 0; nginx takes 1 to 65535' } as const
const fault = { severity: 'error', message: 'unknown directive "x"', file: '/etc/nginx/app.conf', line: 12 } as const

/** One of each, or more where the text differs; the compiler finds the type that is missing. */
const events: { readonly [T in EventType]: readonly Extract<Event, { type: T }>[] } = {
  'daemon.started': [{ type: 'daemon.started', version: '0.1.0', layout: 'own', state: '/var/lib/upstreamd' }],
  'daemon.ready': [{ type: 'daemon.ready', ms: 320 }],
  'daemon.reloading': [{ type: 'daemon.reloading' }],
  'daemon.stopped': [{ type: 'daemon.stopped', reason: 'SIGTERM' }],
  'config.rejected': [{ type: 'config.rejected', problem: 'unknown key "x"' }],
  'config.warned': [{ type: 'config.warned', problem: 'every user can read it' }],
  'source.snapshot': [{ type: 'source.snapshot', source: 'consul', index: '918', services: 42 }],
  'source.partial': [['n1'], ['n1', 'n2', 'n3', 'n4\nERROR', 'n5']].map(names => ({
    type: 'source.partial',
    source: 'consul',
    what: 'node',
    names,
    problem: 'HTTP 500',
    retryIn: 2_000,
  })),
  'source.completed': [{ type: 'source.completed', source: 'consul', what: 'node' }],
  'lookup.failed': [
    {
      type: 'lookup.failed',
      queries: ['kv.block(app/port)', 'kv.list(app)'],
      code: 'SOURCE_DENIED',
      problem: 'HTTP 403',
      retryIn: 30_000,
    },
    {
      type: 'lookup.failed',
      queries: ['list.partitions'],
      code: 'SOURCE_UNREACHABLE',
      problem: 'no source is configured that knows it',
      retryIn: undefined,
    },
  ],
  'lookup.recovered': [{ type: 'lookup.recovered', after: 42_000 }],
  'source.recalled': [
    {
      type: 'source.recalled',
      source: 'consul',
      index: '918',
      services: 42,
      at: '2026-01-02T03:04:05Z',
      age: 7_260_000,
    },
  ],
  'source.memory_failed': [
    {
      type: 'source.memory_failed',
      source: 'consul',
      problem: 'what consul said in the last run is not used: format: 2',
    },
  ],
  'source.index_reset': [{ type: 'source.index_reset', source: 'consul', from: '918', to: '3' }],
  'source.lost': [undefined, '42 services from index 918'].map(kept => ({
    type: 'source.lost',
    source: 'consul',
    code: 'SOURCE_UNREACHABLE',
    problem: 'cannot read services from consul at http://127.0.0.1:8500: connection refused',
    kept,
    retryIn: 4_000,
    attempt: 3,
  })),
  'source.recovered': [{ type: 'source.recovered', source: 'consul', after: 61_000 }],
  'selection.changed': [{ type: 'selection.changed', sites: 1, servers: 3, rejected: 0 }],
  'selection.rejected': [
    { type: 'selection.rejected', rejection },
    { type: 'selection.rejected', rejection: { ...rejection, instance: 'n1/web-1' } },
  ],
  'selection.accepted': [{ type: 'selection.accepted', rejection }],
  'selection.held': [
    { type: 'selection.held', services: ['web', 'api'], servers: 7, of: 10, until: 30_000 },
    { type: 'selection.held', services: ['web'], servers: 10, of: 10, until: 'approved' },
  ],
  'selection.released': [{ type: 'selection.released', services: ['web'] }],
  'template.loaded': [{ type: 'template.loaded', path: '/etc/app.njk' }],
  'template.failed': [
    { type: 'template.failed', path: '/etc/app.njk', code: 'TEMPLATE_SYNTAX', message: '/etc/app.njk:1:2: x' },
  ],
  'template.set_aside': [{ type: 'template.set_aside', paths: ['/etc/app.njk'], problem: 'nginx refused it' }],
  'template.waiting': [
    {
      type: 'template.waiting',
      destination: '/etc/app.conf',
      for: ['kv.block(a/b), which does not exist', 'kv.get(c)'],
    },
  ],
  'template.answered': [{ type: 'template.answered', destination: '/etc/app.conf' }],
  'generation.recalled': [{ type: 'generation.recalled', digest, sites: 12, servers: 12 }],
  'generation.stood_in': [{ type: 'generation.stood_in' }],
  'generation.rendered': [{ type: 'generation.rendered', digest, files: 2, ms: 1.4 }],
  'generation.validated': [
    { type: 'generation.validated', digest, ms: 12, warnings: [] },
    { type: 'generation.validated', digest, ms: 12, warnings: [{ ...fault, severity: 'warning' }] },
  ],
  'generation.invalid': [{ type: 'generation.invalid', digest, diagnostics: [fault] }],
  'generation.activated': [
    {
      type: 'generation.activated',
      digest,
      how: 'reloaded',
      ms: 41,
      sites: 3,
      servers: 9,
      added: ['api 10.0.0.7:8080'],
      removed: [],
      phases: {},
    },
    {
      type: 'generation.activated',
      digest,
      how: 'written',
      ms: 41,
      sites: 3,
      servers: 9,
      added: [],
      removed: [],
      phases: {},
      refused: 'unknown directive "x"',
    },
  ],
  'generation.rolled_back': [undefined, digest].map(to => ({
    type: 'generation.rolled_back',
    digest,
    to,
    code: 'TARGET_NOT_TAKEN_UP',
    problem: 'bind() failed',
    retryIn: to === undefined ? undefined : 10_000,
  })),
  'generation.restored': [{ type: 'generation.restored', digest, paths: ['/etc/nginx/conf.d/app.conf'], pause: 1_000 }],
  'generation.failed': [
    { type: 'generation.failed', code: 'TARGET_STAGE_FAILED', problem: 'no space left', retryIn: 1_000 },
  ],
  'reloads.stretched': [{ type: 'reloads.stretched', draining: 5, interval: 4_000 }],
  'reloads.eased': [{ type: 'reloads.eased' }],
  'process.found': [{ type: 'process.found', pid: 77, version: '1.22.1' }],
  'process.started': [{ type: 'process.started', pid: 77, version: '1.22.1' }],
  'process.cleaned': [{ type: 'process.cleaned', problem: 'removed a stale pid file' }],
  'process.hung': [
    { type: 'process.hung', pid: 77, problem: 'no sign of life', isReplaced: true },
    { type: 'process.hung', pid: 77, problem: 'no sign of life', isReplaced: false },
  ],
  'process.exited': [{ type: 'process.exited', pid: 77, problem: 'the nginx master process is gone', retryIn: 100 }],
  'worker.died': [
    { type: 'worker.died', pid: 77, problem: 'worker process 78 exited on signal 11', deaths: 5, isLoop: true },
  ],
  'worker.recovered': [{ type: 'worker.recovered', pid: 77 }],
  'process.stopped': [{ type: 'process.stopped', pid: 77, ms: 40 }],
  'program.started': [{ type: 'program.started', pid: 78, command: 'app' }],
  'program.told': [{ type: 'program.told', pid: 78, signal: 'SIGHUP' }],
  'program.ended': [{ type: 'program.ended', pid: 78, problem: 'code 7' }],
  'process.left': [{ type: 'process.left', pid: 77 }],
}

describe('every event', () => {
  it.each(Object.values(events).flat())('$type has one line of text without holes, and a level', event => {
    const text = textOf(event)

    expect(text).not.toMatch(/undefined|null|NaN|\[object/)
    expect(text).not.toMatch(/\n/)
    expect(text.length).toBeGreaterThan(10)
    expect(levelOf[event.type]).toBeDefined()
  })
})

describe('what the operator reads', () => {
  it.each([
    {
      event: events['source.lost'][1],
      text: 'cannot read services from consul at http://127.0.0.1:8500: connection refused; keeping 42 services from index 918, next try in 4 s',
    },
    {
      event: events['source.lost'][0],
      text: 'cannot read services from consul at http://127.0.0.1:8500: connection refused; nothing is known yet, next try in 4 s',
    },
    {
      event: events['source.partial'][1],
      text: 'consul does not answer for nodes "n1", "n2", "n3" and 2 more: HTTP 500; keeping what is known there, next try in 2 s',
    },
    {
      event: events['source.recalled'][0],
      text: 'going on with what consul said 2 h ago, in the last run: 42 services from index 918',
    },
    {
      event: events['generation.activated'][0],
      text: 'generation ab12cd34 live after 41 ms (reloaded): +api 10.0.0.7:8080',
    },
    {
      event: events['generation.invalid'][0],
      text: 'generation ab12cd34 refused, what is live stays: /etc/nginx/app.conf:12: unknown directive "x"',
    },
    {
      event: events['selection.held'][0],
      text: 'holding 7 of 10 servers that would vanish at once (web, api); for 30 s, or until SIGUSR1 approves the loss',
    },
    { event: events['selection.changed'][0], text: '1 site with 3 servers, 0 rejected' },
  ])('$text', ({ event, text }) => {
    expect(event && textOf(event)).toBe(text)
  })

  it('a change of hundreds of servers is counted, not listed', () => {
    const added = Array.from({ length: 500 }, (_, n) => `web 10.0.${n >> 8}.${n & 255}:80`)

    const text = textOf({
      type: 'generation.activated',
      digest,
      how: 'reloaded',
      ms: 41,
      sites: 3,
      servers: 9,
      added,
      removed: ['x 1:1'],
      phases: {},
    })

    expect(text).toMatch(/, and 495 more$/)
    expect(text.length).toBeLessThan(250)
  })

  it('a service’s name cannot forge a line of the log', () => {
    const text = textOf({ type: 'selection.rejected', rejection: { ...rejection, service: 'a\nERROR all is lost' } })

    expect(text).toContain('service "a\\nERROR all is lost"')
  })
})
