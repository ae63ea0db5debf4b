import { isDeepStrictEqual } from 'node:util'
import { keepLast } from '../keep-last.ts'
import { type Generation, generationOf } from '../model/generation.ts'
import { type Output, type Rendering, render } from '../render/render.ts'
import type { Seen } from '../render/seen.ts'
import { type Surroundings, type View, viewOf } from '../render/view.ts'
import type { Clock } from '../runtime.ts'

/** A generation, and the ms it took to render. */
export interface Drawn extends Rendering {
  readonly ms: number
  /** Is there a file missing, because its template waits for something and nothing of it is live? */
  readonly hasGaps: boolean
}

export interface Drawing {
  /** Does what can be done beforehand, without holding up anybody for long. */
  prepare(seen: Seen, outputs: readonly Output[]): Promise<void>
  /** What is asked for a second time is there already. Throws what templates throw. */
  draw(seen: Seen, outputs: readonly Output[], isKnown?: boolean): Drawn
}

/**
 * `around` is asked for every generation: a user's tree may change beside us. Where a template waits for something, its
 * file is the one of what is `live`.
 */
export function createDrawing(
  around: () => Surroundings,
  live: () => Generation | undefined,
  now: Clock['now'],
): Drawing {
  const draw = keepLast(
    (seen: Seen, outputs: readonly Output[], around: Surroundings, isKnown: boolean) => {
      const began = now()
      const rendering = render(outputs, viewOf(seen, around, isKnown), seen)
      return { ...rendering, ms: now() - began }
    },
    ([seen, ...rest], [other, ...others]) => areSame(seen, other) && isDeepStrictEqual(rest, others),
  )
  return {
    async prepare(seen, outputs) {
      const view: View = viewOf(seen, around(), true)
      for (const { template } of outputs) await template.prepare(view)
    },
    draw(seen, outputs, isKnown = true) {
      const drawn = draw(seen, outputs, around(), isKnown)
      return drawn.waiting.size === 0 ? { ...drawn, hasGaps: false } : filled(drawn, outputs, live())
    },
  }
}

function filled<T extends Rendering>(drawn: T, outputs: readonly Output[], live: Generation | undefined) {
  const { generation, waiting } = drawn
  const files = outputs.flatMap(({ destination }) => {
    const { files } = waiting.has(destination) ? (live ?? { files: [] }) : generation
    return files.find(({ path }) => path === destination) ?? []
  })
  const filled = generationOf(files, generation.selection)
  return { ...drawn, generation: filled, hasGaps: files.length < outputs.length }
}

function areSame(a: Seen, b: Seen): boolean {
  return a.selection === b.selection && a.services === b.services && a.listed === b.listed && a.known === b.known
}
