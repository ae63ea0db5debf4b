import { type Code, isOf, reasonOf } from '../errors.ts'
import { type Diagnostic, describe } from '../model/diagnostic.ts'
import type { Generation } from '../model/generation.ts'
import { type Phases, rounded } from '../model/phases.ts'
import { type NonEmpty, sizeOf } from '../model/selection.ts'
import type { Runtime } from '../runtime.ts'
import type { Target } from '../target/target.ts'
import { difference } from './announce.ts'
import { apply, type Outcome, type Prepared } from './apply.ts'
import type { Drawn } from './drawing.ts'
import type { Retries } from './retries.ts'

/** What an update may use; `again` asks for another one in so many ms, whether or not anything changes until then. */
export interface UpdateRuntime extends Runtime {
  again(ms: number): void
  /** Has something newer come meanwhile? */
  isStale(): boolean
}

export type Attempt =
  | { readonly kind: 'live'; readonly live: Generation }
  /** By a template or by the validator; nothing live was touched, nothing has been said yet. */
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** Taken back, said, and tried again later: a port, a process, which may change by themselves. */
  | { readonly kind: 'rolled_back'; readonly problem: string }
  /** Refused a moment ago, and too soon to be tried again. */
  | { readonly kind: 'refused_before'; readonly problem: string }
  /** A disk, a stop, a reload too many; said where there is something to say. Nobody's fault here. */
  | { readonly kind: 'failed' }

export type Refusal =
  | { readonly by: 'template'; readonly problem: string; readonly code: Code }
  | {
      readonly by: 'validator'
      readonly problem: string
      readonly digest: string
      readonly diagnostics: NonEmpty<Diagnostic>
    }

/** What is to become live, in the place of what. */
export interface Wish {
  draw(): Drawn
  readonly live: Generation | undefined
  /** What was prepared for this digest already. */
  ahead(digest: string): Promise<Prepared> | undefined
  readonly since: number // when it was asked for, in ms on the runtime's clock
  readonly took: Phases // until now
  readonly refused: string | undefined // what newer answers to templates than these were refused for
}

/** Renders and applies, once. Throws only what is a bug. */
export async function attempt(wish: Wish, target: Target, retries: Retries, runtime: UpdateRuntime): Promise<Attempt> {
  const { emit, signal } = runtime
  let drawn: Drawn
  try {
    drawn = wish.draw()
  } catch (error) {
    if (!isOf('template', error)) throw error
    return { kind: 'refused', refusal: { by: 'template', problem: reasonOf(error), code: error.code } }
  }
  const { generation, ms } = drawn
  const { digest, files } = generation
  const tooSoon = retries.tooSoon(digest)
  if (tooSoon !== undefined) {
    runtime.again(tooSoon.retryIn + 1)
    return { kind: 'refused_before', problem: tooSoon.problem }
  }

  const wait = (await target.readyIn?.(digest)) ?? 0
  if (wait > 0) {
    runtime.again(wait + 1) // with what is newest then
    return { kind: 'failed' }
  }

  emit({ type: 'generation.rendered', digest, files: files.length, ms })
  try {
    const outcome = await apply(generation, target, runtime, wish.ahead(digest))
    return settle(drawn, outcome, wish, retries, runtime)
  } catch (error) {
    if (signal.aborted) return { kind: 'failed' }
    if (!isOf('target', error)) throw error
    const problem = reasonOf(error)
    const retryIn = retries.failed(digest, problem, error.code)
    runtime.again(retryIn + 1)
    emit({ type: 'generation.failed', code: error.code, problem, retryIn })
    return { kind: 'failed' }
  }
}

function settle(
  { generation, ms: render }: Drawn,
  outcome: Outcome,
  { live, since, took, refused }: Wish,
  retries: Retries,
  { clock, emit, again }: UpdateRuntime,
): Attempt {
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
        const size = sizeOf(generation.selection)
        const phases = rounded({ ...took, render, ...(outcome.kind !== 'unchanged' && outcome.took) })
        emit({
          type: 'generation.activated',
          digest,
          how: outcome.kind,
          ms: clock.now() - since,
          ...size,
          added,
          removed,
          phases,
          ...(refused !== undefined && { refused }),
        })
      }
      retries.succeeded()
      return { kind: 'live', live: generation }
    }
    case 'invalid': {
      const { diagnostics } = outcome
      const problem = diagnostics.map(describe).join('; ')
      return { kind: 'refused', refusal: { by: 'validator', problem, digest, diagnostics } }
    }
    case 'rolled_back': {
      const problem = reasonOf(outcome.cause)
      const code = isOf('target', outcome.cause) ? outcome.cause.code : 'TARGET_NOT_TAKEN_UP'
      const retryIn = retries.failed(digest, problem, code)
      again(retryIn + 1)
      emit({ type: 'generation.rolled_back', digest, to: live?.digest, code, problem, retryIn })
      return { kind: 'rolled_back', problem }
    }
  }
}

/** Is nothing wrong with the text? What is in its way may go by itself. */
export function mayPass(refusal: Refusal): boolean {
  return refusal.by === 'validator' && refusal.diagnostics.every(diagnostic => diagnostic.mayPass)
}

/** Says that it is refused as a whole, and when it is tried again. */
export function refuse(refusal: Refusal, retries: Retries, { emit, again }: UpdateRuntime): void {
  if (refusal.by === 'validator') {
    again(retries.failed(refusal.digest, refusal.problem, 'TARGET_INVALID') + 1)
    emit({ type: 'generation.invalid', digest: refusal.digest, diagnostics: refusal.diagnostics })
    return
  }
  const { problem, code } = refusal
  if (retries.lastProblem() !== problem) {
    emit({ type: 'template.failed', path: problem.split(':')[0] ?? '', code, message: problem })
  }
  retries.failed('', problem, code)
}
