import { UpstreamdError } from './errors.ts'
import { createLookupTroubles, type LookupTroubles } from './lookup-troubles.ts'
import { type Answer, type Answers, type Kind, type Lookups, type Query, queryId } from './model/query.ts'
import { type Runtime, slept } from './runtime.ts'
import type { LookupSource } from './source/lookup.ts'

/** A template that is rendered in several passes does not ask for everything in each of them. */
const LINGER_MS = 5_000

interface Parts {
  readonly sources: readonly LookupSource[]
  /** An answer is other than before, or there is one for the first time. */
  readonly changed: () => void
  /** A bug in a source; the daemon ends with it. */
  readonly broken: (error: unknown) => void
}

interface Followed {
  readonly query: Query
  readonly ending: AbortController
  answer: Answer | undefined
  leaving: AbortController | undefined // counts down while nobody wants it
}

/** What is known beside the catalog: every query that is wanted is followed, once, by the source that can answer it. */
export function createLookups({ sources, changed, broken }: Parts, runtime: Runtime): Lookups {
  const troubles = createLookupTroubles(runtime)
  const followed = new Map<string, Followed>()

  function begin(id: string, query: Query, known: Answer | undefined): void {
    const entry: Followed = { query, ending: new AbortController(), answer: known, leaving: undefined }
    followed.set(id, entry)
    const source = sources.find(({ kinds }) => kinds.has(query.kind))
    if (source === undefined) {
      troubles.failed(id, new UpstreamdError('SOURCE_UNREACHABLE', 'no source is configured that knows it'))
      return
    }
    const signal = AbortSignal.any([runtime.signal, entry.ending.signal])
    source.follow(query, listenerOf(id, entry, troubles, changed), signal).catch(broken)
  }

  function end(id: string, entry: Followed): void {
    entry.leaving?.abort()
    entry.ending.abort()
    followed.delete(id)
    troubles.well(id)
  }

  async function leave(id: string, entry: Followed): Promise<void> {
    entry.leaving = new AbortController()
    const signal = AbortSignal.any([runtime.signal, entry.leaving.signal])
    if (await slept({ ...runtime, signal }, LINGER_MS)) end(id, entry)
  }

  return {
    want(queries) {
      const wanted = new Map<string, Query>()
      for (const query of queries) {
        const id = queryId(query)
        if (!wanted.has(id)) wanted.set(id, query)
      }
      for (const [id, entry] of followed) {
        if (!wanted.has(id) && entry.leaving === undefined) leave(id, entry).catch(broken)
      }
      for (const [id, query] of wanted) {
        const entry = followed.get(id)
        entry?.leaving?.abort()
        if (entry !== undefined) entry.leaving = undefined
        if (entry !== undefined && isSame(entry.query, query)) continue
        // Two forms of one query: what the other one said stands until this one answers.
        if (entry !== undefined) end(id, entry)
        begin(id, query, entry?.answer)
      }
    },
    answer: <K extends Kind>(query: Query & { readonly kind: K }) =>
      followed.get(queryId(query))?.answer as Answers[K] | undefined,
  }
}

function listenerOf(id: string, entry: Followed, troubles: LookupTroubles, changed: () => void) {
  const isOver = () => entry.ending.signal.aborted
  return {
    answered(answer: Answer): void {
      if (isOver()) return
      entry.answer = answer
      changed()
    },
    well(): void {
      if (!isOver()) troubles.well(id)
    },
    failed(error: UpstreamdError, retryIn: number): void {
      if (!isOver()) troubles.failed(id, error, retryIn)
    },
  }
}

function isSame(one: Query, other: Query): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
