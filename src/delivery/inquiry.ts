import { isOf } from '../errors.ts'
import { queryId } from '../model/query.ts'
import type { Emit } from '../observe/event.ts'
import type { Missing, Output, Rendering } from '../render/render.ts'
import type { Seen } from '../render/seen.ts'
import { type Demand, isSameKnown } from './demand.ts'
import type { Drawing, Drawn } from './drawing.ts'

/** So long what is asked for the first time is waited for, before what is live of a template stands in for it. */
const PATIENCE_MS = 2_000
/** An answer may make a template ask for more; one that never has enough asks for what it makes up. */
const PASSES = 20

interface InquiryRuntime {
  readonly emit: Emit
  again(ms: number): void
}

/** Renders until what templates ask for is known, as far as it can be. */
export interface Inquiry {
  /** The same with all that is known of what templates ask for; undefined when it is to be waited for. */
  complete(seen: Seen, outputs: readonly Output[], runtime: InquiryRuntime): Seen | undefined
  /** What was missing the last time, for people. */
  missing(): readonly string[]
}

export function createInquiry(drawing: Pick<Drawing, 'draw'>, demand: Demand, now: () => number): Inquiry {
  let since: number | undefined // when something was missed first that may come any moment, in ms
  let told: ReadonlyMap<string, string> = new Map() // by destination
  let waits: Rendering['waiting'] = new Map()

  /** Undefined when a template fails: whoever draws it next says so. */
  function pass(seen: Seen, outputs: readonly Output[]): Drawn | undefined {
    try {
      return drawing.draw(seen, outputs)
    } catch (error) {
      if (isOf('template', error)) return undefined
      throw error
    }
  }

  function tell(emit: Emit): void {
    const next = new Map([...waits].map(([destination, missing]) => [destination, missing.map(nameOf).join('\n')]))
    for (const [destination, missing] of waits) {
      if (told.get(destination) !== next.get(destination)) {
        emit({ type: 'template.waiting', destination, for: missing.map(nameOf) })
      }
    }
    for (const destination of told.keys()) {
      if (!next.has(destination)) emit({ type: 'template.answered', destination })
    }
    told = next
  }

  return {
    missing: () =>
      [...waits].map(([destination, missing]) => `${destination} waits for ${missing.map(nameOf).join('; ')}`),
    complete(seen, outputs, { emit, again }) {
      let next: Seen = { ...seen, known: demand.known() }
      for (let passes = 1; passes <= PASSES; passes += 1) {
        const drawn = pass(next, outputs)
        waits = drawn?.waiting ?? new Map()
        if (drawn === undefined) {
          tell(emit)
          return next
        }
        demand.want(drawn.wanted)
        const known = demand.known()
        if (!isSameKnown(known, next.known)) {
          next = { ...next, known }
          continue
        }
        const missing = [...drawn.waiting.values()].flat()
        if (missing.every(({ isAbsent }) => isAbsent)) since = undefined
        else since ??= now()
        const patience = since === undefined ? 0 : since + PATIENCE_MS - now()
        if (patience > 0) {
          again(patience + 1)
          return undefined
        }
        tell(emit)
        return drawn.hasGaps ? undefined : next
      }
      return next
    },
  }
}

function nameOf({ query, isAbsent }: Missing): string {
  return `${queryId(query)}${isAbsent ? ', which does not exist' : ''}`
}
