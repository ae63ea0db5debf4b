import type { Piece } from '../../model/generation.ts'
import type { View } from '../view.ts'
import type { Loop } from './loops.ts'
import type { Provenance } from './provenance.ts'
import { once, type Run, scopeOf } from './run.ts'
import type { StrictRuntime } from './strict.ts'

/** Characters of text for one service that are worth keeping. */
const LARGE = 1024 * 1024

/** The rounds of a loop, each of which is made once for a part that stays the same. */
export interface Rounds {
  pieces(view: View, provenance: Provenance, runtime: StrictRuntime): Generator<Piece>
  /** How many of them are still to be made. */
  missing(view: View): number
}

export function createRounds({ list, name, around }: Loop, run: Run): Rounds {
  let made = new WeakMap<object, Piece>()
  let madeWith = ''

  return {
    *pieces(view, provenance, runtime) {
      const mine = madeFor(view) // another view may come in between
      for (const part of view[list]) {
        const known = mine.get(part) ?? make(part, view, provenance, runtime)
        if (known.text.length < LARGE) mine.set(part, known)
        yield known
      }
    },
    missing(view) {
      const mine = madeFor(view)
      return view[list].filter(part => !mine.has(part)).length
    },
  }

  function madeFor(view: View): WeakMap<object, Piece> {
    const now = JSON.stringify(around.map(name => view[name]))
    if (now !== madeWith) made = new WeakMap()
    madeWith = now
    return made
  }

  function make(part: object, view: View, provenance: Provenance, runtime: StrictRuntime): Piece {
    provenance.begin(part)
    return provenance.finish(once(run, scopeOf(view, {}, name, part), runtime))
  }
}
