import { sprintf } from '../format.ts'
import type { Value } from '../values.ts'
import type { Charge } from './define.ts'

/** How a value looks in an error, with %q. */
export function quoted(value: Value, charge: Charge): string {
  return sprintf('%q', [value], charge)
}

/** fmt.Sprint of one value. */
export function printed(value: Value, charge: Charge): string {
  return sprintf('%v', [value], charge)
}
