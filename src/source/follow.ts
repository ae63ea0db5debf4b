import { isOf, reasonOf, type UpstreamdError } from '../errors.ts'
import type { Snapshot } from '../model/catalog.ts'
import { type Runtime, slept } from '../runtime.ts'
import type { Interest, Source } from './source.ts'

const FIRST_RETRY_MS = 250
const LAST_RETRY_MS = 30_000

/** Keeps a source going until the runtime's signal aborts: retry, backoff with full jitter, events. */
export async function follow(
  source: Source,
  interest: Interest,
  deliver: (snapshot: Snapshot) => void,
  runtime: Runtime,
): Promise<void> {
  const contact = { attempt: 0, lostAt: undefined as number | undefined, kept: undefined as Snapshot | undefined }
  while (!runtime.signal.aborted) {
    try {
      for await (const snapshot of source.snapshots(interest, runtime.signal)) {
        if (contact.lostAt !== undefined) {
          runtime.emit({ type: 'source.recovered', source: source.name, after: runtime.clock.now() - contact.lostAt })
        }
        Object.assign(contact, { attempt: 0, lostAt: undefined, kept: snapshot })
        const { index, services } = snapshot
        runtime.emit({ type: 'source.snapshot', source: source.name, index, services: services.length })
        deliver(snapshot)
      }
    } catch (error) {
      if (runtime.signal.aborted) return
      if (!isOf('source', error)) throw error

      contact.attempt += 1
      contact.lostAt ??= runtime.clock.now()
      const retryIn = delayAfter(contact.attempt, error, Math.random())
      runtime.emit({
        type: 'source.lost',
        source: source.name,
        code: error.code,
        problem: `cannot read services from ${source.description}: ${reasonOf(error)}`,
        kept: contact.kept && `${contact.kept.services.length} services from index ${contact.kept.index}`,
        retryIn,
        attempt: contact.attempt,
      })
      if (!(await slept(runtime, retryIn))) return
    }
  }
}

/** Milliseconds to wait after the nth failure in a row. What is forbidden stays so for a while; who asks for time gets it. */
export function delayAfter(attempt: number, error: UpstreamdError, random: number): number {
  if (error.retryAfter !== undefined) return Math.min(error.retryAfter, LAST_RETRY_MS) + random * FIRST_RETRY_MS
  if (error.code === 'SOURCE_DENIED') return LAST_RETRY_MS * (0.8 + 0.2 * random)

  // Full jitter spreads the daemons of a site over the whole interval; the floor keeps one from spinning.
  return 100 + random * Math.min(FIRST_RETRY_MS * 2 ** (attempt - 1), LAST_RETRY_MS)
}
