import { resolve } from 'node:path'
import type { Config } from '../config.ts'
import type { Emit } from '../observe/event.ts'
import { loadTemplates } from '../render/templates.ts'

/** The configuration has been read; the templates are read, too, and nothing is touched. Throws what is wrong with them. */
export function parseOnly(config: Config, emit: Emit): number {
  const specs = config.template.map(({ source, destination }) => ({ path: resolve(source), destination }))
  loadTemplates(specs, {}, emit)
  return 0
}
