import { formatDuration } from '../duration.ts'
import { describe } from '../model/diagnostic.ts'
import type { Rejection } from '../model/selection.ts'
import type { Event } from './event.ts'
import { textOf } from './text.ts'

/** Events folded into the answer to "how is it?". Times are ISO 8601. */
export interface Status {
  readonly ready: boolean
  readonly reason: string // why it is not ready, or what is not as wanted
  readonly version: string
  readonly pid: number // of upstreamd
  readonly startTime: string // of that process, so that a recycled pid is no sign of life
  readonly layout: 'own' | 'adopt' | 'files'
  readonly generation: { readonly digest: string; readonly since: string } | undefined
  readonly nginx: { readonly pid: number; readonly since: string } | undefined
  readonly sources: Readonly<Record<string, SourceStatus>>
  readonly sites: number // that are live
  readonly servers: number
  readonly held: readonly string[] // services
  readonly rejected: readonly Rejection[]
  readonly crashing: string | undefined // workers of nginx die again and again, and of what
  readonly problem: string | undefined // the last refusal, until something is accepted
  readonly templates: Readonly<Record<string, string>> // refused ones and why, until they are changed
  readonly waiting: Readonly<Record<string, readonly string[]>> // by destination: what has no answer yet
  readonly unanswered: { readonly queries: readonly string[]; readonly problem: string } | undefined // what is known of them grows old
  readonly stopped: string | undefined
}

export interface SourceStatus {
  readonly healthy: boolean
  readonly index: string | undefined
  readonly services: number
  readonly changed: string | undefined // when it last told us something
  readonly since: string | undefined // how old what we know is: it was true until then; while it does not answer
  readonly age: string | undefined // the same for people, at the time of writing
  readonly recalled: boolean // what we know is of the last run
  readonly stale: readonly string[] // nodes, or services, of which only the past is known
  readonly problem: string | undefined
}

const silent: SourceStatus = {
  healthy: false,
  index: undefined,
  services: 0,
  changed: undefined,
  since: undefined,
  age: undefined,
  recalled: false,
  stale: [],
  problem: undefined,
}

export function initialStatus(version: string, process: { readonly pid: number; readonly startTime: string }): Status {
  return {
    ready: false,
    reason: 'starting',
    version,
    pid: process.pid,
    startTime: process.startTime,
    layout: 'files',
    stopped: undefined,
    templates: {},
    waiting: {},
    unanswered: undefined,
    generation: undefined,
    nginx: undefined,
    sources: {},
    sites: 0,
    servers: 0,
    held: [],
    rejected: [],
    crashing: undefined,
    problem: undefined,
  }
}

export function reduce(status: Status, event: Event, now: Date): Status {
  const next = fold(status, event, now.toISOString())
  const reason = obstacle(next)
  return { ...next, ready: reason === undefined, reason: reason ?? '' }
}

/** What stands between a request and its answer; undefined when nothing does. A lost Consul does not. */
function obstacle({ stopped, generation, layout, nginx, crashing, problem, sources }: Status): string | undefined {
  if (stopped !== undefined) return stopped
  if (generation === undefined) {
    const silent = Object.values(sources).find(source => source.problem !== undefined)
    return problem ?? silent?.problem ?? 'nothing is live yet'
  }
  if (layout !== 'files' && nginx === undefined) return problem ?? 'nginx is not running'
  return crashing
}

