import { createHash } from 'node:crypto'
import type { Selection } from './selection.ts'

/** A stretch of a text that was printed from the catalog, as offsets, and whose value it is, where that is known. */
export interface Span {
  readonly start: number
  readonly end: number // behind its last character
  readonly service: string | undefined
}

/**
 * A part of a text, and which of it is data: in the order of the text, none overlap; offsets count from the beginning of
 * the part. The same object is the same part.
 */
export interface Piece {
  readonly text: string
  readonly spans: readonly Span[]
}

/** What a template gives: its text, and the pieces it was put together of. */
export interface Printed {
  readonly text: string
  readonly pieces: readonly Piece[]
}

export interface RenderedFile {
  readonly path: string // relative to the generation's root (own layout), else absolute
  readonly text: string
  readonly pieces?: readonly Piece[] // not kept on disk: what is read back was checked when it was made
}

/** A content-addressed set of configuration files together with the model it was rendered from. */
export interface Generation {
  readonly digest: string // 64 hex digits
  readonly files: readonly RenderedFile[]
  readonly selection: Selection
}

export function printed(pieces: readonly Piece[]): Printed {
  return { text: pieces.map(({ text }) => text).join(''), pieces }
}

/** All data of a text, with offsets into the whole. */
export function spansOf(pieces: readonly Piece[]): Span[] {
  let from = 0
  return pieces.flatMap(({ text, spans }) => {
    const before = from
    from += text.length
    return before === 0
      ? spans
      : spans.map(({ start, end, service }) => ({ start: start + before, end: end + before, service }))
  })
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

const words = new WeakMap<Generation, ReadonlySet<string>>()

/** Does this endpoint of a server stand in any of its files, as a word of its own? */
export function isPrintedIn(generation: Generation, endpoint: string): boolean {
  const known =
    words.get(generation) ?? new Set(generation.files.flatMap(({ text }) => text.match(/[\w.:[\]]+/g) ?? []))
  words.set(generation, known)
  return known.has(endpoint)
}
