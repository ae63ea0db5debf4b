import type { UpstreamdError } from '../errors.ts'
import type { Answer, Kind, Query } from '../model/query.ts'

/** Seam: where the answers to some kinds of queries come from. */
export interface LookupSource {
  /** What it can be asked for. */
  readonly kinds: ReadonlySet<Kind>
  /**
   * Keeps one query going until the signal aborts: tells the first answer as soon as there is one, and then every
   * answer that is other than the last. Unknown is never told as empty, and one query that fails holds up no other.
   * Throws nothing but bugs.
   */
  follow(query: Query, listener: Listener, signal: AbortSignal): Promise<void>
}

/** Who wants to know. */
export interface Listener {
  answered(answer: Answer): void
  /** It answers, whether or not the answer is news. */
  well(): void
  /** What is known stays; the next try is in so many milliseconds. */
  failed(error: UpstreamdError, retryIn: number): void
}
