import type { z } from 'zod'

/** Milliseconds of reading after which others have their turn. */
const TURN_MS = 10
/** So many rows in a row may be gone, and those behind them are still found. */
const GONE = 8

/** What an answer's list had the last time: a row that comes again, letter by letter, stays the same object and is not read. */
export class Remembered {
  digest = '' // of the whole answer
  answer: unknown
  rows: readonly Row[] = []
}

interface Row {
  readonly text: string
  readonly value: unknown
}

/** Answers that hold a list, read row by row. */
export interface Rows<T> {
  /** Undefined when the text is not written as Consul writes it, or a row is not what it has to be: read it as a whole. */
  read(text: string, digest: string, remembered: Remembered): Promise<T | undefined>
}

/** `frame` is what stands around the list, which is empty there; `fill` puts the rows into it. */
export function rowsOf<T, R>(row: z.ZodType<R>, frame: z.ZodType<T>, fill: (frame: T, rows: R[]) => T): Rows<T> {
  return {
    async read(text, digest, remembered) {
      if (remembered.digest === digest) return remembered.answer as T
      const list = findList(text)
      if (list === undefined) return undefined

      const known = lookUp(remembered.rows)
      const rows: Row[] = []
      let turn = performance.now()
      for (let at = list.start; at < list.end; ) {
        const found = known(text, at) ?? newRow(text, at, list, row)
        if (found === undefined) return undefined
        rows.push(found)
        at += found.text.length + list.between
        if (performance.now() - turn < TURN_MS) continue
        await new Promise(setImmediate)
        turn = performance.now()
      }
      const around = frame.safeParse(parsed(text.slice(0, list.start) + text.slice(list.end)))
      if (!around.success) return undefined
      const answer = fill(
        around.data,
        rows.map(({ value }) => value as R),
      )
      Object.assign(remembered, { digest, answer, rows })
      return answer
    },
  }
}

/** Finds the row of the last time that stands at an offset. Most follow one another as they did. */
function lookUp(rows: readonly Row[]): (text: string, at: number) => Row | undefined {
  let next = 0
  return (text, at) => {
    // A few may be gone from between.
    for (let skipped = 0; skipped <= GONE && next + skipped < rows.length; skipped += 1) {
      const row = rows[next + skipped]
      if (row === undefined || !text.startsWith(row.text, at)) continue
      next += skipped + 1
      return row
    }
    return undefined
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
function newRow(text: string, at: number, { end, border }: List, row: z.ZodType): Row | undefined {
  for (let behind = at; behind < end; ) {
    const next = text.indexOf(border, behind)
    behind = next === -1 || next >= end ? end : next + 1
    const piece = text.slice(at, behind)
    const json = parsed(piece)
    if (json === undefined) continue
    const { success, data } = row.safeParse(json)
    // A copy: a part of the answer would keep all of it in memory.
    return success ? { text: Buffer.from(piece).toString(), value: data } : undefined
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
