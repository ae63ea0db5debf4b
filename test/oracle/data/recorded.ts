import { join } from 'node:path'
import type { Answer } from '../../../src/model/query.ts'

export const VERSION = '0.42.1'

/** What consul-template made of templates, and what Consul answered meanwhile, as the unit tests read it. */
export interface Recorded {
  readonly recordedFrom: string
  readonly answers: Readonly<Record<string, Answer>> // by the name of the query
  readonly cases: readonly RecordedCase[]
}

export interface RecordedCase {
  readonly template: string
  readonly output?: string
  readonly error?: string
  readonly waits?: true // it does not render it before it knows more
}

export const recordedPath = join(import.meta.dirname, `../../fixtures/consul-template-${VERSION}/data.json`)

/** Where something lies in memory is nobody's business; here it is always at the same place. */
export function withoutAddresses(text: string): string {
  return text.replace(/0x[0-9a-f]{10,}/g, '0xc000010000')
}
