import type { Generation } from '../model/generation.ts'
import type { Runtime } from '../runtime.ts'
import type { Target } from '../target/target.ts'
import { type Prepared, prepare } from './apply.ts'

/** One generation that was staged and validated before anybody asked for it. */
export interface Ahead {
  prepare(generation: Generation, runtime: Runtime): Promise<void>
  /** What was prepared for this digest; anything else is thrown away. */
  take(digest: string): Promise<Prepared> | undefined
}

export function createAhead(target: Target): Ahead {
  let kept: { readonly digest: string; readonly prepared: Promise<Prepared> } | undefined

  function take(digest: string | undefined): Promise<Prepared> | undefined {
    const taken = kept
    kept = undefined
    if (taken === undefined || taken.digest === digest) return taken?.prepared
    taken.prepared.then(({ staged }) => staged.discard()).catch(() => {}) // never used, so its failure is nobody's
    return undefined
  }

  return {
    take,
    async prepare(generation, runtime) {
      take(undefined)
      const prepared = prepare(generation, target, runtime)
      kept = { digest: generation.digest, prepared }
      await prepared.catch(() => {}) // whoever takes it awaits it again, and hears of the failure
    },
  }
}
