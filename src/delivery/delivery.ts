import { isOf, reasonOf } from '../errors.ts'
import { keepTexts, type Memory } from '../memory.ts'
import type { Catalog } from '../model/catalog.ts'
import type { Generation } from '../model/generation.ts'
import type { Phases } from '../model/phases.ts'
import type { Known } from '../model/query.ts'
import { hasContested, isEmpty, type Selection, sizeOf } from '../model/selection.ts'
import type { Wait } from '../quiescence.ts'
import type { Output } from '../render/render.ts'
import type { Seen } from '../render/seen.ts'
import type { Templates } from '../render/templates.ts'
import type { Surroundings } from '../render/view.ts'
import type { Runtime } from '../runtime.ts'
import type { GuardPolicy } from '../select/guard.ts'
import type { LastingRules, SelectionRules } from '../select/rules.ts'
import type { Target } from '../target/target.ts'
import { createAhead } from './ahead.ts'
import { attempt, mayPass, refuse, type UpdateRuntime } from './attempt.ts'
import { createChooser, type Wanted } from './chooser.ts'
import { answersInstead, type Demand, isSameKnown } from './demand.ts'
import { createDrawing } from './drawing.ts'
import { createInquiry } from './inquiry.ts'
import { investigate } from './investigation.ts'
import { nothingSeen, outlook, wantedOf } from './outlook.ts'
import { createQuarantine, leaveOut, type Out } from './quarantine.ts'
import { createRetries } from './retries.ts'

export interface DeliveryParts {
  readonly templates: Templates
  readonly target: Target
  readonly rules: LastingRules
  /** Asked for every generation: a user's tree may change beside us. */
  readonly around: () => Surroundings
  readonly policy: GuardPolicy
  readonly memory: Memory
  readonly demand: Demand
  readonly wait: Wait
  /** Only one delivery tells of the selection: it is the same for all. */
  readonly isSpeaker: boolean
  readonly trustsCatalog: boolean
  readonly now: () => number // ms
}

/** One target and the templates that make its generations. */
export interface Delivery {
  readonly target: Target
  readonly templates: Templates
  readonly rules: DeliveryParts['rules']
  readonly wait: Wait
  /** What the last update in this life has made live, or has found to be. */
  confirmed(): string | undefined
  /** Once, before the first update: what was live in the last life. */
  recall(runtime: Runtime): Promise<void>
  /** No source has spoken, and nothing was live before: makes nginx answer at all. What goes wrong is said. */
  standIn(runtime: Runtime): Promise<void>
  /** Stages and validates what an update would give now, so that it need not when calm has come. Touches nothing live. */
  anticipate(catalog: Catalog, resolved: SelectionRules['resolved'], runtime: Runtime): Promise<void>
  /** Catalog in, outcome out: what went wrong has been said, and will be tried again. Throws only what is a bug. */
  update(catalog: Catalog, resolved: SelectionRules['resolved'], runtime: UpdateRuntime): Promise<void>
  /** What its templates still wait for, for people. */
  missing(): readonly string[]
  /** An operator believes the loss that is held: the next update passes it. */
  approve(): void
}

/** These answers to templates, whatever is known by now; and what newer ones were refused for, if it is for them. */
interface Instead {
  readonly known: Known
  readonly refused: string | undefined
}

/** What came of trying to make something live. */
type Result =
  | { readonly kind: 'live' | 'failed' }
  /** `template`: perhaps its fault; `environment`: a port, a process, which may change by themselves. */
  | { readonly kind: 'refused'; readonly problem: string; readonly blame: 'template' | 'environment' }

/**
 * With culprits left out there may be others behind them: first those who are refused by themselves, then those who clash
 * with somebody live. In the last round nothing of a culprit goes on: more often, it is no longer about single ones.
 */
const ROUNDS = 4

