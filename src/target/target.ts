import type { Diagnostic } from '../model/diagnostic.ts'
import type { Generation } from '../model/generation.ts'
import type { Phases } from '../model/phases.ts'
import type { NonEmpty } from '../model/selection.ts'

export type Validation =
  | { readonly kind: 'valid'; readonly warnings: readonly Diagnostic[] }
  | { readonly kind: 'invalid'; readonly diagnostics: NonEmpty<Diagnostic> }

export type Activation =
  /** Accepted by the process (own layout: it answers with the digest). `written`: nothing runs that would read it. */
  | { readonly kind: 'started' | 'reloaded'; readonly pid: number; readonly took: Took }
  | { readonly kind: 'written'; readonly took: Took }
  /** The previous generation is live again. */
  | { readonly kind: 'rolled_back'; readonly cause: Error }

export type Took = Pick<Phases, 'signal' | 'verified'>

/** A generation written beside the live tree. Nothing live changes before `activate`. */
export interface Staged {
  /** Changes nothing, not even the pid file. Throws when the surrounding tree is broken without us. */
  validate(signal: AbortSignal): Promise<Validation>
  /** Publish, start or reload, verify; else republish the last one. Throws TARGET_ROLLBACK_FAILED when that fails too. */
  activate(signal: AbortSignal): Promise<Activation>
  discard(): Promise<void>
}

/** What runs; never what we remember telling it. */
export interface Running {
  readonly pid: number | undefined // undefined: no process is needed to make it live
  /** What the process answers, or what the disk proves; undefined when neither is certain. */
  readonly digest: string | undefined
  /** How many generations before it still finish requests: each holds its memory until it is done. */
  readonly draining: number
}

/** Seam: what makes a generation live. */
export interface Target {
  readonly name: string
  /** The generation that was live and verified last, read back from disk, so that a restarted daemon knows it. */
  recall(): Promise<Generation | undefined>
  running(signal: AbortSignal): Promise<Running | undefined>
  /** The ms this generation has to wait, because the process was told of others a moment ago; 0, and without it: none. */
  readyIn?(digest: string): Promise<number>
  /** The live tree is byte-identical afterwards; staging the same digest twice is harmless. */
  stage(generation: Generation): Promise<Staged>
  /** What the validator would say of it; nothing is kept and nothing live changes. To find out who is at fault. */
  judge(generation: Generation, signal: AbortSignal): Promise<Validation>
  /**
   * Nothing is known, nothing was live before and nothing runs: makes something answer, what is on the disk or else this
   * generation. True when something does now that did not. Throws errors of class `target`.
   */
  standIn(draw: () => Generation, signal: AbortSignal): Promise<boolean>
  /** Brings back what ran last, before any source has spoken, and keeps it running until the signal aborts. */
  supervise(signal: AbortSignal): Promise<void>
  /** Ends what we started, within the bound; leaves alone what we found. */
  stop(): Promise<void>
}
