import type { Span } from '../../model/generation.ts'
import type { ListedService } from '../../model/selection.ts'
import type { View } from '../view.ts'
import { ownerOf } from './data/index.ts'
import type { Value } from './values.ts'

/**
 * Which stretches of a text are data, and whose: what is printed and is, letter for letter, a text of the service that was
 * looked into last. What templates make of several texts is their own; no syntax of nginx's can be in it that is not
 * theirs, because they see none (select/listed.ts).
 */
export class Attribution {
  readonly spans: Span[] = []
  readonly #view: View
  readonly #literals: ReadonlySet<string>
  readonly #services = new Map<string, ListedService>()
  /** The service that was looked into last. */
  current: string | undefined

  constructor(view: View, literals: ReadonlySet<string>) {
    this.#view = view
    this.#literals = literals
  }

  readonly touched = (receiver: Value): void => {
    this.current = ownerOf(receiver) ?? this.current
  }

  readonly printed = (start: number, end: number, text: string): void => {
    if (start === end || this.current === undefined || this.#literals.has(text)) return
    const service = this.#serviceOf(this.current)
    if (service !== undefined && textsOf(service).has(text)) this.spans.push({ start, end, service: this.current })
  }

  #serviceOf(name: string): ListedService | undefined {
    if (this.#services.size === 0) for (const one of this.#view.listed) this.#services.set(one.name, one)
    return this.#services.get(name)
  }
}

const known = new WeakMap<ListedService, ReadonlySet<string>>()

/** Everything of a service that a template can print as it is. */
function textsOf(service: ListedService): ReadonlySet<string> {
  const before = known.get(service)
  if (before !== undefined) return before
  const texts = new Set<string>([service.name, ...service.tags])
  const open: unknown[] = [...service.rows]
  while (open.length > 0) {
    const value = open.pop()
    if (typeof value === 'string' || typeof value === 'number') texts.add(String(value))
    else if (typeof value === 'object' && value !== null) open.push(...Object.keys(value), ...Object.values(value))
  }
  known.set(service, texts)
  return texts
}
