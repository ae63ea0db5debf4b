import type { Value } from './value.ts'

export type LanguageName = 'nunjucks' | 'gotmpl' | 'nginx'

/** A template in any language: text with holes, some of it in conditions and loops. `at` is an offset in its source. */
export type Part =
  | { readonly kind: 'text'; readonly at: number; readonly text: string } // stands in the source as it is
  | { readonly kind: 'hole'; readonly at: number; readonly value: Value }
  | {
      readonly kind: 'branch'
      readonly how: 'if' | 'with' | 'loop'
      readonly at: number
      readonly value: Value
      readonly body: readonly Part[]
      readonly otherwise: readonly Part[]
    }
  | { readonly kind: 'jump'; readonly at: number } // out of a round of a loop

/** Templates that call each other may give endless text; of so many parts the rest is not looked at. */
export const MOST_PARTS = 50_000
export const DEEPEST = 30
