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
/** What one template waits for may be something else all the time; it is not told more often. */
const TELL_MS = 5_000

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
  const told = new Map<string, { readonly text: string; readonly at: number }>() // by destination
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

  function tell({ emit, again }: InquiryRuntime): void {
    for (const [destination, missing] of waits) {
      const last = told.get(destination)
      const text = missing.map(nameOf).join('\n')
      if (last?.text === text) continue
      const pause = last === undefined ? 0 : last.at + TELL_MS - now()
      if (pause > 0) {
        again(pause + 1)
        continue
      }
      emit({ type: 'template.waiting', destination, for: missing.map(nameOf) })
      told.set(destination, { text, at: now() })
    }
    for (const destination of [...told.keys()].filter(destination => !waits.has(destination))) {
      emit({ type: 'template.answered', destination })
      told.delete(destination)
    }
  }

  return {
    missing: () =>
      [...waits].map(([destination, missing]) => `${destination} waits for ${missing.map(nameOf).join('; ')}`),
    complete(seen, outputs, runtime) {
      let next: Seen = { ...seen, known: demand.known() }
      for (let passes = 1; passes <= PASSES; passes += 1) {
        const drawn = pass(next, outputs)
        waits = drawn?.waiting ?? new Map()
        if (drawn === undefined) {
          tell(runtime)
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
          runtime.again(patience + 1)
          return undefined
        }
        tell(runtime)
        return drawn.hasGaps ? undefined : next
      }
      return next
    },
  }
}

function nameOf({ query, isAbsent }: Missing): string {
  return `${queryId(query)}${isAbsent ? ', which does not exist' : ''}`
}
