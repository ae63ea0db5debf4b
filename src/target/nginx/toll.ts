/** How long a death counts, in ms. */
const WINDOW_MS = 60_000
/** So many workers within that time are no accident. */
export const LOOP = 5

/** Workers that died within the last minute. */
export interface Toll {
  add(deaths: number, now: number): void
  within(now: number): number
  /** When the first of those was seen; undefined when there is none. */
  first(now: number): number | undefined
  since(from: number): number
}

export function createToll(): Toll {
  let seen: { readonly at: number; readonly deaths: number }[] = []
  const recent = (now: number) => {
    seen = seen.filter(({ at }) => now - at < WINDOW_MS)
    return seen
  }
  const sum = (entries: typeof seen) => entries.reduce((total, { deaths }) => total + deaths, 0)

  return {
    add(deaths, now) {
      if (deaths > 0) seen.push({ at: now, deaths })
    },
    within: now => sum(recent(now)),
    first: now => recent(now)[0]?.at,
    since: from => sum(seen.filter(({ at }) => at >= from)),
  }
}
