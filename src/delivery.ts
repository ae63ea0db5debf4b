import { difference } from './announce.ts'
import { apply, type Outcome, type Prepared, prepare } from './apply.ts'
import { createChooser, type Wanted } from './chooser.ts'
import { type Code, isOf, reasonOf, systemCode } from './errors.ts'
import type { Memory } from './memory.ts'
import type { Catalog } from './model/catalog.ts'
import { describe } from './model/diagnostic.ts'
import type { Generation } from './model/generation.ts'
import { type Selection, serversOf } from './model/selection.ts'
import { type Output, render } from './render/render.ts'
import type { Templates } from './render/templates.ts'
import { type Surroundings, viewOf } from './render/view.ts'
import { createRetries } from './retries.ts'
import type { Runtime } from './runtime.ts'
import type { GuardPolicy } from './select/guard.ts'
import type { SelectionRules } from './select/rules.ts'
import { visibleServices } from './select/select.ts'
import type { Target } from './target/target.ts'

export interface DeliveryParts {
  readonly templates: Templates
  readonly target: Target
  readonly rules: Omit<SelectionRules, 'resolved'>
  /** Asked for every generation: a user's tree may change beside us. */
  readonly around: () => Surroundings
  readonly policy: GuardPolicy
  readonly memory: Memory
  /** Only one delivery tells of the selection: it is the same for all. */
  readonly isSpeaker: boolean
  readonly now: () => number // ms
}

/** What an update may use; `again` asks for another one in so many ms, whether or not anything changes until then. */
export interface UpdateRuntime extends Runtime {
  again(ms: number): void
}

/** One target and the templates that make its generations. */
export interface Delivery {
  readonly target: Target
  readonly templates: Templates
  readonly rules: DeliveryParts['rules']
  /** Once, before the first update: what was live in the last life. */
  recall(runtime: Runtime): Promise<void>
  /** Stages and validates what an update would give now, so that it need not when calm has come. Touches nothing live. */
  anticipate(catalog: Catalog, resolved: SelectionRules['resolved'], runtime: Runtime): Promise<void>
  /** Catalog in, outcome out: what went wrong has been said, and will be tried again. Throws only what is a bug. */
  update(catalog: Catalog, resolved: SelectionRules['resolved'], runtime: UpdateRuntime): Promise<void>
  /** An operator believes the loss that is held: the next update passes it. */
  approve(): void
}

type Attempt =
  | { readonly ok: true }
  /** `template`: perhaps its fault; `environment`: a port, a disk, a process, which may change by themselves. */
  | { readonly ok: false; readonly problem: string; readonly blame: 'template' | 'environment' | 'nobody' }

const KEEP_AGAIN_MS = 10_000

type Draw = (outputs: readonly Output[]) => Generation

