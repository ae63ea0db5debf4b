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
  /** Is any of it held without a time limit? */
  readonly isEndless: boolean
}

/** Fewer servers than this are no mass: whoever runs two instances may stop both. */
const FEWEST = 3

/** A site that has lost servers, and how many. */
interface Loser {
  readonly site: Site
  readonly loss: number
}

/** What some of the sites lose together. */
interface Loss {
  readonly has: (site: Site) => boolean // is it one of them?
  readonly isMuch: boolean
  readonly isEverything: boolean
  readonly wasEverything: boolean // is what is held of them all they have?
}

/**
 * Would this lose too much at once? Loss is net and per service, so a redeploy to new addresses is none.
 * Everything gone is held until something is back or somebody approves; more than `maxLoss` is held for `holdFor`.
 * A template may print only some of what is selected: all of those, and all but a few, are as much as all of everybody.
 */
export function guard(
  live: Selection | undefined,
  next: Selection,
  policy: GuardPolicy,
  held: readonly Hold[],
  now: number,
  isPrinted: (endpoint: string) => boolean = () => false, // in what is live
): Guarded {
  const before = live?.sites ?? []
  if (count(before) < FEWEST) return { selection: next, held: [], isEndless: false }

  const after = new Map(next.sites.map(site => [site.service, site.upstream.servers.length]))
  const losers = before
    .map(site => ({ site, loss: site.upstream.servers.length - (after.get(site.service) ?? 0) }))
    .filter(({ loss }) => loss > 0)
  const lossOf = (has: Loss['has']): Loss => {
    const some = before.filter(has)
    const total = count(some)
    const lost = losers.reduce((sum, { site, loss }) => sum + (has(site) ? loss : 0), 0)
    const isEverything = total >= FEWEST && !next.sites.some(has)
    const services = new Set(some.map(({ service }) => service))
    const holding = held.reduce((sum, hold) => sum + (services.has(hold.service) ? hold.servers : 0), 0)
    return {
      has,
      isMuch: isEverything || (lost >= FEWEST && lost > policy.maxLoss * total),
      isEverything,
      wasEverything: holding === total,
    }
  }
  const losses = [lossOf(() => true)]
  // Asked for only when it may matter: for the answer all that is live is read.
  if (losers.reduce((sum, { loss }) => sum + loss, 0) >= FEWEST) losses.push(lossOf(printedIn(before, isPrinted)))
  return hold(losers, losses, next, policy, held, now)
}

function printedIn(before: readonly Site[], isPrinted: (endpoint: string) => boolean): Loss['has'] {
  const printed = before.filter(({ upstream }) => upstream.servers.some(({ endpoint }) => isPrinted(endpoint)))
  const services = new Set(printed.map(({ service }) => service))
  return ({ service }) => services.has(service)
}

function hold(
  losers: readonly Loser[],
  losses: readonly Loss[],
  next: Selection,
  { holdFor }: GuardPolicy,
  held: readonly Hold[],
  now: number,
): Guarded {
  const known = new Map(held.map(hold => [hold.service, hold.since]))
  const kept = losers.flatMap(({ site }) => {
    const mine = losses.filter(({ has }) => has(site))
    // Once something is back, a hold without a limit ends: what is still missing gets its own time from here.
    const isOver = mine.some(({ wasEverything, isEverything }) => wasEverything && !isEverything)
    const since = isOver ? undefined : known.get(site.service)
    // Much at once begins a hold; what is held has its time, also when some of the loss is made good meanwhile.
    if (!known.has(site.service) && !mine.some(({ isMuch }) => isMuch)) return []
    const isEndless = mine.some(({ isEverything }) => isEverything)
    if (!isEndless && now - (since ?? now) >= holdFor) return []
    return [{ ...putBack(site, next), since: since ?? now, isEndless }]
  })
  return {
    selection: withSites(
      next,
      kept.map(({ site }) => site),
    ),
    held: kept.map(({ site: { service }, servers, since }) => ({ service, servers, since })),
    isEndless: kept.some(({ isEndless }) => isEndless),
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
