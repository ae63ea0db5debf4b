import type { Phases } from '../../src/model/phases.ts'
import type { Logged } from '../support/upstreamd.ts'
import { median } from './numbers.ts'

export const phaseNames = ['wake', 'fetch', 'select', 'render', 'stage', 'test', 'signal', 'verified'] as const
export type { Phases }

/** Where the time of a reload went, in the words of the program; the medians, in ms. */
export function mediansOf(events: readonly Logged[]): Phases {
  const seen = events.flatMap(event =>
    event.type === 'generation.activated' && event.how === 'reloaded' ? [event.phases] : [],
  )
  return Object.fromEntries(
    phaseNames.flatMap(name => {
      const values = seen.flatMap(phases => phases[name] ?? [])
      return values.length === 0 ? [] : [[name, median(values)]]
    }),
  )
}
