import type { Diagnostic } from './model/diagnostic.ts'
import type { Generation } from './model/generation.ts'
import type { NonEmpty } from './model/selection.ts'
import type { Runtime } from './runtime.ts'
import type { Staged, Target, Validation } from './target/target.ts'

export type Outcome =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'started' | 'reloaded' | 'written'; readonly live: Generation }
  | { readonly kind: 'invalid'; readonly diagnostics: NonEmpty<Diagnostic> } // nothing live was touched
  | { readonly kind: 'rolled_back'; readonly cause: Error } // tried; the previous generation is live again

/** A generation beside the live tree, and what the validator says of it. */
export interface Prepared {
  readonly generation: Generation
  readonly staged: Staged
  readonly validation: Validation
}

/** Stage → validate. Nothing live is touched. Throws errors of class `target`. */
export async function prepare(
  generation: Generation,
  target: Target,
  { clock, emit, signal }: Runtime,
): Promise<Prepared> {
  const staged = await target.stage(generation)
  try {
    const started = clock.now()
    const validation = await staged.validate(signal)
    if (validation.kind === 'valid') {
      const ms = clock.now() - started
      emit({ type: 'generation.validated', digest: generation.digest, ms, warnings: validation.warnings })
    }
    return { generation, staged, validation }
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

  const { staged, validation } = await (ahead ?? prepare(next, target, runtime))
  try {
    if (validation.kind === 'invalid') return validation
    const activation = await staged.activate(runtime.signal)
    return activation.kind === 'rolled_back' ? activation : { kind: activation.kind, live: next }
  } finally {
    await staged.discard()
  }
}
