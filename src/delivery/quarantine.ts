import type { Catalog, Service } from '../model/catalog.ts'
import type { Rejection, Selection, Site } from '../model/selection.ts'
import type { Event } from '../observe/event.ts'
import { filtered, type Seen } from '../render/seen.ts'

/** How long somebody stays out whose data does not change; what refused him may have passed. Doubles, up to the last. */
const RETRY_MS = 60_000
const LAST_RETRY_MS = 16 * RETRY_MS
/** Whoever could not be tried in time is tried soon. */
const UNTESTED_MS = 1_000
/** Whoever clashes is tried again when the others change, but not more often: that may be all the time. */
const CLASH_MS = 2_000

export interface Exclusion {
  readonly rejection: Rejection
  /** He is refused only beside one of the others. */
  readonly clashes: boolean
}

/** Services to leave out, and why. */
export type Out = ReadonlyMap<string, Exclusion>

interface Case extends Exclusion {
  readonly data: Service // what was refused
  readonly texts: string // of the templates that were refused with it
  readonly others: ReadonlyMap<string, Service> // of which one may be in his way; none when he is refused by himself
  readonly at: number // when he was refused, in ms on the runtime's clock
  readonly delay: number // ms
  readonly retryAt: number // ms on the runtime's clock
}

/** Services that are left out because nginx or a template refuses them, each with what it was refused for. */
export interface Quarantine {
  /** Who is to stay out: nothing has changed about him, the templates, or who is in his way, and it is not yet time. */
  kept(catalog: Catalog, texts: string, now: number): Out
  /** What is live leaves these out, of whom those that were `kept` out were not tried. Returns what there is to say about it. */
  settle(out: Out, catalog: Catalog, texts: string, now: number, kept?: Out): Event[]
  /** Whom what is live leaves out. */
  names(): ReadonlySet<string>
  /** The ms until somebody is tried again; undefined when nobody is out. */
  retryIn(now: number): number | undefined
}

export function createQuarantine(): Quarantine {
  let cases: ReadonlyMap<string, Case> = new Map()

  return {
    kept(catalog, texts, now) {
      if (cases.size === 0) return new Map()
      const known = byName(catalog)
      const isAsBefore = (before: Service) => isSame(known.get(before.name), before)
      cases = new Map(
        [...cases].map(([service, one]) => {
          const hasWayChanged = ![...one.others.values()].every(isAsBefore)
          return [service, hasWayChanged ? { ...one, retryAt: Math.min(one.retryAt, one.at + CLASH_MS) } : one]
        }),
      )
      return new Map([...cases].filter(([, one]) => one.texts === texts && now < one.retryAt && isAsBefore(one.data)))
    },

    settle(out, catalog, texts, now, kept) {
      const known = byName(catalog)
      const before = cases
      const next = new Map<string, Case>()
      for (const [service, { rejection, clashes }] of out) {
        const data = known.get(service)
        if (data === undefined) continue
        const old = before.get(service)
        const isOld = old !== undefined && old.texts === texts && isSame(old.data, data)
        const others = new Map(clashes ? [...known].filter(([other]) => !out.has(other)) : [])
        // Tried again beside them as they are now: not once more until they change again.
        if (isOld && (now < old.retryAt || kept?.has(service))) next.set(service, { ...old, others })
        else {
          const again =
            isOld && old.rejection.reason === rejection.reason ? Math.min(old.delay * 2, LAST_RETRY_MS) : RETRY_MS
          const delay = rejection.reason === 'untested' ? UNTESTED_MS : again
          next.set(service, { rejection, clashes, data, texts, others, at: now, delay, retryAt: now + delay })
        }
      }
      cases = next
      return [...changes('selection.accepted', before, next), ...changes('selection.rejected', next, before)]
    },

    names: () => new Set(cases.keys()),

    retryIn(now) {
      const times = [...cases.values()].map(({ retryAt }) => retryAt - now)
      return times.length === 0 ? undefined : Math.max(0, Math.min(...times))
    },
  }
}

/**
 * What is to be rendered without these: who was live goes on as he was, with those of his servers that are still
 * there, unless his place was taken or he is `gone`.
 */
export function leaveOut(
  seen: Seen,
  out: Out,
  live: Selection | undefined,
  gone: ReadonlySet<string> = new Set(),
): Seen {
  if (out.size === 0) return seen
  const rest = filtered(seen, service => !out.has(service))
  const now = new Map(seen.selection.sites.map(site => [site.service, site]))
  const taken = new Set(rest.selection.sites.flatMap(({ upstream, serverNames }) => [upstream.name, ...serverNames]))
  const last = (live?.sites ?? [])
    .filter(({ service }) => out.has(service) && !gone.has(service))
    .flatMap(site => shrunk(site, now.get(site.service)))
  const back = last.filter(
    ({ upstream, serverNames }) => !taken.has(upstream.name) && !serverNames.some(name => taken.has(name)),
  )
  return back.length === 0 ? rest : filtered(rest, () => true, back)
}

/** A site as it was, with the servers that it still has. */
function shrunk(before: Site, now: Site | undefined): Site[] {
  const there = new Set(now?.upstream.servers.map(({ endpoint }) => endpoint))
  const [first, ...others] = before.upstream.servers.filter(({ endpoint }) => there.has(endpoint))
  return first === undefined ? [] : [{ ...before, upstream: { ...before.upstream, servers: [first, ...others] } }]
}

function byName({ services }: Catalog): Map<string, Service> {
  return new Map(services.map(service => [service.name, service]))
}

function isSame(a: Service | undefined, b: Service): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}

function changes(
  type: 'selection.accepted' | 'selection.rejected',
  these: ReadonlyMap<string, Case>,
  others: ReadonlyMap<string, Case>,
): Event[] {
  return [...these.values()]
    .filter(({ rejection }) => others.get(rejection.service)?.rejection.detail !== rejection.detail)
    .map(({ rejection }) => ({ type, rejection }))
}