export function createDelivery(parts: DeliveryParts): Delivery {
  const { templates, target, rules, around, policy, memory, isSpeaker, now } = parts
  const chooser = createChooser(rules, policy, isSpeaker)
  const retries = createRetries(now)
  let live: Generation | undefined // what the target confirmed
  let ahead: { readonly digest: string; readonly prepared: Promise<Prepared> } | undefined

  function wantedFrom(catalog: Catalog, resolved: SelectionRules['resolved']): Wanted {
    const answersForUnavailable = templates.outputs().some(({ template }) => template.uses('unavailable'))
    return { catalog, resolved, live: live?.selection, answersForUnavailable }
  }

  function drawer(selection: Selection, { catalog, resolved }: Wanted): Draw {
    const view = viewOf(selection, () => visibleServices(catalog, { ...rules, resolved }), around())
    return outputs => render(outputs, view, selection)
  }

  /** What was prepared for this digest while the catalog was calming down; anything else is thrown away. */
  function takeAhead(digest: string | undefined): Promise<Prepared> | undefined {
    const taken = ahead
    ahead = undefined
    if (taken === undefined || taken.digest === digest) return taken?.prepared
    taken.prepared.then(({ staged }) => staged.discard()).catch(() => {}) // never used, so its failure is nobody's
    return undefined
  }

  async function attempt(draw: Draw, outputs: readonly Output[], runtime: UpdateRuntime): Promise<Attempt> {
    const { clock, emit, signal } = runtime
    const started = clock.now()
    let generation: Generation
    try {
      generation = draw(outputs)
    } catch (error) {
      if (!isOf('template', error)) throw error
      return failedTemplate(reasonOf(error), error.code, runtime)
    }
    const { digest, files } = generation
    const tooSoon = retries.tooSoon(digest)
    if (tooSoon !== undefined) {
      runtime.again(tooSoon.retryIn + 1)
      return { ok: false, problem: tooSoon.problem, blame: 'template' }
    }

    emit({ type: 'generation.rendered', digest, files: files.length, ms: clock.now() - started })
    try {
      return settle(generation, await apply(generation, target, runtime, takeAhead(digest)), started, runtime)
    } catch (error) {
      if (signal.aborted) return { ok: false, problem: 'stopping', blame: 'nobody' }
      if (!isOf('target', error)) throw error
      const problem = reasonOf(error)
      const retryIn = retries.failed(digest, problem, error.code)
      runtime.again(retryIn + 1)
      emit({ type: 'generation.failed', code: error.code, problem, retryIn })
      return { ok: false, problem, blame: 'nobody' }
    }
  }

  function failedTemplate(problem: string, code: Code, { emit }: Runtime): Attempt {
    if (retries.lastProblem() !== problem) {
      emit({ type: 'template.failed', path: problem.split(':')[0] ?? '', code, message: problem })
    }
    retries.failed('', problem, code)
    return { ok: false, problem, blame: 'template' }
  }

  function settle(generation: Generation, outcome: Outcome, started: number, runtime: UpdateRuntime): Attempt {
    const { clock, emit, again } = runtime
    const { digest } = generation
    switch (outcome.kind) {
      case 'unchanged':
      case 'started':
      case 'reloaded':
      case 'written': {
        const { added, removed } = difference(live?.selection, generation.selection)
        // Nothing was done, but a refusal before it is over: the catalog has come back to what is live.
        const isOver = retries.lastProblem() !== undefined
        if (outcome.kind !== 'unchanged' || live?.digest !== digest || isOver) {
          emit({ type: 'generation.activated', digest, how: outcome.kind, ms: clock.now() - started, added, removed })
        }
        live = generation
        retries.succeeded()
        chooser.settled()
        return { ok: true }
      }
      case 'invalid': {
        const problem = outcome.diagnostics.map(describe).join('; ')
        again(retries.failed(digest, problem, 'TARGET_INVALID') + 1)
        emit({ type: 'generation.invalid', digest, diagnostics: outcome.diagnostics })
        return { ok: false, problem, blame: 'template' }
      }
      case 'rolled_back': {
        const problem = reasonOf(outcome.cause)
        const code = isOf('target', outcome.cause) ? outcome.cause.code : 'TARGET_NOT_TAKEN_UP'
        const retryIn = retries.failed(digest, problem, code)
        again(retryIn + 1)
        emit({ type: 'generation.rolled_back', digest, to: live?.digest, code, problem, retryIn })
        return { ok: false, problem, blame: 'environment' }
      }
    }
  }

  function reconsider({ again }: UpdateRuntime): void {
    const wait = retries.reconsiderIn()
    if (wait === undefined) return
    if (wait > 0) {
      again(wait + 1)
      return
    }
    retries.reconsidered()
    templates.reload()
  }

  /** What was accepted is needed only if the next start meets a broken file: a full disk is told, and tried again. */
  async function keepTexts({ emit, again }: UpdateRuntime): Promise<void> {
    try {
      await memory.keep(templates.texts())
    } catch (error) {
      if (systemCode(error) === undefined) throw error
      const problem = `cannot write down the accepted templates: ${reasonOf(error)}`
      emit({ type: 'generation.failed', code: 'TARGET_STAGE_FAILED', problem, retryIn: KEEP_AGAIN_MS })
      again(KEEP_AGAIN_MS)
    }
  }

  return {
    target,
    templates,
    rules,
    approve: () => chooser.approve(),

    async recall({ emit }) {
      live = await target.recall()
      if (memory.areRulesNew) chooser.trust()
      if (live === undefined) return
      const { digest, selection } = live
      const servers = serversOf(selection).length
      emit({ type: 'generation.recalled', digest, sites: selection.sites.length, servers })
    },

    async anticipate(catalog, resolved, runtime) {
      const wanted = wantedFrom(catalog, resolved)
      let generation: Generation
      try {
        generation = drawer(chooser.look(wanted, runtime.clock.now()), wanted)(templates.outputs())
      } catch (error) {
        if (isOf('template', error)) return // the update says so
        throw error
      }
      const { digest } = generation
      if (digest === live?.digest || retries.tooSoon(digest) !== undefined) return
      takeAhead(undefined)
      const prepared = prepare(generation, target, runtime)
      ahead = { digest, prepared }
      await prepared.catch(() => {}) // whoever takes it awaits it again, and hears of the failure
    },

    async update(catalog, resolved, runtime) {
      reconsider(runtime)
      const wanted = wantedFrom(catalog, resolved)
      const { selection, chooseIn } = chooser.choose(wanted, runtime)
      if (chooseIn !== undefined) runtime.again(chooseIn)
      const draw = drawer(selection, wanted)
      const outputs = templates.outputs() // as they are now: a file may be saved while they are tried
      const first = await attempt(draw, outputs, runtime)
      if (first.ok) {
        templates.accept(outputs)
        return keepTexts(runtime)
      }
      // Is the template to blame? Then what was accepted last still works, and the catalog goes on with it.
      const accepted = first.blame === 'nobody' ? undefined : templates.accepted()
      if (accepted === undefined || runtime.signal.aborted) return
      const second = await attempt(draw, accepted, runtime)
      if (!second.ok) return
      templates.setAside(outputs, first.problem)
      if (first.blame === 'environment') runtime.again(retries.setAside() + 1)
    },
  }
}
