import type { Answer, Known, Lookups, Query } from '../model/query.ts'

/** What one delivery asks for, of lookups that several share. */
export interface Demand {
  /** What it asks for now, all of it; the others' wishes stand. */
  want(wanted: ReadonlyMap<string, Query>): void
  /** What is known of it; the same object until something of it changes. */
  known(): Known
}

/** Makes demands, whose wishes together are what the lookups are told. */
export function createDemands(lookups: Lookups): () => Demand {
  const all = new Set<ReadonlyMap<string, Query>>()

  return () => {
    let mine: ReadonlyMap<string, Query> = new Map()
    let known: Known = new Map()

    return {
      want(wanted) {
        if (wanted.size === mine.size && [...wanted.keys()].every(id => mine.has(id))) return
        all.delete(mine)
        mine = wanted
        all.add(mine)
        lookups.want([...new Map([...all].flatMap(wishes => [...wishes])).values()])
      },
      known() {
        const now = new Map<string, Answer>()
        for (const [id, query] of mine) {
          const answer = lookups.answer(query)
          if (answer !== undefined) now.set(id, answer)
        }
        if (!isSameKnown(known, now)) known = now
        return known
      },
    }
  }
}

export function isSameKnown(a: Known, b: Known): boolean {
  return a.size === b.size && [...a].every(([id, answer]) => b.has(id) && b.get(id) === answer)
}

/**
 * What stands in for answers that are refused: those accepted last, and of what nobody asked for then, what is known now.
 * Undefined when that is the same.
 */
export function answersInstead(now: Known, accepted: Known): Known | undefined {
  // Those of the last life are not remembered: a template that asks for any keeps its file as it is.
  if (accepted.size === 0) return now.size === 0 ? undefined : accepted
  const instead = new Map([...now, ...accepted])
  return isSameKnown(instead, now) ? undefined : instead
}
