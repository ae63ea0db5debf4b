import { isOf, reasonOf } from '../errors.ts'
import type { LastSnapshot } from '../last-snapshot.ts'
import type { Snapshot } from '../model/catalog.ts'
import { type Clock, type Runtime, slept } from '../runtime.ts'
import { delayAfter, owed } from './backoff.ts'
import type { Interest, Source } from './source.ts'

/** Contact that is lost sooner was none: the pauses go on growing. */
const HELD_MS = 10_000

/**
 * Keeps a source going until the runtime's signal aborts: retry, backoff with full jitter, events. With a memory
 * what was known in the last run stands in for a source that fails before it has said a word.
 */
export async function follow(
  source: Source,
  interest: Interest,
  deliver: (snapshot: Snapshot) => void,
  runtime: Runtime,
  memory?: LastSnapshot,
): Promise<void> {
  const { clock, emit, signal } = runtime
  const { name, description } = source
  const trouble = createTrouble(source, clock)
  let lostAt: number | undefined
  let kept: Snapshot | undefined
  while (!signal.aborted) {
    let madeAt: number | undefined
    trouble.tried()
    try {
      for await (const snapshot of source.snapshots(interest, signal)) {
        madeAt ??= clock.now()
        if (lostAt !== undefined) emit({ type: 'source.recovered', source: name, after: clock.now() - lostAt })
        lostAt = undefined
        kept = snapshot
        emit({ type: 'source.snapshot', source: name, index: snapshot.index, services: snapshot.services.length })
        memory?.keep(snapshot)
        deliver(snapshot)
      }
    } catch (error) {
      if (signal.aborted) return
      if (!isOf('source', error)) throw error

      lostAt ??= clock.now()
      if (madeAt !== undefined) memory?.lost()
      const recalled = kept === undefined ? await memory?.recall() : undefined
      if (recalled !== undefined) deliver(recalled.snapshot) // first: when the loss is told there is something to go on with
      kept ??= recalled?.snapshot
      const attempt = trouble.failed(madeAt !== undefined && clock.now() - madeAt >= HELD_MS)
      const retryIn = Math.max(delayAfter(attempt, error, Math.random()), trouble.owed())
      emit({
        type: 'source.lost',
        source: name,
        code: error.code,
        problem: `cannot read services from ${description}: ${reasonOf(error)}`,
        kept: kept && `${kept.services.length} services from index ${kept.index}`,
        retryIn,
        attempt,
      })
      if (recalled !== undefined) {
        const { snapshot, at, age } = recalled
        const services = snapshot.services.length
        emit({ type: 'source.recalled', source: name, index: snapshot.index, services, at, age })
      }
      if (!(await slept(runtime, retryIn))) return
    }
  }
}

interface Trouble {
  /** Another attempt begins. */
  tried(): void
  /** It failed. Returns how many have failed in a row. */
  failed(hadContact: boolean): number
  /** Milliseconds until what was asked since it began is bearable. */
  owed(): number
}

function createTrouble(source: Source, clock: Clock): Trouble {
  let tries = 0
  let failures = 0
  let begun = { at: clock.now(), asked: 0 }
  const asked = () => source.asked?.() ?? tries
  function begin(): void {
    begun = { at: clock.now(), asked: asked() }
  }

  return {
    tried() {
      if (failures === 0) begin()
      tries += 1
    },
    failed(hadContact) {
      if (hadContact) begin()
      failures = hadContact ? 1 : failures + 1
      return failures
    },
    owed: () => owed(asked() - begun.asked, clock.now() - begun.at, failures),
  }
}
