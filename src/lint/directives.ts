import { readTokens } from '../target/nginx/reader.ts'

/** A word as it is written; holes of a template are parts of words. */
export interface Word {
  readonly text: string // without quotes
  readonly isQuoted: boolean
  readonly start: number
  readonly end: number
}

export interface Directive {
  /** Empty where a template prints what may be anything, directives included. */
  readonly name: string
  readonly words: readonly Word[] // its name is the first
  readonly args: readonly Word[]
  readonly start: number
  readonly end: number
  readonly block: readonly Directive[] | undefined
  readonly parent: Directive | undefined
}

export interface Directives {
  readonly top: readonly Directive[]
  readonly all: readonly Directive[] // outer before inner
}

/** Reads as far as it understands, as nginx reads. `isHole`: is a word nothing but what a template prints? */
export function directivesOf(text: string, isHole: (word: string) => boolean): Directives {
  const top: Directive[] = []
  const all: Directive[] = []
  const open: { readonly directive: Growing; readonly block: Directive[] }[] = []
  let words: Word[] = []

  function add(end: number, block: Directive[] | undefined): Growing | undefined {
    const [first, ...args] = words
    const written = words
    words = []
    if (first === undefined) return undefined
    const parent = open.at(-1)
    const name = isHole(first.text) ? '' : first.text
    const directive: Growing = { name, words: written, args, start: first.start, end, block, parent: parent?.directive }
    ;(parent?.block ?? top).push(directive)
    all.push(directive)
    return directive
  }

  readTokens(text, (kind, start, end) => {
    const [first] = words
    switch (kind) {
      case 'comment':
        return
      case 'word':
      case 'double':
      case 'single': {
        const isAlone = words.length === 1 && first !== undefined && isHole(first.text)
        // Printed on a line of its own: lines, or nothing.
        if (isAlone && text.slice(first.end, start).includes('\n')) add(first.end, undefined)
        const isQuoted = kind !== 'word'
        words.push({ text: isQuoted ? inside(text.slice(start, end)) : text.slice(start, end), isQuoted, start, end })
        return
      }
      case ';':
        add(end, undefined)
        return
      case '{': {
        const block: Directive[] = []
        const directive = add(end, block)
        // A brace without a name in front of it has an end, too.
        open.push({ directive: directive ?? nameless(start, block), block })
        return
      }
      case '}':
      case 'code': {
        if (words.length > 0) add(start, undefined)
        const closed = open.pop()
        if (closed !== undefined) closed.directive.end = end
      }
    }
  })
  if (words.length > 0) add(text.length, undefined)
  for (const { directive } of open) directive.end = text.length
  return { top, all }
}

/** Its end is known when its block is closed. */
interface Growing extends Directive {
  end: number
}

function nameless(start: number, block: Directive[]): Growing {
  return { name: '', words: [], args: [], start, end: start, block, parent: undefined }
}

function inside(quoted: string): string {
  return quoted.slice(1, quoted.length > 1 && quoted.endsWith(quoted.charAt(0)) ? -1 : undefined)
}

/** The directives around it, inner first. */
export function* around(directive: Directive): Generator<Directive> {
  for (let outer = directive.parent; outer !== undefined; outer = outer.parent) yield outer
}
