import { createHash } from 'node:crypto'
import type { Selection } from './selection.ts'

/** A stretch of a text that was printed from the catalog, as offsets, and whose value it is, where that is known. */
export interface Span {
  readonly start: number
  readonly end: number // behind its last character
  readonly service: string | undefined
}

/** What a template gives: its text, and which of it is data. In the order of the text; none overlap. */
export interface Printed {
  readonly text: string
  readonly spans: readonly Span[]
}

export interface RenderedFile {
  readonly path: string // relative to the generation's root (own layout), else absolute
  readonly text: string
  readonly spans?: readonly Span[] // not kept on disk: what is read back was checked when it was made
}

/** A content-addressed set of configuration files together with the model it was rendered from. */
export interface Generation {
  readonly digest: string // 64 hex digits
  readonly files: readonly RenderedFile[]
  readonly selection: Selection
}

export function generationOf(files: readonly RenderedFile[], selection: Selection): Generation {
  return { digest: digestOf(files), files, selection }
}

/** SHA-256 over paths and texts; lengths stand between them, so no two sets of files share a digest by accident. */
export function digestOf(files: readonly RenderedFile[]): string {
  const hash = createHash('sha256')
  for (const { path, text } of files) hash.update(`${path.length}:${path}${text.length}:${text}`)
  return hash.digest('hex')
}
