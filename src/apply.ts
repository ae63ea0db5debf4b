import type { Diagnostic } from './model/diagnostic.ts'
import type { Generation } from './model/generation.ts'
import type { NonEmpty } from './model/selection.ts'
import type { Runtime } from './runtime.ts'
import type { Target } from './target/target.ts'

export type Outcome =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'started' | 'reloaded' | 'written'; readonly live: Generation }
  | { readonly kind: 'invalid'; readonly diagnostics: NonEmpty<Diagnostic> } // nothing live was touched
  | { readonly kind: 'rolled_back'; readonly cause: Error } // tried; the previous generation is live again

/** Stage → validate → activate, unless it is live already. Throws errors of class `target`. */
export async function apply(next: Generation, target: Target, runtime: Runtime): Promise<Outcome> {
  const { clock, emit, signal } = runtime
  if ((await target.running(signal))?.digest === next.digest) return { kind: 'unchanged' }

  const staged = await target.stage(next)
  try {
    const started = clock.now()
    const validation = await staged.validate(signal)
    if (validation.kind === 'invalid') return validation
    emit({
      type: 'generation.validated',
      digest: next.digest,
      ms: clock.now() - started,
      warnings: validation.warnings,
    })

    const activation = await staged.activate(signal)
    return activation.kind === 'rolled_back' ? activation : { kind: activation.kind, live: next }
  } finally {
    await staged.discard()
  }
}
