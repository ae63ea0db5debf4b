import { compare } from '../model/catalog.ts'
import type { Selection, Site } from '../model/selection.ts'

export interface GuardPolicy {
  readonly maxLoss: number // share of all upstream servers that may vanish in one step, 0…1
  readonly holdFor: number // ms after which a partial loss is believed
}

export interface Hold {
  readonly service: string
  readonly servers: number // how many of its servers are held
  readonly since: number // ms on the runtime's clock
}

/** The selection to render: `next`, with the servers of held services put back. */
export interface Guarded {
  readonly selection: Selection
  readonly held: readonly Hold[]
}

/** Fewer servers than this are no mass: whoever runs two instances may stop both. */
const FEWEST = 3

/**
 * Would this lose too much at once? Loss is net and per service, so a redeploy to new addresses is none.
 * Everything gone is held until something is back or somebody approves; more than `maxLoss` is held for `holdFor`.
 */
export function guard(
  live: Selection | undefined,
  next: Selection,
  policy: GuardPolicy,
  held: readonly Hold[],
  now: number,
): Guarded {
  const before = live?.sites ?? []
  const total = count(before)
  if (total < FEWEST) return { selection: next, held: [] }

  const after = new Map(next.sites.map(site => [site.service, site.upstream.servers.length]))
  const losers = before
    .map(site => ({ site, loss: site.upstream.servers.length - (after.get(site.service) ?? 0) }))
    .filter(({ loss }) => loss > 0)
  const lost = losers.reduce((sum, { loss }) => sum + loss, 0)
  const everything = next.sites.length === 0
  const isMuch = everything || (lost >= FEWEST && lost > policy.maxLoss * total)

  // Once something is back, a hold without a limit ends: what is still missing gets its own time from here.
  const wasEverything = held.reduce((sum, hold) => sum + hold.servers, 0) === total
  const since = new Map(wasEverything && !everything ? [] : held.map(hold => [hold.service, hold.since]))
  // Much at once begins a hold; what is held has its time, also when some of the loss is made good meanwhile.
  const isHeld = new Set(held.map(hold => hold.service))
  const kept = losers
    .filter(({ site }) => isMuch || isHeld.has(site.service))
    .filter(({ site }) => everything || now - (since.get(site.service) ?? now) < policy.holdFor)
    .map(({ site }) => putBack(site, next))
  return {
    selection: withSites(
      next,
      kept.map(({ site }) => site),
    ),
    held: kept.map(({ site: { service }, servers }) => ({ service, servers, since: since.get(service) ?? now })),
  }
}

/** A service with its lost servers beside those it has now: what was added or changed goes live meanwhile. */
function putBack(before: Site, { sites }: Selection): { site: Site; servers: number } {
  const now = sites.find(({ service }) => service === before.service)
  if (now === undefined) return { site: before, servers: before.upstream.servers.length }

  const { servers } = now.upstream
  const there = new Set(servers.map(({ endpoint }) => endpoint))
  const lost = before.upstream.servers.filter(({ endpoint }) => !there.has(endpoint))
  return { site: { ...now, upstream: { ...now.upstream, servers: [...servers, ...lost] } }, servers: lost.length }
}

/** Where nobody answers for `unavailable` services, or `-on-empty=keep`: these keep the servers they had. */
export function keepUnavailable(live: Selection | undefined, next: Selection): Selection {
  const gone = new Set(next.unavailable.map(({ service }) => service))
  return withSites(
    next,
    (live?.sites ?? []).filter(site => gone.has(site.service)),
  )
}

/** `selection` with these sites in the place of what it says of their services, unless the name went to another. */
function withSites(selection: Selection, sites: readonly Site[]): Selection {
  if (sites.length === 0) return selection

  const replaced = new Set(sites.map(site => site.service))
  const others = selection.sites.filter(site => !replaced.has(site.service))
  const taken = new Set(others.flatMap(site => [site.upstream.name, ...site.serverNames]))
  const back = sites.filter(site => !taken.has(site.upstream.name) && !site.serverNames.some(name => taken.has(name)))
  return {
    sites: [...others, ...back].sort((a, b) => compare(a.service, b.service)),
    unavailable: selection.unavailable.filter(({ service }) => !replaced.has(service)),
    rejections: selection.rejections,
  }
}

function count(sites: readonly Site[]): number {
  return sites.reduce((sum, site) => sum + site.upstream.servers.length, 0)
}
