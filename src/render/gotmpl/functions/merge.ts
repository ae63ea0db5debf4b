import { isTrue } from '../kinds.ts'
import { elementType, GoError, GoMap, type Key, keyType, type Value } from '../values.ts'
import { ANYTHING, type Charge, dict } from './define.ts'

/**
 * Merges into the map that is given first, and into the maps within it: what only the other has is taken over, and where
 * both have something the first one keeps what is not empty, or with `override` loses it. Lists are not merged.
 */
export function merged(into: GoMap, from: GoMap, override: boolean, charge: Charge): GoMap {
  const target = into.isNil ? dict() : into
  const [keys, values] = [keyType(target.type), elementType(target.type)]
  for (const [key, theirs] of from.entries) {
    charge(1)
    expectFits('MapIndex', keyType(from.type), keys)
    const ours = target.entries.get(key)
    if (theirs === null) {
      if (override) set(key, null)
      continue
    }
    if (ours instanceof GoMap && theirs instanceof GoMap) merged(ours, theirs, override, charge)
    const isFilled = ours !== undefined && isTrue(ours)
    if (isFilled && ours instanceof GoMap && theirs instanceof GoMap) continue
    if (override || !isFilled) set(key, theirs)
  }
  return target

  function set(key: Key, value: Value): void {
    expectFits('SetMapIndex', elementType(from.type), values)
    target.entries.set(key, value)
  }
}

/** A map within may hold texts only (splitToMap), or be one of YAML's, whose keys may be anything. */
function expectFits(method: string, given: string, type: string): void {
  if (type === ANYTHING || given === type) return
  throw new GoError(`reflect.Value.${method}: value of type ${given} is not assignable to type ${type}`)
}
