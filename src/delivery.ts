import { announce, announceHolds, difference } from './announce.ts'
import { apply, type Outcome, type Prepared, prepare } from './apply.ts'
import { type Code, isOf, reasonOf } from './errors.ts'
import type { Memory } from './memory.ts'
import type { Catalog } from './model/catalog.ts'
import { describe } from './model/diagnostic.ts'
import type { Generation } from './model/generation.ts'
import { type Selection, serversOf } from './model/selection.ts'
import { type Output, render } from './render/render.ts'
import type { Templates } from './render/templates.ts'
import { type Surroundings, viewOf } from './render/view.ts'
import type { Runtime } from './runtime.ts'
import { type Guarded, type GuardPolicy, guard, keepUnavailable } from './select/guard.ts'
import type { SelectionRules } from './select/rules.ts'
import { select, visibleServices } from './select/select.ts'
import type { Target } from './target/target.ts'

export interface DeliveryParts {
  readonly templates: Templates
  readonly target: Target
  readonly rules: Omit<SelectionRules, 'resolved'>
  readonly around: Surroundings
  readonly policy: GuardPolicy
  readonly memory: Memory
  /** Only one delivery tells of the selection: it is the same for all. */
  readonly isSpeaker: boolean
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

interface Progress {
  live: Generation | undefined // what the target confirmed
  announced: Selection | undefined
  attempted:
    | { readonly digest: string; readonly failures: number; readonly retryAt: number; readonly problem: string }
    | undefined
  reconsider: { readonly at: number; readonly delay: number } | undefined // ms
  ahead: { readonly digest: string; readonly prepared: Promise<Prepared> } | undefined
  held: Guarded['held']
  isTrusted: boolean // a changed rule, or an operator's word: whatever is lost now is meant
}

type Attempt =
  | { readonly ok: true }
  /** `template`: perhaps its fault; `environment`: a port, a disk, a process, which may change by themselves. */
  | { readonly ok: false; readonly problem: string; readonly blame: 'template' | 'environment' | 'nobody' }

/** What may be over in a moment is tried again soon: ms after the first failure. */
const soon: Partial<Record<Code, number>> = { TARGET_EXITED: 250, TARGET_COMMAND_FAILED: 1_000 }
/** When a template that was set aside because of its surroundings is tried again; doubles every time. */
const RECONSIDER_MS = 60_000

export function createDelivery(parts: DeliveryParts): Delivery {
  const { templates, target, rules, around, policy, memory, isSpeaker } = parts
  const progress: Progress = {
    live: undefined,
    announced: undefined,
    attempted: undefined,
    reconsider: undefined,
    ahead: undefined,
    held: [],
    isTrusted: false,
  }

  async function recall(runtime: Runtime): Promise<void> {
    progress.live = await target.recall()
    progress.isTrusted = memory.areRulesNew
    if (progress.live === undefined) return
    const { digest, selection } = progress.live
    runtime.emit({
      type: 'generation.recalled',
      digest,
      sites: selection.sites.length,
      servers: serversOf(selection).length,
    })
  }

  /** What would be proxied now; says nothing and changes nothing. */
  function decide(
    catalog: Catalog,
    resolved: SelectionRules['resolved'],
    now: number,
  ): Guarded & { isEverything: boolean } {
    const live = progress.live?.selection
    const wanted = select(catalog, { ...rules, resolved }, live)
    const answersForUnavailable = templates.outputs().some(({ template }) => template.uses('unavailable'))
    const next = answersForUnavailable ? wanted : keepUnavailable(live, wanted)
    const guarded = progress.isTrusted ? { selection: next, held: [] } : guard(live, next, policy, progress.held, now)
    return { ...guarded, isEverything: next.sites.length === 0 }
  }

  function choose(catalog: Catalog, resolved: SelectionRules['resolved'], runtime: UpdateRuntime): Selection {
    const live = progress.live?.selection
    const now = runtime.clock.now()
    const guarded = decide(catalog, resolved, now)

    if (isSpeaker) {
      const total = live === undefined ? 0 : serversOf(live).length
      const until = guarded.isEverything ? 'approved' : policy.holdFor
      for (const event of [
        ...announce(progress.announced, guarded.selection),
        ...announceHolds(progress.held, guarded.held, total, until),
      ]) {
        runtime.emit(event)
      }
      progress.announced = guarded.selection
    }
    progress.held = guarded.held
    if (guarded.held.length > 0 && !guarded.isEverything) {
      runtime.again(Math.max(...guarded.held.map(({ since }) => since + policy.holdFor - now)) + 1)
    }
    return guarded.selection
  }

  function draw(
    outputs: readonly Output[],
    selection: Selection,
    catalog: Catalog,
    resolved: SelectionRules['resolved'],
  ): Generation {
    const view = viewOf(selection, () => visibleServices(catalog, { ...rules, resolved }), around)
    return render(outputs, view, selection)
  }

  /** What was prepared for this digest while the catalog was calming down; anything else is thrown away. */
  function takeAhead(digest: string): Promise<Prepared> | undefined {
    const { ahead } = progress
    progress.ahead = undefined
    if (ahead === undefined || ahead.digest === digest) return ahead?.prepared
    ahead.prepared.then(({ staged }) => staged.discard()).catch(() => {}) // never used, so its failure is nobody's
    return undefined
  }

  async function attempt(
    outputs: readonly Output[],
    selection: Selection,
    catalog: Catalog,
    resolved: SelectionRules['resolved'],
    runtime: UpdateRuntime,
  ): Promise<Attempt> {
    const { clock, emit } = runtime
    const started = clock.now()
    let generation: Generation
    try {
      generation = draw(outputs, selection, catalog, resolved)
    } catch (error) {
      if (!isOf('template', error)) throw error
      return failedTemplate(reasonOf(error), error.code, runtime)
    }
    const before = progress.attempted
    if (before?.digest === generation.digest && clock.now() < before.retryAt) {
      return { ok: false, problem: before.problem, blame: 'template' }
    }
    emit({
      type: 'generation.rendered',
      digest: generation.digest,
      files: generation.files.length,
      ms: clock.now() - started,
    })
    try {
      const outcome = await apply(generation, target, runtime, takeAhead(generation.digest))
      return settle(generation, outcome, started, runtime)
    } catch (error) {
      if (runtime.signal.aborted) return { ok: false, problem: 'stopping', blame: 'nobody' }
      if (!isOf('target', error)) throw error
      const { retryIn, problem } = remember(generation.digest, reasonOf(error), 1_000, runtime)
      emit({ type: 'generation.failed', code: error.code, problem, retryIn })
      return { ok: false, problem, blame: 'nobody' }
    }
  }

  function failedTemplate(problem: string, code: string, { emit }: Runtime): Attempt {
    if (progress.attempted?.problem !== problem)
      emit({ type: 'template.failed', path: problem.split(':')[0] ?? '', code, message: problem })
    progress.attempted = { digest: '', failures: 1, retryAt: 0, problem }
    return { ok: false, problem, blame: 'template' }
  }

  function settle(generation: Generation, outcome: Outcome, started: number, runtime: UpdateRuntime): Attempt {
    const { clock, emit } = runtime
    const { digest } = generation
    switch (outcome.kind) {
      case 'unchanged':
      case 'started':
      case 'reloaded':
      case 'written': {
        const { added, removed } = difference(progress.live?.selection, generation.selection)
        if (outcome.kind !== 'unchanged' || progress.live?.digest !== digest) {
          const how = outcome.kind === 'unchanged' ? 'written' : outcome.kind
          emit({ type: 'generation.activated', digest, how, ms: clock.now() - started, added, removed })
        }
        Object.assign(progress, { live: generation, attempted: undefined, isTrusted: false })
        return { ok: true }
      }
      case 'invalid': {
        const { problem } = remember(digest, outcome.diagnostics.map(describe).join('; '), 10_000, runtime)
        emit({ type: 'generation.invalid', digest, diagnostics: outcome.diagnostics })
        return { ok: false, problem, blame: 'template' }
      }
      case 'rolled_back': {
        const code = isOf('target', outcome.cause) ? outcome.cause.code : 'TARGET_NOT_TAKEN_UP'
        const first = soon[code] ?? 10_000
        const { retryIn, problem } = remember(digest, reasonOf(outcome.cause), first, runtime)
        emit({ type: 'generation.rolled_back', digest, to: progress.live?.digest, code, problem, retryIn })
        return { ok: false, problem, blame: 'environment' }
      }
    }
  }

  /** The same generation is not tried again at once: what refused it is still there. It is, after a while: that may pass. */
  function remember(
    digest: string,
    problem: string,
    first: number,
    { clock, again }: UpdateRuntime,
  ): { retryIn: number; problem: string } {
    const failures = progress.attempted?.digest === digest ? progress.attempted.failures + 1 : 1
    const retryIn = Math.min(first * 2 ** (failures - 1), 300_000)
    progress.attempted = { digest, failures, retryAt: clock.now() + retryIn, problem }
    again(retryIn + 1)
    return { retryIn, problem }
  }

  function reconsiderLater({ clock, again }: UpdateRuntime): void {
    const delay = Math.min((progress.reconsider?.delay ?? RECONSIDER_MS / 2) * 2, 16 * RECONSIDER_MS)
    progress.reconsider = { at: clock.now() + delay, delay }
    again(delay + 1)
  }

  function reconsider({ clock }: Runtime): void {
    if (progress.reconsider === undefined || clock.now() < progress.reconsider.at) return
    progress.reconsider = { ...progress.reconsider, at: Number.POSITIVE_INFINITY }
    templates.reload()
  }

  return {
    target,
    templates,
    rules,
    recall,
    async anticipate(catalog, resolved, runtime) {
      let generation: Generation
      try {
        const { selection } = decide(catalog, resolved, runtime.clock.now())
        generation = draw(templates.outputs(), selection, catalog, resolved)
      } catch (error) {
        if (isOf('template', error)) return // the update says so
        throw error
      }
      const { digest } = generation
      if (digest === progress.live?.digest || digest === progress.attempted?.digest) return
      takeAhead('')
      const prepared = prepare(generation, target, runtime)
      progress.ahead = { digest, prepared }
      await prepared.catch(() => {}) // whoever takes it awaits it again, and hears of the failure
    },
    async update(catalog, resolved, runtime) {
      reconsider(runtime)
      const selection = choose(catalog, resolved, runtime)
      const first = await attempt(templates.outputs(), selection, catalog, resolved, runtime)
      if (first.ok) {
        templates.accept()
        await memory.keep(templates.texts())
        return
      }
      // Is the template to blame? Then what was accepted last still works, and the catalog goes on with it.
      const accepted = first.blame === 'nobody' ? undefined : templates.accepted()
      if (accepted === undefined || runtime.signal.aborted) return
      const second = await attempt(accepted, selection, catalog, resolved, runtime)
      if (!second.ok) return
      templates.setAside(first.problem)
      if (first.blame === 'environment') reconsiderLater(runtime)
    },
    approve() {
      progress.isTrusted = true
    },
  }
}