function fold(status: Status, event: Event, at: string): Status {
  switch (event.type) {
    case 'daemon.started':
      // Also after a reload, which tells everything anew.
      return {
        ...status,
        layout: event.layout,
        sources: {},
        held: [],
        rejected: [],
        waiting: {},
        unanswered: undefined,
      }
    case 'daemon.stopped':
      return { ...status, stopped: event.reason }
    case 'generation.recalled':
      return { ...status, generation: { digest: event.digest, since: at }, sites: event.sites, servers: event.servers }
    case 'source.snapshot':
      return withSource(status, event.source, {
        ...well,
        index: event.index,
        services: event.services,
        changed: at,
        recalled: false,
      })
    case 'source.lost':
      return withSource(status, event.source, {
        healthy: false,
        problem: event.problem,
        stale: [],
        ...ageing(status, event.source, at),
      })
    case 'source.recalled': {
      const { index, services, age } = event
      const changed = event.at
      return withSource(status, event.source, {
        index,
        services,
        changed,
        since: changed,
        age: formatDuration(age),
        recalled: true,
      })
    }
    case 'source.recovered':
      return withSource(status, event.source, well)
    case 'source.partial':
      return withSource(status, event.source, { stale: event.names })
    case 'source.completed':
      return withSource(status, event.source, { stale: [] })
    case 'selection.rejected':
      return { ...status, rejected: [...status.rejected, event.rejection] }
    case 'selection.accepted':
      return { ...status, rejected: status.rejected.filter(rejection => !isSame(rejection, event.rejection)) }
    case 'selection.held':
      return { ...status, held: event.services }
    case 'selection.released':
      return { ...status, held: status.held.filter(service => !event.services.includes(service)) }
    case 'generation.activated': {
      const { digest, sites, servers, refused } = event
      return { ...status, generation: { digest, since: at }, sites, servers, problem: refused }
    }
    case 'generation.invalid':
      return { ...status, problem: event.diagnostics.map(describe).join('; ') }
    case 'generation.rolled_back': {
      const live = event.to === undefined ? status.generation : { digest: event.to, since: at }
      return { ...status, generation: live, problem: textOf(event) }
    }
    case 'generation.failed':
    case 'process.hung':
      return { ...status, problem: textOf(event) }
    case 'template.failed':
      return { ...status, problem: textOf(event), templates: { ...status.templates, [event.path]: event.message } }
    case 'lookup.failed':
      return { ...status, unanswered: { queries: event.queries, problem: event.problem } }
    case 'lookup.recovered':
      return { ...status, unanswered: undefined }
    case 'template.waiting':
      return { ...status, waiting: { ...status.waiting, [event.destination]: event.for } }
    case 'template.answered': {
      const { [event.destination]: _, ...others } = status.waiting
      return { ...status, waiting: others }
    }
    case 'template.set_aside': {
      const refused = Object.fromEntries(event.paths.map(path => [path, event.problem]))
      return { ...status, problem: textOf(event), templates: { ...status.templates, ...refused } }
    }
    case 'process.found':
    case 'process.started':
      return { ...status, nginx: { pid: event.pid, since: at } }
    case 'worker.died':
      return event.isLoop ? { ...status, crashing: textOf(event) } : status
    case 'worker.recovered':
      return { ...status, crashing: undefined }
    case 'process.exited':
    case 'process.stopped':
      return { ...status, nginx: undefined }
    case 'template.loaded': {
      const { [event.path]: _, ...others } = status.templates
      return { ...status, problem: undefined, templates: others }
    }
    default:
      return status
  }
}

const well: Partial<SourceStatus> = { healthy: true, problem: undefined, since: undefined, age: undefined }

/** What is known grows old from the first failure on; what is not known has no age. */
function ageing({ sources }: Status, name: string, at: string): Pick<SourceStatus, 'since' | 'age'> {
  const { changed, since = at } = sources[name] ?? silent
  if (changed === undefined) return { since: undefined, age: undefined }
  return { since, age: formatDuration(Math.max(0, Date.parse(at) - Date.parse(since))) }
}

function withSource(status: Status, name: string, change: Partial<SourceStatus>): Status {
  return { ...status, sources: { ...status.sources, [name]: { ...(status.sources[name] ?? silent), ...change } } }
}

function isSame(a: Rejection, b: Rejection): boolean {
  return a.service === b.service && a.instance === b.instance && a.reason === b.reason && a.detail === b.detail
}