export function createDelivery(parts: DeliveryParts): Delivery {
  const { templates, target, rules, wait, around, policy, memory, demand, now } = parts
  const chooser = createChooser(rules, policy, parts)
  const quarantine = createQuarantine()
  const retries = createRetries(now)
  const retriesInstead = createRetries(now) // of what stands in for refused answers: they are not over with it
  const ahead = createAhead(target)
  const drawing = createDrawing(around, () => live, now)
  const { draw } = drawing
  const inquiry = createInquiry(drawing, demand, now)
  let live: Generation | undefined // what the target confirmed
  let confirmed: string | undefined
  let liveSeen: Seen | undefined // what it was made of

  /** Once for an update: whose time to be tried again comes meanwhile is tried in the next one, and not forgotten. */
  const keptOut = (catalog: Catalog, outputs: readonly Output[]) => quarantine.kept(catalog, textsOf(outputs), now())

  const seenIn = (selection: Selection, wanted: Wanted, outputs: readonly Output[]) =>
    outlook(selection, wanted, outputs, { chooser, demand })

  /** Makes it live, without those who are refused. */
  async function deliver(
    seen: Seen,
    catalog: Catalog,
    outputs: readonly Output[],
    { since, took, kept }: { readonly since: number; readonly took: Phases; readonly kept: Out },
    runtime: UpdateRuntime,
    instead?: Instead,
  ): Promise<Result> {
    const texts = textsOf(outputs)
    const tries = instead?.refused === undefined ? retries : retriesInstead
    let out = kept
    const gone = new Set<string>() // what was live of these is refused, too
    for (let round = 1; ; round += 1) {
      // What was live of somebody who is out goes on, and is his: who clashes with it now is a culprit as any other.
      const rest = leaveOut(seen, out, round < ROUNDS ? live?.selection : undefined, gone)
      const sieved =
        instead === undefined ? inquiry.complete(rest, outputs, runtime) : { ...rest, known: instead.known }
      if (sieved === undefined) return { kind: 'failed' }
      await drawing.prepare(sieved, outputs)
      const wish = {
        draw: () => draw(sieved, outputs),
        live,
        ahead: ahead.take,
        since,
        took,
        refused: instead?.refused,
      }
      const result = await attempt(wish, target, tries, runtime)
      switch (result.kind) {
        case 'failed':
          return result
        case 'refused_before':
          return { kind: 'refused', problem: result.problem, blame: 'template' }
        case 'rolled_back':
          return { kind: 'refused', problem: result.problem, blame: 'environment' }
        case 'live':
          live = result.live
          confirmed = live.digest
          liveSeen = sieved
          for (const event of quarantine.settle(out, catalog, texts, now(), kept)) runtime.emit(event)
          // One of those who are out now may keep a host name from somebody; then there is more to be made live.
          if (out.size > kept.size && hasContested(seen.selection)) runtime.again(1)
          return result
      }

      const { refusal } = result
      const verdict = round < ROUNDS ? await whoseFault(sieved, out, outputs, runtime) : undefined
      if (verdict === 'nobody') return { kind: 'failed' }
      if (verdict?.kind !== 'services') {
        const problem = verdict?.problem ?? refusal.problem
        refuse(refusal, tries, runtime)
        // Nobody is at fault who was left out for a template that is.
        if (!isProven(outputs, sieved.known))
          for (const event of quarantine.settle(new Map(), catalog, texts, now())) runtime.emit(event)
        return { kind: 'refused', problem, blame: mayPass(refusal) ? 'environment' : 'template' }
      }
      for (const [service, { rejection }] of verdict.out) {
        if (out.has(service) && rejection.reason === 'quarantined') gone.add(service)
      }
      out = new Map([...verdict.out, ...out])
    }
  }

  /** Were these very texts accepted before, with a service, and with these answers? Without one, any template is fine. */
  function isProven(outputs: readonly Output[], known: Known): boolean {
    if (liveSeen === undefined || isEmpty(liveSeen.selection) || !isSameKnown(known, liveSeen.known)) return false
    if (confirmed === undefined && memory.areConditionsNew) return false
    return templates.areProven(outputs)
  }

  /** What templates may be told beyond the services in the place of what they are told now. */
  const answersBefore = () => liveSeen && answersInstead(demand.known(), liveSeen.known)

  /** After a restart nobody knows them: what stands in then keeps files as they are, and newcomers out. */
  const knowsAccepted = () => liveSeen !== undefined && liveSeen.known.size > 0

  async function whoseFault(seen: Seen, out: Out, outputs: readonly Output[], runtime: UpdateRuntime) {
    const scene = {
      seen,
      live: liveSeen,
      areTemplatesProven: isProven(outputs, seen.known),
      wereOut: new Set([...quarantine.names()].filter(service => !out.has(service))),
      hasFallback: templates.accepted() !== undefined || (knowsAccepted() && answersBefore() !== undefined),
      draw: (part: Seen) => draw(part, outputs).generation,
    }
    try {
      return await investigate(scene, target, runtime)
    } catch (error) {
      if (runtime.signal.aborted) return 'nobody'
      if (!isOf('target', error)) throw error
      return { kind: 'template', problem: reasonOf(error) } as const
    }
  }

  return {
    target,
    templates,
    rules,
    wait,
    confirmed: () => confirmed,
    missing: () => inquiry.missing(),
    approve: () => chooser.approve(),

    async recall({ emit }) {
      const last = await target.recall()
      if (memory.areRulesNew) chooser.trust()
      if (last === undefined || isEmpty(last.selection)) return
      live = last
      const { digest, selection } = last
      liveSeen = { ...nothingSeen, selection }
      emit({ type: 'generation.recalled', digest, ...sizeOf(selection) })
    },

    async standIn({ emit, signal }) {
      if (live !== undefined) return
      try {
        const isStanding = await target.standIn(() => draw(nothingSeen, templates.outputs(), false).generation, signal)
        if (isStanding) emit({ type: 'generation.stood_in' })
      } catch (error) {
        if (signal.aborted) return
        if (!isOf('target', error) && !isOf('template', error)) throw error
        const problem = reasonOf(error)
        const retryIn = retries.failed('', problem, error.code)
        emit({ type: 'generation.failed', code: error.code, problem, retryIn })
      }
    },

    async anticipate(catalog, resolved, runtime) {
      const outputs = templates.outputs()
      const kept = keptOut(catalog, outputs)
      const wanted = wantedOf(catalog, resolved, outputs, { live, out: kept })
      const seen = seenIn(chooser.look(wanted, runtime.clock.now()), wanted, outputs)
      const rest = leaveOut(seen, kept, live?.selection)
      const sieved = inquiry.complete(rest, outputs, { ...runtime, again: () => {} })
      if (sieved === undefined) return
      await drawing.prepare(sieved, outputs)
      let generation: Generation
      try {
        generation = draw(sieved, outputs).generation
      } catch (error) {
        if (isOf('template', error)) return // the update says so
        throw error
      }
      const { digest } = generation
      if (digest === live?.digest || retries.tooSoon(digest) !== undefined) return
      if (((await target.readyIn?.(digest)) ?? 0) > 0) return
      await ahead.prepare(generation, runtime)
    },

    async update(catalog, resolved, runtime) {
      if (retries.reconsider(runtime.again)) templates.reload()
      const outputs = templates.outputs() // as they are now: a file may be saved while they are tried
      const kept = keptOut(catalog, outputs)
      const wanted = wantedOf(catalog, resolved, outputs, { live, out: kept })
      const since = now()
      const { selection, chooseIn } = chooser.choose(wanted, runtime)
      if (chooseIn !== undefined) runtime.again(chooseIn)
      const seen = seenIn(selection, wanted, outputs)
      const so = { since, took: { ...catalog.took, select: now() - since }, kept }
      const first = await deliver(seen, catalog, outputs, so, runtime)
      const retryIn = quarantine.retryIn(now())
      if (retryIn !== undefined) runtime.again(retryIn + 1)
      if (first.kind === 'live') {
        chooser.settled()
        templates.accept(outputs)
        return keepTexts(memory, templates.texts(), runtime)
      }
      // Is the template to blame, or an answer to it? Then what was accepted last still works, and the catalog goes on with it.
      const accepted = first.kind === 'refused' ? templates.accepted() : undefined
      const known = answersBefore()
      if (first.kind !== 'refused' || (accepted ?? known) === undefined || runtime.signal.aborted) return
      const before = accepted ?? outputs
      const refused = accepted === undefined ? first.problem : undefined
      const instead = liveSeen && { known: known ?? liveSeen.known, refused }
      const also = { ...so, kept: new Map([...kept, ...keptOut(catalog, before)]) }
      const second = await deliver(seenIn(selection, wanted, before), catalog, before, also, runtime, instead)
      if (second.kind !== 'live') return
      chooser.settled()
      if (accepted === undefined) return
      templates.setAside(outputs, first.problem)
      if (first.blame === 'environment') runtime.again(retries.setAside() + 1)
    },
  }
}

function textsOf(outputs: readonly Output[]): string {
  return JSON.stringify(outputs.map(({ template }) => template.source.text))
}
