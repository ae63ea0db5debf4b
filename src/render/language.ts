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
  readonly options?: TemplateOptions
}

/** What consul-template lets people say of a template. */
export interface TemplateOptions {
  readonly leftDelimiter: string | undefined // undefined: what is usual in the language
  readonly rightDelimiter: string | undefined
  readonly failsOnMissingKey: boolean
  /** Globs of functions that may not be called. */
  readonly denied: readonly string[]
  /** The folder that files are read from; undefined: anywhere. */
  readonly sandbox: string | undefined
  /** May it run programs and write files while it renders? */
  readonly allowsUnsafe: boolean
}

/** A name of the view; `checks`: of the checks of what is listed more than how they are. */
export type Used = keyof View | 'checks'

export interface Template {
  readonly source: TemplateSource
  /** Does the text mention this? What it cannot ask for need not be made. */
  uses(name: Used): boolean
  /**
   * Synchronous and pure: the same view and the same answers give the same text. Bounded in time and in size.
   * Without `asking` nothing is known beyond the view. Marks what it printed from the catalog; literals and the template's own text are not marked.
   * Throws TEMPLATE_UNDEFINED, TEMPLATE_FAILED or TEMPLATE_BUDGET, carrying path:line:column and the service it was at.
   */
  render(view: View, asking?: Asking): Printed
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
