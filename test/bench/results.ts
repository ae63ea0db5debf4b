import type { Foreign } from './scenarios/foreign.ts'
import type { Idle } from './scenarios/idle.ts'
import type { Latency } from './scenarios/latency.ts'
import type { Scale } from './scenarios/scale.ts'
import type { TemplateCost } from './scenarios/template.ts'

/** What was measured; what is missing was not, or failed. */
export interface Results {
  readonly latency: Latency[]
  idle?: Idle
  foreign?: Foreign
  scale?: Scale
  template?: TemplateCost
  readonly problems: string[]
}
