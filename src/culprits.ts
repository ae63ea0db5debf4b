/** Is what these services give accepted? If not: what was said, and who seems to be at fault. */
export type Trial = { readonly ok: true } | Refusal

export interface Refusal {
  readonly ok: false
  readonly problem: string
  readonly accused: readonly string[] // services; none when nobody is named
}

export interface Findings {
  /** Accepted together. */
  readonly good: readonly string[]
  /** Service → why it is refused. */
  readonly culprits: ReadonlyMap<string, string>
  /** There was no time left for these. */
  readonly untested: readonly string[]
}

/**
 * Which of the suspects are refused, alone or beside the others? Those accepted are kept together as they are found,
 * so two that only clash are told apart: the later one is the culprit. Whoever is named is tried alone; where nobody
 * is, the group is halved. `hasTime` is asked before every trial.
 */
export async function findCulprits(
  suspects: readonly string[],
  trial: (services: readonly string[]) => Promise<Trial>,
  hasTime: () => boolean,
): Promise<Findings> {
  const good: string[] = []
  const culprits = new Map<string, string>()
  const untested: string[] = []
  const queue: (readonly string[])[] = [suspects]

  for (let group = queue.pop(); group !== undefined; group = queue.pop()) {
    const [first, ...others] = group
    if (first === undefined) continue
    if (!hasTime()) {
      untested.push(...group)
      continue
    }
    const verdict = await trial([...good, ...group])
    if (verdict.ok) good.push(...group)
    else if (others.length === 0) culprits.set(first, verdict.problem)
    else queue.push(...parted(group, verdict.accused))
  }
  return { good, culprits, untested }
}

/** In the order of trial from the end: the innocent first, then each of the accused alone; without any, the two halves. */
function parted(group: readonly string[], accused: readonly string[]): (readonly string[])[] {
  const named = group.filter(service => accused.includes(service))
  if (named.length > 0 && named.length < group.length) {
    return [...named.map(service => [service]), group.filter(service => !named.includes(service))]
  }
  const half = Math.ceil(group.length / 2)
  return named.length > 0 ? group.map(service => [service]) : [group.slice(half), group.slice(0, half)]
}
