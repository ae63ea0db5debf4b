import { closeSync, fstatSync, openSync, readSync, statSync, truncateSync } from 'node:fs'
import { isExhausted, reasonOf, systemCode } from '../../errors.ts'

/** Larger than this, a log that only we read starts over; nginx appends, so a truncated file goes on at its start. */
const LARGEST = 1024 * 1024
/** How far back the last word of somebody is looked for. */
const NEARBY = 64 * 1024

/** Reads what is added to a log file after a mark, as lines. */
export class LogTail {
  readonly #path: string
  #offset = 0

  constructor(path: string) {
    this.#path = path
  }

  /** Makes sure that it can be written to; else why not. */
  create(): string | undefined {
    try {
      closeSync(openSync(this.#path, 'a', 0o640))
      return undefined
    } catch (error) {
      if (systemCode(error) === undefined || isExhausted(error)) throw error
      return reasonOf(error)
    }
  }

  /** From here on. With `own`, a log that has grown too long starts over. */
  mark(options: { readonly own: boolean }): void {
    this.#offset = sizeOf(this.#path)
    if (!options.own || this.#offset < LARGEST) return
    try {
      truncateSync(this.#path)
      this.#offset = 0
    } catch (error) {
      if (systemCode(error) === undefined) throw error
      // A disk that has become read-only: it grows no more, either.
    }
  }

  get isLong(): boolean {
    return sizeOf(this.#path) > LARGEST
  }

  /** Every complete line since the mark. */
  lines(): string[] {
    return this.#sinceMark().split('\n').slice(0, -1)
  }

  /** The last complete line that fits, of the last ones there are. */
  last(fits: (line: string) => boolean): string | undefined {
    const size = sizeOf(this.#path)
    return this.#read(Math.max(0, size - NEARBY))
      .split('\n')
      .slice(0, -1)
      .findLast(fits)
  }

  /** Every complete line since the mark, which moves behind them. Of very many only the last. */
  take(): string[] {
    if (sizeOf(this.#path) > this.#offset + LARGEST) this.#offset = sizeOf(this.#path) - LARGEST
    const text = this.#sinceMark()
    const end = text.lastIndexOf('\n') + 1
    this.#offset += Buffer.byteLength(text.slice(0, end))
    return text.slice(0, end).split('\n').slice(0, -1)
  }

  #sinceMark(): string {
    // It has started over, or been rotated.
    if (sizeOf(this.#path) < this.#offset) this.#offset = 0
    return this.#read(this.#offset)
  }

  #read(from: number): string {
    if (sizeOf(this.#path) <= from) return ''
    const file = openSync(this.#path, 'r')
    try {
      const bytes = Buffer.alloc(Math.max(0, fstatSync(file).size - from))
      return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, from)).toString()
    } finally {
      closeSync(file)
    }
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
