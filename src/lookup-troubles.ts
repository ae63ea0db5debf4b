import { reasonOf, type UpstreamdError } from './errors.ts'
import { type Runtime, slept } from './runtime.ts'

/** What fails at once has one cause, and is told at once. */
const GATHER_MS = 250
/** Those that join later are found out one by one. */
const JOIN_MS = 30_000
/** What is well for a shorter time is not well yet. */
const CALM_MS = 10_000

/** Which queries fail: told once for all of them, however often they are tried. */
export interface LookupTroubles {
  /** Without `retryIn` it is not tried again. */
  failed(id: string, error: UpstreamdError, retryIn?: number): void
  /** It answers, or nobody wants to know any more. */
  well(id: string): void
}

export function createLookupTroubles(runtime: Runtime): LookupTroubles {
  const { clock, emit, signal } = runtime
  const failing = new Map<string, { readonly error: UpstreamdError; readonly retryIn: number | undefined }>()
  const told = new Set<string>()
  let since = 0
  let isGathering = false
  let calming: AbortController | undefined

  async function tell(): Promise<void> {
    isGathering = true
    const isTime = await slept(runtime, told.size === 0 ? GATHER_MS : JOIN_MS)
    isGathering = false
    const last = [...failing.values()].at(-1)
    if (!isTime || last === undefined || [...failing.keys()].every(id => told.has(id))) return
    if (told.size === 0) since = clock.now() - GATHER_MS
    for (const id of failing.keys()) told.add(id)
    const { error, retryIn } = last
    emit({ type: 'lookup.failed', queries: [...failing.keys()], code: error.code, problem: reasonOf(error), retryIn })
  }

  async function calmDown(): Promise<void> {
    calming = new AbortController()
    const until = AbortSignal.any([signal, calming.signal])
    if (!(await slept({ ...runtime, signal: until }, CALM_MS))) return
    emit({ type: 'lookup.recovered', after: clock.now() - CALM_MS - since })
    told.clear()
  }

  return {
    failed(id, error, retryIn) {
      calming?.abort()
      failing.delete(id) // the last that failed stands last
      failing.set(id, { error, retryIn })
      if (!told.has(id) && !isGathering) void tell() // ends with its event, and throws nothing
    },
    well(id) {
      if (failing.delete(id) && failing.size === 0 && told.size > 0) void calmDown() // the same
    },
  }
}
