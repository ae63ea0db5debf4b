import type { Latency } from './scenarios/latency.ts'

/** What was measured; what is missing was not, or failed. */
export interface Results {
  readonly latency: Latency[]
  readonly problems: string[]
}
