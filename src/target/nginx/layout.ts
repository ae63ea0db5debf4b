import type { Generation, RenderedFile } from '../../model/generation.ts'
import type { Selection } from '../../model/selection.ts'
import type { KeptFile } from '../keep-files.ts'
import type { Tree } from './tree.ts'
import type { Candidate } from './validate.ts'

/** A generation written beside the live tree, ready for `nginx -t`. */
export interface Prepared extends Candidate {
  /** The one of our files that nginx knows by this path; undefined for the user's. */
  fileAt(path: string): RenderedFile | undefined
  /** All that nginx would read, by the paths an operator knows. */
  tree(): Tree
  /** The texts that may differ from what was live; cheaper than the tree. */
  texts(): readonly string[]
  /** The same tree without our files, to tell whose fault a refusal is; undefined when all of it is ours. */
  withoutOurs(): Promise<Candidate | undefined>
  discard(): Promise<void>
}

/** How generations lie on the disk and become what nginx reads. */
export interface Layout {
  /** What nginx is started with, `-c` first. */
  startArguments(): readonly string[]
  readonly cwd: string
  prepare(generation: Generation): Promise<Prepared>
  /** As `prepare`, only to be judged: nothing of it is kept, so it need not be safe on the disk. */
  sketch(generation: Generation): Promise<Prepared>
  /** From here on nginx reads this generation when it starts or reloads. Killed at any point, it reads the old or the new one. */
  publish(generation: Generation): Promise<void>
  /** The published generation is verified: remember it as the one to go back to. */
  settle(generation: Generation): Promise<void>
  /** Puts back what was verified last. */
  restore(): Promise<void>
  /** Repairs what a crash may have left. */
  recover(): Promise<void>
  /** Digest of the generation that nginx reads when it starts or reloads, verified or not. */
  published(): Promise<string | undefined>
  /** Digest of the generation that was verified last. */
  good(): Promise<string | undefined>
  /** The generation that was verified last, when it is on the disk as it was. */
  recall(): Promise<Generation | undefined>
  /** What a generation was rendered from; also when its files are no longer what they were. */
  selection(digest: string): Promise<Selection | undefined>
  find(digest: string): Promise<Generation | undefined>
  /** The digest that the disk proves to be what was verified last; undefined when it was edited or is uncertain. */
  proven(): Promise<string | undefined>
  /** Is there anything nginx could be started with? */
  isStartable(): Promise<boolean>
  /** What has to lie on the disk as long as this generation is live. */
  kept(generation: Generation): readonly KeptFile[]
}
