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

/** Some to be tried together, beside those found good, or one by himself: that is faster, and enough to convict. */
interface Group {
  readonly services: readonly string[]
  readonly isAlone: boolean
}

/** So many culprits more than good ones, and what is left is tried one by one: a group would only be refused again. */
const MOSTLY = 3

/**
 * Which of the suspects are refused, alone or beside the others? Those accepted are kept together as they are found,
 * so two that only clash are told apart: the later one is the culprit, and groups come in the order of what they are
 * entitled to. Whoever is named is tried by himself; where nobody is, the group is halved. `hasTime` is asked before
 * every trial; who was cleared by then is tried all the same, once.
 */
export async function findCulprits(
  suspects: readonly (readonly string[])[],
  trial: (services: readonly string[]) => Promise<Trial>,
  hasTime: () => boolean,
): Promise<Findings> {
  const good: string[] = []
  const culprits = new Map<string, Conviction>()
  const untested: string[] = []
  const queue: Group[] = suspects.map(together).reverse()
  let cleared: string[] = [] // accepted by themselves
  const wereCleared = new Set<string>() // trying them by themselves again would tell nothing new

  for (let group = next(); group !== undefined; group = next()) {
    const { services, isAlone } = group
    const [first, ...others] = services
    if (first === undefined) continue
    const verdict = await trial(isAlone ? services : [...good, ...services])
    if (verdict.ok && isAlone) {
      cleared.push(first)
      wereCleared.add(first)
    } else if (verdict.ok) good.push(...services)
    else if (others.length === 0) {
      const clashes = !isAlone && good.length > 0 && (await trial(services)).ok
      culprits.set(first, { problem: verdict.problem, clashes })
    } else if (!hasTime()) untested.push(...services)
    else if (services.some(service => wereCleared.has(service))) queue.push(...halves(services))
    else queue.push(...parted(services, verdict.accused, culprits.size >= good.length + cleared.length + MOSTLY))
  }
  return { good, culprits, untested }

  /** Behind the last group come those who were cleared. */
  function next(): Group | undefined {
    if (!hasTime()) untested.push(...queue.splice(0).flatMap(({ services }) => services))
    const group = queue.pop()
    if (group !== undefined || cleared.length === 0) return group
    const services = cleared
    cleared = []
    return together(services)
  }
}

/** In the order of trial from the end: each of the accused, then the others; without any, the two halves. */
function parted(services: readonly string[], accused: readonly string[], areMostlyBad: boolean): Group[] {
  if (areMostlyBad) return services.map(alone).reverse()
  const named = services.filter(service => accused.includes(service))
  if (named.length > 0)
    return [together(services.filter(service => !named.includes(service))), ...named.map(alone).reverse()]
  return halves(services)
}

function halves(services: readonly string[]): Group[] {
  const half = Math.ceil(services.length / 2)
  return [together(services.slice(half)), together(services.slice(0, half))]
}

function together(services: readonly string[]): Group {
  return { services, isAlone: false }
}

function alone(service: string): Group {
  return { services: [service], isAlone: true }
}
