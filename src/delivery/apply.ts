import type { Diagnostic } from '../model/diagnostic.ts'
import type { Generation } from '../model/generation.ts'
import type { Phases } from '../model/phases.ts'
import type { NonEmpty } from '../model/selection.ts'
import type { Runtime } from '../runtime.ts'
import type { Staged, Target, Validation } from '../target/target.ts'

export type Outcome =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'started' | 'reloaded' | 'written'; readonly live: Generation; readonly took: Phases }
  | { readonly kind: 'invalid'; readonly diagnostics: NonEmpty<Diagnostic> } // nothing live was touched
  | { readonly kind: 'rolled_back'; readonly cause: Error } // tried; the previous generation is live again

/** A generation beside the live tree, and what the validator says of it. */
export interface Prepared {
  readonly generation: Generation
  readonly staged: Staged
  readonly validation: Validation
  readonly took: Pick<Phases, 'stage' | 'test'>
}

/** Stage → validate. Nothing live is touched. Throws errors of class `target`. */
export async function prepare(
  generation: Generation,
  target: Target,
  { clock, emit, signal }: Runtime,
): Promise<Prepared> {
  const began = clock.now()
  const staged = await target.stage(generation)
  try {
    const started = clock.now()
    const validation = await staged.validate(signal)
    const ms = clock.now() - started
    if (validation.kind === 'valid') {
      emit({ type: 'generation.validated', digest: generation.digest, ms, warnings: validation.warnings })
    }
    return { generation, staged, validation, took: { stage: started - began, test: ms } }
  } catch (error) {
    await staged.discard()
    throw error
  }
}

/** Prepare → activate, unless it is live already; `ahead` may have been prepared before. Throws errors of class `target`. */
export async function apply(
  next: Generation,
  target: Target,
  runtime: Runtime,
  ahead?: Promise<Prepared>,
): Promise<Outcome> {
  if ((await target.running(runtime.signal))?.digest === next.digest) {
    await (await ahead)?.staged.discard()
    return { kind: 'unchanged' }
  }

  const { staged, validation, took } = await (ahead ?? prepare(next, target, runtime))
  try {
    if (validation.kind === 'invalid') return validation
    const activation = await staged.activate(runtime.signal)
    if (activation.kind === 'rolled_back') return activation
    return { kind: activation.kind, live: next, took: { ...took, ...activation.took } }
  } finally {
    await staged.discard()
  }
}
