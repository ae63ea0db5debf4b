import type { Runtime } from '../../runtime.ts'
import { growingDelay, owed } from '../backoff.ts'
import type { Answer, Question } from './answer.ts'
import type { ConsulClient } from './client.ts'

/** Milliseconds one query may block; Consul adds up to a sixteenth. */
export const WAIT_MS = 30_000
/** Between the starts of two calls, however fast the answers come. */
const FLOOR_MS = 100
/** A blocking query that is answered sooner did not block, or something changed. */
const QUICK_MS = 2_000
/**
 * So many answers in a row may come for nothing from a Consul that is well: what was read after the last one held
 * the next change, too, or a change was taken back, or it is about what the token may not read. No change is to
 * arrive later than a second, so for these nobody rests long.
 */
const HONEST = 3
const SHORT_MS = 700

/** The index to wait on next, by Consul's rules for blocking queries. */
export function nextIndex(asked: bigint, answered: bigint): bigint {
  // A smaller index means the servers were restored; waiting on the old one would block for ever.
  if (answered < asked) return 0n

  // Consul answers index 0 at once, so asking with it again would spin.
  return answered === 0n ? 1n : answered
}

/**
 * Milliseconds to let pass since the last call started, before the next one. `vain`: how many answers in a row came
 * for nothing; `asked`: the questions since then, those included that somebody asked because of such an answer.
 */
export function pause(vain: number, asked: number, took: number, random: number): number {
  if (vain === 0) return FLOOR_MS - took

  // Whatever is on the other side, it must not be hammered.
  const rest = Math.max(growingDelay(vain + 1, random) - took, owed(asked, took, vain))
  if (vain > HONEST) return rest
  return vain === 1 ? Math.min(rest, SHORT_MS) : SHORT_MS
}

/** Of the time: what changes may cost that are of other people's services. */
const SHARE = 0.05
/** Ours must not wait for long because of them. */
const LONGEST_SHARE_MS = 180

/** Milliseconds to let pass when it took so many to read what is nobody's news here. */
export function share(took: number): number {
  return Math.min(Math.max(FLOOR_MS, took / SHARE), LONGEST_SHARE_MS)
}

/**
 * Asks for one table again and again, from what is known of it on, for as long as the signal lets it; throws what
 * the client throws. `take` gets every answer that may be news, and says whether it was: an index that moves, back
 * or on, does not say that anything else did.
 */
export async function watch<T>(
  { client, asked, source, isShared }: Watcher,
  question: Question<T>,
  known: Answer<T>,
  take: (answer: Answer<T>) => Promise<boolean>,
  { clock, emit, signal }: Runtime,
): Promise<never> {
  let index = nextIndex(0n, known.index)
  let last = known
  let vain = 0
  while (true) {
    const started = clock.now()
    const before = asked()
    const answer = await client.ask({ ...question, index, wait: WAIT_MS }, signal)
    const answered = clock.now()
    if (answer.index < index) {
      emit({ type: 'source.index_reset', source, from: String(index), to: String(answer.index) })
    }
    index = nextIndex(index, answer.index)

    // Answered at once with the index we had: whoever does that does not tell of changes by it.
    const isQuick = clock.now() - started < QUICK_MS
    const isOther = answer.digest !== last.digest
    const mayBeNews = isOther || isQuick || answer.index !== last.index
    const isNews = mayBeNews && (await take(answer))
    const isVain = mayBeNews && !isNews && !isOther
    vain = !isVain ? 0 : isQuick ? vain + 1 : 1 // who blocks does not hammer
    // What is read by name has a pace of its own.
    if (isShared && answer.index !== last.index) vain = 0
    const rest =
      isOther && !isNews && !isShared
        ? share(clock.now() - answered)
        : pause(vain, asked() - before, clock.now() - started, Math.random())
    last = answer
    if (rest > 0) await clock.sleep(rest, signal)
  }
}

export interface Watcher {
  readonly client: ConsulClient
  readonly asked: () => number // questions so far, whoever put them
  readonly source: string
  /** Are most services somebody else's? Then a table that moves for nothing is as it should be. */
  readonly isShared: boolean
}
