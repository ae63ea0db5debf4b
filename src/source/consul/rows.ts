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
      const list = findList(text)
      if (list === undefined) return undefined

      const known = new Map<string, unknown>()
      const rows: R[] = []
      let turn = performance.now()
      for (let at = list.start; at < list.end; ) {
        const found = nextRow(text, at, list, remembered.rows, row)
        if (found === undefined) return undefined
        known.set(found.piece, found.value)
        rows.push(found.value)
        at += found.piece.length + list.between
        if (performance.now() - turn < TURN_MS) continue
        await new Promise(setImmediate)
        turn = performance.now()
      }
      const around = frame.safeParse(parsed(text.slice(0, list.start) + text.slice(list.end)))
      if (!around.success) return undefined
      remembered.rows = known
      return fill(around.data, rows)
    },
  }
}

interface List {
  readonly start: number // offset of the first row
  readonly end: number // behind the last one
  readonly border: string // how a row ends and the next begins
  readonly between: number // characters from behind a row to the next
}

/** Consul writes without blanks, and indents by depth when it was started with -dev or asked for `pretty`. */
function findList(text: string): List | undefined {
  const [opening = '', before = '', after = ''] = /\[(\s*)\{(\s*)"/.exec(text) ?? []
  if (opening === '') return undefined
  const start = text.indexOf(opening) + 1 + before.length
  const end = text.lastIndexOf('}', text.lastIndexOf(']')) + 1
  return end <= start ? undefined : { start, end, border: `},${before}{${after}"`, between: 1 + before.length }
}

/**
 * The row at this offset. A border may also stand at the end of a text or in a list inside of the row; what lies before
 * it is no JSON then, and the row goes on.
 */
function nextRow<R>(
  text: string,
  at: number,
  { end, border }: List,
  known: ReadonlyMap<string, unknown>,
  row: z.ZodType<R>,
): { readonly piece: string; readonly value: R } | undefined {
  for (let behind = at; behind < end; ) {
    const next = text.indexOf(border, behind)
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
