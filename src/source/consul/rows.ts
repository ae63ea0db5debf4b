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
  return readRows(
    findList,
    piece => row.safeParse(parsed(piece)).data,
    (around, rows) => {
      const { success, data } = frame.safeParse(parsed(around))
      return success ? fill(data, rows) : undefined
    },
  )
}

/** A table whose values are lists; its entries are its rows. */
export function entriesOf<R>(entry: (name: string, value: unknown) => R | undefined): Rows<readonly R[]> {
  return readRows(
    findEntries,
    piece => {
      const [one, ...others] = Object.entries(parsed(`{${piece}}`) ?? {})
      return one === undefined || others.length > 0 ? undefined : entry(...one)
    },
    (around, rows) => (/^\s*\{\s*\}\s*$/.test(around) ? rows : undefined),
  )
}

function readRows<T, R>(
  find: (text: string) => List | undefined,
  parse: (piece: string) => R | undefined,
  put: (around: string, rows: R[]) => T | undefined,
): Rows<T> {
  return {
    async read(text, digest, remembered) {
      if (remembered.digest === digest) return remembered.answer as T
      const list = find(text)
      if (list === undefined) return undefined

      const known = lookUp(remembered.rows)
      const rows: Row[] = []
      let turn = performance.now()
      for (let at = list.start; at < list.end; ) {
        const found = known(text, at) ?? newRow(text, at, list, parse)
        if (found === undefined) return undefined
        rows.push(found)
        at += found.text.length + list.between
        if (performance.now() - turn < TURN_MS) continue
        await new Promise(setImmediate)
        turn = performance.now()
      }
      const answer = put(
        text.slice(0, list.start) + text.slice(list.end),
        rows.map(({ value }) => value as R),
      )
      if (answer !== undefined) Object.assign(remembered, { digest, answer, rows })
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

/** As `{"web":["calico"],"api":[]}`, or indented. */
function findEntries(text: string): List | undefined {
  const [opening = '', before = ''] = /^\s*\{(\s*)"/.exec(text) ?? []
  if (opening === '') return undefined
  const end = text.lastIndexOf(']', text.lastIndexOf('}')) + 1
  const start = opening.length - 1
  return end <= start ? undefined : { start, end, border: `],${before}"`, between: 1 + before.length }
}

/**
 * The row at this offset. A border may also stand at the end of a text or in a list inside of the row; what lies before
 * it is no JSON then, and the row goes on.
 */
function newRow(text: string, at: number, { end, border }: List, parse: (piece: string) => unknown): Row | undefined {
  for (let behind = at; behind < end; ) {
    const next = text.indexOf(border, behind)
    behind = next === -1 || next >= end ? end : next + 1
    const piece = text.slice(at, behind)
    const value = parse(piece)
    // A copy: a part of the answer would keep all of it in memory.
    if (value !== undefined) return { text: Buffer.from(piece).toString(), value }
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
