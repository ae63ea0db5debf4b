import { isDeepStrictEqual } from 'node:util'
import { keepLast } from './keep-last.ts'
import type { Generation } from './model/generation.ts'
import { type Output, render } from './render/render.ts'
import type { Seen } from './render/seen.ts'
import { type Surroundings, type View, viewOf } from './render/view.ts'
import type { Clock } from './runtime.ts'

/** A generation, and the ms it took to render. */
export interface Drawn {
  readonly generation: Generation
  readonly ms: number
}

export interface Drawing {
  /** Does what can be done beforehand, without holding up anybody for long. */
  prepare(seen: Seen, outputs: readonly Output[]): Promise<void>
  /** What is asked for a second time is there already. Throws what templates throw. */
  draw(seen: Seen, outputs: readonly Output[], isKnown?: boolean): Drawn
}

/** `around` is asked for every generation: a user's tree may change beside us. */
export function createDrawing(around: () => Surroundings, now: Clock['now']): Drawing {
  const draw = keepLast(
    (seen: Seen, outputs: readonly Output[], around: Surroundings, isKnown: boolean): Drawn => {
      const began = now()
      const generation = render(outputs, show(seen, around, isKnown), seen.selection)
      return { generation, ms: now() - began }
    },
    ([seen, ...rest], [other, ...others]) =>
      seen.selection === other.selection && seen.services === other.services && isDeepStrictEqual(rest, others),
  )
  return {
    async prepare(seen, outputs) {
      const view = show(seen, around(), true)
      for (const { template } of outputs) await template.prepare(view)
    },
    draw: (seen, outputs, isKnown = true) => draw(seen, outputs, around(), isKnown),
  }
}

function show({ selection, services }: Seen, around: Surroundings, isKnown: boolean): View {
  return viewOf(selection, () => services, around, isKnown)
}
