import type { Logged } from '../support/upstreamd.ts'
import { median } from './numbers.ts'

export const phaseNames = ['wake', 'fetch', 'select', 'render', 'stage', 'test', 'signal', 'verified'] as const
export type Phases = Readonly<Partial<Record<(typeof phaseNames)[number], number>>>

/** Where the time of a reload went, in the words of the program; the medians, in ms. */
export function mediansOf(events: readonly Logged[]): Phases {
  const seen = events.flatMap(event => {
    if (event.type !== 'generation.activated' || event.how !== 'reloaded') return []
    return 'phases' in event ? [event.phases as Phases] : []
  })
  return Object.fromEntries(
    phaseNames.flatMap(name => {
      const values = seen.flatMap(phases => phases[name] ?? [])
      return values.length === 0 ? [] : [[name, median(values)]]
    }),
  )
}
