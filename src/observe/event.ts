import type { Diagnostic } from '../model/diagnostic.ts'
import type { Phases } from '../model/phases.ts'
import type { Rejection } from '../model/selection.ts'

/** Everything upstreamd can say. Log, status and (later) metrics are folds over this one stream. */
export type Event =
  | {
      readonly type: 'daemon.started'
      readonly version: string
      readonly layout: 'own' | 'adopt' | 'files'
      readonly state: string
    }
  | { readonly type: 'daemon.ready'; readonly ms: number }
  | { readonly type: 'daemon.reloading' }
  | { readonly type: 'daemon.stopped'; readonly reason: string }
  | { readonly type: 'config.rejected'; readonly problem: string }
  | { readonly type: 'config.warned'; readonly problem: string }
  | { readonly type: 'source.snapshot'; readonly source: string; readonly index: string; readonly services: number }
  | {
      readonly type: 'source.partial'
      readonly source: string
      readonly what: 'node' | 'service'
      readonly names: readonly string[]
      readonly problem: string
      readonly retryIn: number
    }
  | { readonly type: 'source.completed'; readonly source: string; readonly what: 'node' | 'service' }
  | { readonly type: 'source.index_reset'; readonly source: string; readonly from: string; readonly to: string }
  | {
      readonly type: 'source.lost'
      readonly source: string
      readonly code: string
      readonly problem: string
      readonly kept: string | undefined
      readonly retryIn: number
      readonly attempt: number
    }
  | {
      readonly type: 'source.recalled'
      readonly source: string
      readonly index: string
      readonly services: number
      readonly at: string
      readonly age: number
    }
  | { readonly type: 'source.memory_failed'; readonly source: string; readonly problem: string }
  | { readonly type: 'source.recovered'; readonly source: string; readonly after: number }
  | {
      readonly type: 'lookup.failed'
      readonly queries: readonly string[]
      readonly code: string
      readonly problem: string
      readonly retryIn: number | undefined
    }
  | { readonly type: 'lookup.recovered'; readonly after: number }
  | { readonly type: 'selection.changed'; readonly sites: number; readonly servers: number; readonly rejected: number }
  | { readonly type: 'selection.rejected'; readonly rejection: Rejection }
  | { readonly type: 'selection.accepted'; readonly rejection: Rejection }
  | {
      readonly type: 'selection.held'
      readonly services: readonly string[]
      readonly servers: number
      readonly of: number
      readonly until: 'approved' | number
    }
  | { readonly type: 'selection.released'; readonly services: readonly string[] }
  | { readonly type: 'template.loaded'; readonly path: string }
  | { readonly type: 'template.failed'; readonly path: string; readonly code: string; readonly message: string }
  | { readonly type: 'template.set_aside'; readonly paths: readonly string[]; readonly problem: string }
  | { readonly type: 'template.waiting'; readonly destination: string; readonly for: readonly string[] }
  | { readonly type: 'template.answered'; readonly destination: string }
  | { readonly type: 'generation.recalled'; readonly digest: string; readonly sites: number; readonly servers: number }
  | { readonly type: 'generation.stood_in' }
  | { readonly type: 'generation.rendered'; readonly digest: string; readonly files: number; readonly ms: number }
  | {
      readonly type: 'generation.validated'
      readonly digest: string
      readonly ms: number
      readonly warnings: readonly Diagnostic[]
    }
  | { readonly type: 'generation.invalid'; readonly digest: string; readonly diagnostics: readonly Diagnostic[] }
  | {
      readonly type: 'generation.activated'
      readonly digest: string
      readonly how: 'started' | 'reloaded' | 'written' | 'unchanged'
      readonly ms: number
      readonly sites: number
      readonly servers: number
      readonly added: readonly string[]
      readonly removed: readonly string[]
      readonly phases: Phases
      readonly refused?: string // what newer answers to templates than these were refused for
    }
  | {
      readonly type: 'generation.rolled_back'
      readonly digest: string
      readonly to: string | undefined
      readonly code: string
      readonly problem: string
      readonly retryIn: number | undefined
    }
  | {
      readonly type: 'generation.restored'
      readonly digest: string
      readonly paths: readonly string[]
      readonly pause: number
    }
  | { readonly type: 'generation.failed'; readonly code: string; readonly problem: string; readonly retryIn: number }
  | { readonly type: 'reloads.stretched'; readonly draining: number; readonly interval: number }
  | { readonly type: 'reloads.eased' }
  | { readonly type: 'process.found'; readonly pid: number; readonly version: string }
  | { readonly type: 'process.started'; readonly pid: number; readonly version: string }
  | { readonly type: 'process.cleaned'; readonly problem: string }
  | { readonly type: 'process.hung'; readonly pid: number; readonly problem: string; readonly isReplaced: boolean }
  | { readonly type: 'process.exited'; readonly pid: number; readonly problem: string; readonly retryIn: number }
  | {
      readonly type: 'worker.died'
      readonly pid: number // of the master
      readonly problem: string
      readonly deaths: number // within the last minute
      readonly isLoop: boolean
    }
  | { readonly type: 'worker.recovered'; readonly pid: number }
  | { readonly type: 'process.stopped'; readonly pid: number; readonly ms: number }
  | { readonly type: 'program.started'; readonly pid: number; readonly command: string }
  | { readonly type: 'program.told'; readonly pid: number; readonly signal: string }
  | { readonly type: 'program.ended'; readonly pid: number; readonly problem: string }
  | { readonly type: 'process.left'; readonly pid: number }

export type EventType = Event['type']
export type Emit = (event: Event) => void
