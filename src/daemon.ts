import { type CatalogStore, createCatalogStore } from './catalog.ts'
import type { Snapshot } from './model/catalog.ts'
import type { Plan } from './plan.ts'
import { type Quiescence, quiesce } from './quiescence.ts'
import { needsServices } from './render/render.ts'
import { createResolver } from './resolver.ts'
import type { Runtime } from './runtime.ts'
import { hostNamesOf } from './select/select.ts'
import { follow } from './source/follow.ts'
import type { Source } from './source/source.ts'

export interface Daemon {
  /** Resolves when the signal has aborted and nothing runs any more; rejects with what is a bug. */
  readonly ended: Promise<void>
  /** Runs the pipeline in so many ms, whether or not anything changes until then. */
  again(ms: number): void
  /** An operator believes the loss that is held. */
  approve(): void
}

/** The pipeline, from the sources to the targets. Everything it decides is decided in a stage. */
export function startDaemon(
  { sources, deliveries }: Plan,
  wait: { readonly min: number; readonly max: number },
  runtime: Runtime,
): Daemon {
  const { signal } = runtime
  const catalogs: CatalogStore = createCatalogStore(sources.map(source => source.name))
  const resolver = createResolver(runtime.clock.now)
  const bug = Promise.withResolvers<never>()
  const quiescence: Quiescence = quiesce(() => run().catch(bug.reject), wait, signal)

  async function run(): Promise<void> {
    const catalog = catalogs.current()
    if (catalog === undefined) return
    await recalled
    for (const delivery of deliveries) {
      if (signal.aborted) return
      const names = hostNamesOf(catalog, { ...delivery.rules, resolved: new Map() })
      const resolved = await resolver.resolve(names)
      if ([...resolved.values()].some(addresses => addresses.length === 0)) again(30_000)
      await delivery.update(catalog, resolved, runtime)
    }
  }

  const recalled = Promise.all(deliveries.map(delivery => delivery.recall(runtime)))
  const timers = new Set<NodeJS.Timeout>()
  function again(ms: number): void {
    const timer = setTimeout(() => {
      timers.delete(timer)
      quiescence.now()
    }, ms)
    timers.add(timer)
  }

  /** Selected by tag; everything, as long as a template looks at `services`. */
  function interest(_service: string, tags: readonly string[]): boolean {
    return seesAll || deliveries.some(({ rules }) => rules.tags.all.every(tag => tags.includes(tag)))
  }
  const looksAtServices = () => deliveries.some(({ templates }) => needsServices(templates.outputs()))
  let seesAll = looksAtServices()
  let asking = new AbortController()

  async function keepFollowing(source: Source): Promise<void> {
    while (!signal.aborted) {
      const scope = { ...runtime, signal: AbortSignal.any([signal, asking.signal]) }
      await follow(source, interest, take, scope)
    }
  }
  function take(snapshot: Snapshot): void {
    if (catalogs.put(snapshot) && catalogs.current() !== undefined) quiescence.tick()
  }
  function templateChanged(): void {
    quiescence.tick()
    if (seesAll === looksAtServices()) return
    seesAll = !seesAll
    asking.abort() // the sources are asked again, with the other interest
    asking = new AbortController()
  }

  const following = sources.map(keepFollowing)
  const supervising = deliveries.map(({ target }) => target.supervise(signal))
  for (const { templates } of deliveries) templates.watch(templateChanged, signal)

  async function untilAborted(): Promise<void> {
    await Promise.all([recalled, ...following, ...supervising])
    await aborted(signal)
    for (const timer of timers) clearTimeout(timer)
    await quiescence.idle()
  }
  return {
    ended: Promise.race([untilAborted(), bug.promise]),
    again,
    approve() {
      for (const delivery of deliveries) delivery.approve()
      quiescence.now()
    },
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
