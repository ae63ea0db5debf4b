import { isTrue } from '../kinds.ts'
import { GoMap } from '../values.ts'
import { type Charge, dict } from './define.ts'

/**
 * Merges into the map that is given first, and into the maps within it: what only the other has is taken over, and where
 * both have something the first one keeps what is not empty, or with `override` loses it. Lists are not merged.
 */
export function merged(into: GoMap, from: GoMap, override: boolean, charge: Charge): GoMap {
  const target = into.isNil ? dict() : into
  for (const [key, theirs] of from.entries) {
    charge(1)
    const ours = target.entries.get(key)
    if (theirs === null) {
      if (override) target.entries.set(key, null)
      continue
    }
    if (ours instanceof GoMap && theirs instanceof GoMap) merged(ours, theirs, override, charge)
    const isFilled = ours !== undefined && isTrue(ours)
    if (isFilled && ours instanceof GoMap && theirs instanceof GoMap) continue
    if (override || !isFilled) target.entries.set(key, theirs)
  }
  return target
}
