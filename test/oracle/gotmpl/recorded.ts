import { join } from 'node:path'
import type { Datum } from './data.ts'

/** What Go made of templates, as the unit tests read it. */
export interface Recorded {
  readonly recordedFrom: string
  readonly data: Datum
  readonly cases: readonly RecordedCase[]
}

interface RecordedCase {
  readonly topic: string
  readonly template: string
  readonly left?: string
  readonly right?: string
  readonly missingKey?: 'default' | 'zero' | 'error'
  readonly output?: string // a Go string: bytes.ts
  readonly error?: string
}

export const recordedPath = join(import.meta.dirname, '../../fixtures/text-template-go1.26/recorded.json')
