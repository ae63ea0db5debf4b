import type { Printed } from '../model/generation.ts'
import type { Answers, Kind, Query } from '../model/query.ts'
import type { View } from './view.ts'

/** Seam: a template language. */
export interface TemplateLanguage {
  readonly name: string
  readonly extensions: readonly string[] // with the dot
  /** Throws TEMPLATE_SYNTAX carrying path:line:column. */
  compile(source: TemplateSource): Template
}

export interface TemplateSource {
  readonly path: string
  readonly text: string
}

export interface Template {
  readonly source: TemplateSource
  /** Does the text mention this name of the view? What it cannot ask for need not be made. */
  uses(name: keyof View): boolean
  /**
   * Synchronous and pure: the same view gives the same text. Bounded in time and in size.
   * Marks what it printed from the catalog; literals and the template's own text are not marked.
   * Throws TEMPLATE_UNDEFINED, TEMPLATE_FAILED or TEMPLATE_BUDGET, carrying path:line:column and the service it was at.
   */
  render(view: View): Printed
  /**
   * Does some of the work of rendering this view beforehand, piece by piece, so that others have their turn in between.
   * What goes wrong is left for `render` to say.
   */
  prepare(view: View): Promise<void>
}

/** What a template may ask for while it runs. */
export interface Asking {
  /** Undefined as long as it is not known: whatever is made of that is thrown away, and made again when it is. */
  ask<K extends Kind>(query: Query & { readonly kind: K }): Answers[K] | undefined
  /** The answer is known, but nothing may be written before it is another one (`key` of what does not exist). */
  hold(query: Query): void
}
