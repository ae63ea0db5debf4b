import type { Catalog } from '../model/catalog.ts'
import type { Skeleton } from './skeleton.ts'

/** Something in nginx's configuration that hurts somebody, sooner or later. */
export interface Rule {
  readonly name: string
  find(file: Skeleton, surroundings: Surroundings): Iterable<Hazard>
}

export interface Surroundings {
  /** All files that are looked at together, this one among them. */
  readonly files: readonly Skeleton[]
  /** Undefined: nobody asked for it. */
  readonly catalog: Catalog | undefined
}

export interface Hazard {
  readonly at: number // an offset in the skeleton
  readonly what: string // happens to whom
  readonly mend: string
}
