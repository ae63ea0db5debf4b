import { isDeepStrictEqual } from 'node:util'
import { type CatalogStore, createCatalogStore } from './catalog.ts'
import type { Delivery } from './delivery/delivery.ts'
import { BUT_CHECKS, EVERYTHING, IN_FULL, openLastSnapshot } from './last-snapshot.ts'
import type { Catalog, Snapshot } from './model/catalog.ts'
import type { Event } from './observe/event.ts'
import type { Plan } from './plan.ts'
import { type Quiescence, quiesce } from './quiescence.ts'
import { looksAtAll, needsChecks, needsRows, needsServices } from './render/render.ts'
import { createResolver, type Resolved, type Resolver } from './resolver.ts'
import type { Runtime } from './runtime.ts'
import { hostNamesOf } from './select/select.ts'
import { follow } from './source/follow.ts'
import type { Source } from './source/source.ts'

/** With a longer calm there is nothing to be won by preparing ahead: what comes meanwhile would undo it. */
const SHORT_MS = 100
/** A host name that nobody answered for is asked for again. */
const RESOLVE_AGAIN_MS = 30_000

export interface Daemon {
  /** Resolves when the signal has aborted and nothing runs any more; rejects with what is a bug. */
  readonly ended: Promise<void>
  /** An operator believes the loss that is held. */
  approve(): void
}

/** The pipeline, from the sources to the targets. Everything it decides is decided in a stage. */
export function startDaemon(
  { sources, snapshots, deliveries, onAnswer }: Plan,
  runtime: Runtime,
  afterUpdate: () => void,
): Daemon {
  const { signal } = runtime
  const catalogs = createCatalogStore(sources.map(source => source.name))
  const resolver = createResolver(runtime.clock.now)
  const bug = Promise.withResolvers<never>()
  // Each delivery has a pace of its own: a command that takes half a minute holds nobody else up.
  const lines = deliveries.map(delivery => conduct(delivery, catalogs, resolver, runtime, afterUpdate, bug.reject))
  /** Nothing before every source has spoken: the first run waits for nothing, and must not be spent on nothing. */
  function whenKnown(tell: (line: Line) => void): void {
    if (catalogs.current() !== undefined) lines.forEach(tell)
  }

  /** Selected by tag; everything, as long as a template looks at `services`. */
  function isWanted(_service: string, tags: readonly string[]): boolean {
    return needed.seesAll || deliveries.some(({ rules }) => rules.tags.all.every(tag => tags.includes(tag)))
  }
  const looks = (needs: typeof needsRows) => deliveries.some(({ templates }) => needs(templates.outputs()))
  function needsNow() {
    const inFull = looks(needsRows)
    return { inFull, checksInFull: looks(needsChecks), seesAll: inFull || looks(needsServices) }
  }
  let needed = needsNow()
  let asking = new AbortController()

  async function keepFollowing(source: Source): Promise<void> {
    while (!signal.aborted) {
      const scope = { ...runtime, emit, signal: AbortSignal.any([signal, asking.signal]) }
      const { inFull, checksInFull, seesAll } = needed
      const holds = checksInFull ? IN_FULL : inFull ? BUT_CHECKS : holdings(seesAll ? [] : deliveries)
      const memory = openLastSnapshot(snapshots, { source: source.name, description: source.description, holds }, emit)
      const interest = Object.assign(isWanted.bind(undefined), { inFull, checksInFull })
      await follow(source, interest, take, scope, memory)
      await memory.close()
    }
  }
  function emit(event: Event): void {
    runtime.emit(event)
    // It may take long until it speaks: nginx should answer until then, if only that nothing is known.
    if (event.type === 'source.lost' && catalogs.current() === undefined) for (const line of lines) line.standIn()
  }
  function take(snapshot: Snapshot): void {
    // While it was read there was calm, too.
    if (catalogs.put(snapshot)) whenKnown(line => line.tick(snapshot.took?.fetch))
  }
  function templateChanged(): void {
    const before = needed
    needed = needsNow()
    // Of what it looks at now, only a part is known: to render that would lose the rest.
    const isMore = (['inFull', 'checksInFull', 'seesAll'] as const).some(what => needed[what] && !before[what])
    if (isMore) catalogs.forget()
    whenKnown(line => line.tick())
    if (isDeepStrictEqual(needed, before)) return
    asking.abort() // the sources are asked again, with the other interest
    asking = new AbortController()
  }

  const following = sources.map(keepFollowing)
  const supervising = deliveries.map(({ target }) => target.supervise(signal))
  for (const { templates } of deliveries) templates.watch(templateChanged, signal)
  onAnswer(() => whenKnown(line => line.tick()))

  async function untilAborted(): Promise<void> {
    await Promise.all([...following, ...supervising])
    await aborted(signal)
    await Promise.all(lines.map(line => line.idle()))
  }
  return {
    ended: Promise.race([untilAborted(), bug.promise]),
    approve() {
      for (const delivery of deliveries) delivery.approve()
      whenKnown(line => line.now())
    },
  }
}

interface Line extends Quiescence {
  /** Makes the target answer before anything is known. */
  standIn(): void
}

/** Catalog → one delivery, when it is calm, one run at a time. */
function conduct(
  delivery: Delivery,
  catalogs: CatalogStore,
  resolver: Resolver,
  runtime: Runtime,
  afterUpdate: () => void,
  fail: (bug: unknown) => void,
): Line {
  const { signal } = runtime
  const { wait } = delivery
  let ready = delivery.recall(runtime)
  const meanwhile = wait.min <= SHORT_MS ? () => anticipate().catch(fail) : undefined
  const quiescence = quiesce(() => run().catch(fail), wait, signal, meanwhile)
  let next: { readonly at: number; readonly timer: NodeJS.Timeout } | undefined

  async function current(): Promise<{ catalog: Catalog; resolved: Resolved } | undefined> {
    await ready
    const catalog = catalogs.current()
    if (catalog === undefined || signal.aborted) return undefined
    const names = hostNamesOf(catalog, delivery.rules, looksAtAll(delivery.templates.outputs()))
    return { catalog, resolved: await resolver.resolve(names) }
  }

  async function run(): Promise<void> {
    const now = await current()
    if (now === undefined) return
    if ([...now.resolved.values()].some(addresses => addresses.length === 0)) again(RESOLVE_AGAIN_MS)
    await delivery.update(now.catalog, now.resolved, { ...runtime, again, isStale: quiescence.isStale })
    afterUpdate()
  }

  async function anticipate(): Promise<void> {
    const now = await current()
    if (now !== undefined) await delivery.anticipate(now.catalog, now.resolved, runtime)
  }

  /** Only the earliest is kept: every run asks anew for what it still waits for. */
  function again(ms: number): void {
    const at = runtime.clock.now() + ms
    if (next !== undefined && next.at <= at) return
    clearTimeout(next?.timer)
    next = { at, timer: setTimeout(fire, ms) }
  }
  function fire(): void {
    next = undefined
    quiescence.now()
  }
  signal.addEventListener('abort', () => clearTimeout(next?.timer), { once: true })
  return {
    ...quiescence,
    standIn() {
      ready = ready.then(() => delivery.standIn(runtime)).catch(fail)
    },
  }
}

/** Which services a snapshot holds: those that one of these deliveries wants. */
function holdings(deliveries: readonly Delivery[]): string {
  const wanted = [...new Set(deliveries.map(({ rules }) => rules.tags.all.toSorted().join('+')))].sort()
  const isEverything = wanted.length === 0 || wanted.includes('')
  return isEverything ? EVERYTHING : `services tagged ${wanted.join(' or ')}`
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
