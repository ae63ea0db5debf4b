import { createCatalogStore } from '../catalog.ts'
import type { Config } from '../config.ts'
import { exitCodeOf, UpstreamdError } from '../errors.ts'
import type { Catalog } from '../model/catalog.ts'
import type { Emit } from '../observe/event.ts'
import { makePlan } from '../plan.ts'
import { looksAtAll } from '../render/render.ts'
import { createResolver } from '../resolver.ts'
import { type Runtime, systemClock } from '../runtime.ts'
import { hostNamesOf } from '../select/select.ts'
import { follow } from '../source/follow.ts'
import type { Interest, Source } from '../source/source.ts'
import { Wakeup } from '../source/wakeup.ts'
import type { Signals } from './command.ts'

/** How long sources may take before `-once` gives up. */
export const PATIENCE_MS = 60_000

/** Renders, applies, ends. Reloads an nginx that runs, starts none. */
export async function once(config: Config, emit: Emit, signals: Signals): Promise<number> {
  let failure: unknown
  const watching: Emit = event => {
    emit(event)
    if (event.type === 'generation.invalid') failure = new UpstreamdError('TARGET_INVALID', 'refused')
    if (event.type === 'generation.rolled_back') failure = new UpstreamdError('TARGET_NOT_TAKEN_UP', 'rolled back')
    if (event.type === 'generation.failed') failure = new UpstreamdError('TARGET_STAGE_FAILED', 'failed')
    if (event.type === 'template.failed') failure = new UpstreamdError('TEMPLATE_FAILED', 'refused')
  }
  const runtime: Runtime = { clock: systemClock, emit: watching, signal: signals.stop }
  const bug = Promise.withResolvers<never>()
  const plan = await makePlan(config, false, runtime, bug.reject)
  const news = new Wakeup()
  plan.onAnswer(() => news.ring())
  for (const problem of plan.warnings) emit({ type: 'config.warned', problem })
  const catalog = await firstCatalog(plan.sources, runtime)
  const resolver = createResolver(systemClock.now)
  // Nothing is recalled: what was live in another run neither holds a loss nor keeps a name.
  for (const delivery of plan.deliveries) {
    const names = hostNamesOf(catalog, delivery.rules, looksAtAll(delivery.templates.outputs()))
    const resolved = await resolver.resolve(names)
    const update = () => delivery.update(catalog, resolved, { ...runtime, again: () => {}, isStale: () => false })
    await Promise.race([untilAnswered(update, delivery.missing, news, runtime), bug.promise])
  }
  return failure === undefined ? 0 : exitCodeOf(failure)
}

/** Does something again until it waits for no answer any more. Throws SOURCE_UNREACHABLE after a minute. */
export async function untilAnswered(
  task: () => Promise<void>,
  missing: () => readonly string[],
  news: Wakeup,
  { signal }: Runtime,
): Promise<void> {
  const late = setTimeout(
    () =>
      news.fail(
        new UpstreamdError('SOURCE_UNREACHABLE', `${missing().join('; ')}; gave up after ${PATIENCE_MS / 1_000} s`),
      ),
    PATIENCE_MS,
  )
  const stop = () => news.ring()
  signal.addEventListener('abort', stop)
  try {
    for (await task(); missing().length > 0 && !signal.aborted; await task()) await news.rung()
  } finally {
    clearTimeout(late)
    signal.removeEventListener('abort', stop)
  }
}

/** Nothing is asked twice here, and a template may look at all of it. */
const everything: Interest = Object.assign(() => true, { inFull: true, checksInFull: true })

/** Waits until every source has spoken. Throws the last SourceError after a minute. */
export async function firstCatalog(sources: readonly Source[], runtime: Runtime): Promise<Catalog> {
  const store = createCatalogStore(sources.map(({ name }) => name))
  const found = new AbortController()
  const signal = AbortSignal.any([runtime.signal, found.signal, AbortSignal.timeout(PATIENCE_MS)])
  let problem = 'no source has answered'
  const emit: Emit = event => {
    if (event.type === 'source.lost') problem = event.problem
    runtime.emit(event)
  }
  await Promise.all(
    sources.map(source =>
      follow(
        source,
        everything,
        snapshot => {
          store.put(snapshot)
          if (store.current() !== undefined) found.abort()
        },
        { ...runtime, emit, signal },
      ),
    ),
  )
  runtime.signal.throwIfAborted()
  const catalog = store.current()
  if (catalog !== undefined) return catalog
  throw new UpstreamdError('SOURCE_UNREACHABLE', `${problem}; gave up after ${PATIENCE_MS / 1_000} s`)
}
