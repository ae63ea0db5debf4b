import type { z } from 'zod'

/** Milliseconds of reading after which others have their turn. */
const TURN_MS = 10

/** The rows of an answer's list by their text. One that came before is not read again, and stays the same object. */
export class Remembered {
  rows: ReadonlyMap<string, unknown> = new Map()
}

/** Answers that hold a list, read row by row. */
export interface Rows<T> {
  /** Undefined when the text is not written as Consul writes it, or a row is not what it has to be: read it as a whole. */
  read(text: string, remembered: Remembered): Promise<T | undefined>
}

/** `frame` is what stands around the list, which is empty there; `fill` puts the rows into it. */
export function rowsOf<T, R>(row: z.ZodType<R>, frame: z.ZodType<T>, fill: (frame: T, rows: R[]) => T): Rows<T> {
  return {
    async read(text, remembered) {
      // A quote inside of a text is written \": so these stand only where a list or a row begins.
      const start = text.indexOf('[{"') + 1
      const end = text.lastIndexOf('}]') + 1
      if (start === 0 || end <= start) return undefined

      const known = new Map<string, unknown>()
      const rows: R[] = []
      let turn = performance.now()
      for (let at = start; at < end; ) {
        const found = nextRow(text, at, end, remembered.rows, row)
        if (found === undefined) return undefined
        known.set(found.piece, found.value)
        rows.push(found.value)
        at += found.piece.length + 1
        if (performance.now() - turn < TURN_MS) continue
        await new Promise(setImmediate)
        turn = performance.now()
      }
      const around = frame.safeParse(parsed(text.slice(0, start) + text.slice(end)))
      if (!around.success) return undefined
      remembered.rows = known
      return fill(around.data, rows)
    },
  }
}

/** The row at this offset. What ends like one may end inside of it, in a list of its own: then it goes on. */
function nextRow<R>(
  text: string,
  at: number,
  end: number,
  known: ReadonlyMap<string, unknown>,
  row: z.ZodType<R>,
): { readonly piece: string; readonly value: R } | undefined {
  for (let behind = at; behind < end; ) {
    const next = text.indexOf('},{"', behind)
    behind = next === -1 || next >= end ? end : next + 1
    const piece = text.slice(at, behind)
    const before = known.get(piece)
    if (before !== undefined) return { piece, value: before as R }
    const json = parsed(piece)
    if (json === undefined) continue
    const checked = row.safeParse(json)
    return checked.success ? { piece, value: checked.data } : undefined
  }
  return undefined
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
