import { createHash } from 'node:crypto'
import type { Selection } from './selection.ts'

export interface RenderedFile {
  readonly path: string // relative to the generation's root (own layout), else absolute
  readonly text: string
  readonly service?: string // set when the file belongs to one service and can be left out alone
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
