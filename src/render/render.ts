import { isOf } from '../errors.ts'
import { type Generation, generationOf, type RenderedFile } from '../model/generation.ts'
import type { Query } from '../model/query.ts'
import { type Recorder, record } from './asking.ts'
import type { Template } from './language.ts'
import type { Seen } from './seen.ts'
import type { View } from './view.ts'

export interface Output {
  readonly template: Template
  readonly destination: string
}

export interface Rendering {
  readonly generation: Generation
  /** What has to be known beyond the services, by `queryId`. */
  readonly wanted: ReadonlyMap<string, Query>
  /** Destinations of templates that cannot be written yet → what they wait for. */
  readonly waiting: ReadonlyMap<string, readonly Missing[]>
}

export interface Missing {
  readonly query: Query
  /** There is an answer, and it says that there is nothing (`key` of a key that does not exist). */
  readonly isAbsent: boolean
}

/** Outputs × view → generation, without the files of templates that wait. Throws what `Template.render` throws. */
export function render(
  outputs: readonly Output[],
  view: View,
  { selection, known }: Pick<Seen, 'selection' | 'known'>,
): Rendering {
  const wanted = new Map<string, Query>()
  const waiting = new Map<string, readonly Missing[]>()
  const files = outputs.flatMap(({ template, destination }): RenderedFile | [] => {
    const asking = record(view, known)
    const printed = run(template, view, asking)
    for (const [id, query] of asking.wanted) wanted.set(id, query)
    if (printed !== undefined) return { path: destination, ...printed }
    waiting.set(destination, missingOf(asking))
    return []
  })
  return { generation: generationOf(files, selection), wanted, waiting }
}

/** Undefined when something is missing: what was made without it, and what failed for the want of it, counts for nothing. */
function run(template: Template, view: View, asking: Recorder) {
  try {
    const printed = template.render(view, asking)
    return asking.missing.size + asking.held.size === 0 ? printed : undefined
  } catch (error) {
    if (asking.missing.size === 0 || !isOf('template', error)) throw error
    return undefined
  }
}

function missingOf({ missing, held }: Recorder): Missing[] {
  const absent = [...held].filter(([id]) => !missing.has(id))
  return [
    ...[...missing.values()].map(query => ({ query, isAbsent: false })),
    ...absent.map(([, query]) => ({ query, isAbsent: true })),
  ]
}

/** Does any of them look at `services`, or at one of them by its name? */
export function needsServices(outputs: readonly Output[]): boolean {
  return outputs.some(({ template }) => template.uses('services') || template.uses('service'))
}

/** Does any of them ask for services as consul-template does, with all that Consul says of them? */
export function needsRows(outputs: readonly Output[]): boolean {
  return outputs.some(({ template }) => template.uses('listed'))
}

/** Does any of them print what checks say, which changes all the time? */
export function needsChecks(outputs: readonly Output[]): boolean {
  return outputs.some(({ template }) => template.uses('checks'))
}

/** Does any of them see services that are not selected? */
export function looksAtAll(outputs: readonly Output[]): boolean {
  return needsServices(outputs) || needsRows(outputs)
}

/** Does any of them look at the host names of services, or at how long they are? */
export function namesHosts(outputs: readonly Output[]): boolean {
  const names = ['sites', 'unavailable', 'nginx'] as const
  return outputs.some(({ template }) => names.some(name => template.uses(name)))
}
