import type { Config } from '../config.ts'
import { entriesOf } from '../entries.ts'
import type { Emit } from '../observe/event.ts'
import { loadTemplates } from '../render/templates.ts'

/** The configuration has been read; the templates are read, too, and nothing is touched. Throws what is wrong with them. */
export function parseOnly(config: Config, emit: Emit): number {
  loadTemplates(entriesOf(config), {}, emit)
  return 0
}
