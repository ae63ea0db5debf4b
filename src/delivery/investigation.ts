import { isOf, reasonOf } from '../errors.ts'
import { describe } from '../model/diagnostic.ts'
import type { Generation } from '../model/generation.ts'
import { byService, filtered, isSame, type Parts, type Seen } from '../render/seen.ts'
import type { Target } from '../target/target.ts'
import type { UpdateRuntime } from './attempt.ts'
import { type Conviction, type Findings, findCulprits, type Trial } from './culprits.ts'
import type { Exclusion, Out } from './quarantine.ts'

/** Longer than this nobody waits for the good ones to go live; what is not tried by then is tried later. */
const BUDGET_MS = 2_000
/** So long it takes, though something newer has come; what is newer is not kept waiting longer. */
const LEAST_MS = 500
/** So many trials there are in any case: on a machine that is slow, or busy, nobody would ever be tried. */
const LEAST_TRIALS = 8
/** So many services, spread over all of them, speak for all when every one of them is refused. */
const SAMPLE = 5

export type Verdict =
  /** Without these it may be accepted. */
  | { readonly kind: 'services'; readonly out: Out }
  /** It is not the fault of single services: the template, or what it stands in, is broken for all. */
  | { readonly kind: 'template'; readonly problem: string | undefined }

export interface Scene {
  readonly seen: Seen // what was refused; of who is out already, what goes on of him
  readonly live: Seen | undefined
  /** Have these very templates been accepted before? Then only what has changed since can be at fault. */
  readonly areTemplatesProven: boolean
  /** Those that were out until now: with whom they clash, that one stays. */
  readonly wereOut: ReadonlySet<string>
  readonly hasFallback: boolean // are there other templates that were accepted?
  readonly draw: (seen: Seen) => Generation
}

/** Whose fault is it that a generation was refused? Throws errors of class `target`. */
export async function investigate(
  scene: Scene,
  target: Pick<Target, 'judge'>,
  { clock, signal, isStale }: UpdateRuntime,
): Promise<Verdict> {
  const { seen, live, areTemplatesProven, wereOut, hasFallback, draw } = scene
  const started = clock.now()
  let trials = 0
  const hasTime = () =>
    !signal.aborted && (trials < LEAST_TRIALS || clock.now() - started < (isStale() ? LEAST_MS : BUDGET_MS))
  const all = byService(seen)
  const before: ReadonlyMap<string, Parts> = live === undefined ? new Map() : byService(live)
  const isChanged = (service: string) => !isSame(before.get(service), all.get(service))
  const suspects = areTemplatesProven ? [...all.keys()].filter(isChanged) : [...all.keys()]
  const isSuspect = new Set(suspects)
  // Nobody who comes now, however many they are, costs one who is live his place or his turn.
  const rank = (service: string) => (wereOut.has(service) ? 2 : before.has(service) ? 0 : 1)
  const ranked = [0, 1, 2].map(wanted => suspects.filter(service => rank(service) === wanted))

  const trial = (wanted: ReadonlySet<string>, others: (service: string) => boolean): Promise<Trial> => {
    signal.throwIfAborted()
    trials += 1
    return tried(
      filtered(seen, service => wanted.has(service) || others(service)),
      draw,
      target,
      signal,
    )
  }
  const alone = (services: readonly string[]) => trial(new Set(services), () => false)
  const beside = (services: readonly string[]) => trial(new Set(services), service => !isSuspect.has(service))

  const empty = await alone([])
  if (!empty.ok) return { kind: 'template', problem: empty.problem }
  const enough = hasFallback ? 1 : 3
  // Who was refused with these templates before speaks, too: services may come one by one.
  if (!areTemplatesProven && new Set([...suspects, ...wereOut]).size >= enough) {
    // A few bad newcomers must not condemn a new template: those that are live speak first.
    const seniors = ranked[0] ?? []
    const problem = await refusedForAll(spread(seniors.length >= enough ? seniors : suspects), alone)
    if (problem !== undefined) return { kind: 'template', problem }
  }

  // First without all the others, which is many times faster; beside them only when that finds nobody.
  const first = await findCulprits(ranked, alone, hasTime)
  const isNobody = first.culprits.size + first.untested.length === 0
  const { culprits, untested } = isNobody ? clashing(await findCulprits(ranked, beside, hasTime)) : first

  const lost = hasFallback ? [...culprits].filter(([service]) => before.get(service)?.site !== undefined) : []
  if (lost.length > 0) return { kind: 'template', problem: `it would cost services that are live: ${listed(lost)}` }
  if (culprits.size + untested.length === 0) return { kind: 'template', problem: undefined }
  return { kind: 'services', out: outOf(culprits, untested) }
}

/** Renders and judges. */
async function tried(
  seen: Seen,
  draw: Scene['draw'],
  target: Pick<Target, 'judge'>,
  signal: AbortSignal,
): Promise<Trial> {
  let generation: Generation
  try {
    generation = draw(seen)
  } catch (error) {
    if (!isOf('template', error)) throw error
    return { ok: false, problem: reasonOf(error), accused: error.service === undefined ? [] : [error.service] }
  }
  const verdict = await target.judge(generation, signal)
  if (verdict.kind === 'valid') return { ok: true }
  return {
    ok: false,
    problem: verdict.diagnostics.map(describe).join('; '),
    accused: verdict.diagnostics.flatMap(({ service }) => service ?? []),
  }
}

async function refusedForAll(
  services: readonly string[],
  alone: (services: readonly string[]) => Promise<Trial>,
): Promise<string | undefined> {
  let problem: string | undefined
  for (const service of services) {
    const verdict = await alone([service])
    if (verdict.ok) return undefined
    problem ??= verdict.problem
  }
  return problem
}

function spread(services: readonly string[]): string[] {
  const step = Math.max(1, Math.floor(services.length / SAMPLE))
  return services.filter((_, position) => position % step === 0).slice(0, SAMPLE)
}

/** All of them were good by themselves. */
function clashing({ culprits, ...others }: Findings): Findings {
  return { ...others, culprits: new Map([...culprits].map(([name, one]) => [name, { ...one, clashes: true }])) }
}

function outOf(culprits: Findings['culprits'], untested: readonly string[]): Out {
  const waits = 'among many that were refused at once; tried as soon as the others are live'
  const out = new Map<string, Exclusion>()
  for (const [service, { problem, clashes }] of culprits)
    out.set(service, { rejection: { service, reason: 'quarantined', detail: problem }, clashes })
  for (const service of untested)
    out.set(service, { rejection: { service, reason: 'untested', detail: waits }, clashes: false })
  return out
}

function listed(culprits: readonly (readonly [string, Conviction])[]): string {
  const more = culprits.length > 3 ? `, and ${culprits.length - 3} more` : ''
  return (
    culprits
      .slice(0, 3)
      .map(([service, { problem }]) => `${service}: ${problem}`)
      .join('; ') + more
  )
}
