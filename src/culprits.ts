/** Is what these services give accepted? If not: what was said, and who seems to be at fault. */
export type Trial = { readonly ok: true } | Refusal

export interface Refusal {
  readonly ok: false
  readonly problem: string
  readonly accused: readonly string[] // services; none when nobody is named
}

export interface Conviction {
  readonly problem: string
  /** By himself he is accepted, beside one of the others he is not. */
  readonly clashes: boolean
}

export interface Findings {
  /** Accepted together. */
  readonly good: readonly string[]
  readonly culprits: ReadonlyMap<string, Conviction> // by service
  /** There was no time left for these. */
  readonly untested: readonly string[]
}

/** Some to be tried together, beside those found good, or by themselves: that is faster, and enough to convict. */
interface Group {
  readonly services: readonly string[]
  readonly isAccused: boolean
}

/**
 * Which of the suspects are refused, alone or beside the others? Those accepted are kept together as they are found,
 * so two that only clash are told apart: the later one is the culprit, and groups come in the order of what they are
 * entitled to. Whoever is named is tried by himself; where nobody is, the group is halved. `hasTime` is asked before
 * every trial.
 */
export async function findCulprits(
  suspects: readonly (readonly string[])[],
  trial: (services: readonly string[]) => Promise<Trial>,
  hasTime: () => boolean,
): Promise<Findings> {
  const good: string[] = []
  const culprits = new Map<string, Conviction>()
  const untested: string[] = []
  const queue: Group[] = suspects.map(services => ({ services, isAccused: false })).reverse()

  for (let group = queue.pop(); group !== undefined; group = queue.pop()) {
    const { services, isAccused } = group
    const [first, ...others] = services
    if (first === undefined) continue
    if (!hasTime()) {
      untested.push(...services)
      continue
    }
    const verdict = await trial(isAccused ? services : [...good, ...services])
    if (!verdict.ok) {
      const { problem, accused } = verdict
      if (others.length > 0) queue.push(...parted(services, accused))
      else culprits.set(first, { problem, clashes: !isAccused && good.length > 0 && (await trial(services)).ok })
    } else if (isAccused) queue.push({ services, isAccused: false })
    else good.push(...services)
  }
  return { good, culprits, untested }
}

/** In the order of trial from the end: the innocent first, then each of the accused; without any, the two halves. */
function parted(services: readonly string[], accused: readonly string[]): Group[] {
  const named = services.filter(service => accused.includes(service))
  if (named.length > 0) {
    const rest = services.filter(service => !named.includes(service))
    return [...named.map(service => ({ services: [service], isAccused: true })), { services: rest, isAccused: false }]
  }
  const half = Math.ceil(services.length / 2)
  return [services.slice(half), services.slice(0, half)].map(part => ({ services: part, isAccused: false }))
}
