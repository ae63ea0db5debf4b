import type { Snapshot } from '../model/catalog.ts'

/** Lets a source skip services nobody selects. A hint: selection is still decided by `select`. */
export interface Interest {
  (service: string, tags: readonly string[]): boolean
  /** Instances are wanted with their rows: all that the source knows of them. */
  readonly inFull?: boolean
  /** Their checks, too. Without, there is of a check what its health follows from: what else it says changes all the time. */
  readonly checksInFull?: boolean
}

/** Seam: where services come from. */
export interface Source {
  readonly name: string
  /** Where it reads, for messages: `consul at http://127.0.0.1:8500`. */
  readonly description: string
  /**
   * How many questions it has asked so far, over all attempts: whoever answers wrongly must not be asked too often.
   * A source that does not count asks one at every attempt.
   */
  asked?(): number
  /**
   * One attempt: yields complete snapshots until the signal aborts, the first without waiting for a change;
   * ends within 100 ms of the abort. Throws an error of class `source` when contact is lost.
   */
  snapshots(interest: Interest, signal: AbortSignal): AsyncIterable<Snapshot>
}
