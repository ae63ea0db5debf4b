import type { Printed, Span } from '../../model/generation.ts'
import { mayBeSyntax, origin, type View } from '../view.ts'

/**
 * Stands before a number, between it and a value, and behind the value, in a text that is being made. A Unicode
 * noncharacter (23.7): no text means anything by it.
 */
const MARK = '\ufdd0'

/** Does a text hold the character that data is marked with while a template runs? */
export function holdsMark(text: string): boolean {
  return text.includes(MARK)
}

/**
 * Whose text is it? While one template runs, this knows the template's own texts and how others were composed;
 * whatever else is printed comes from the catalog and is marked. What is printed is always a plain string: a template
 * can compare it, cut it and count it as if nothing were known of it.
 */
export class Provenance {
  readonly #view: View
  readonly #own: Set<string>
  readonly #composed = new Map<string, string>() // text → the same with marks
  /** Texts of the template's that were read from the catalog, too, since they were made → whose they are there. */
  readonly #read = new Map<string, string | undefined>()
  readonly #owners: (string | undefined)[] = [undefined]
  readonly #numbers = new Map<string | undefined, number>([[undefined, 0]])
  /** The service whose part of the view was looked at last. */
  current: string | undefined

  constructor(view: View, literals: Iterable<string>) {
    this.#view = view
    const given = [...Object.values(view.env), view.domain, view.listen, view.nginx.version]
    this.#own = new Set([...literals, ...given.filter(text => !holdsMark(text))])
  }

  /** A part of the view is looked at, and this is found there: what is printed next belongs to its service. */
  touch(part: object, found: unknown): void {
    const service = this.#view[origin].serviceOf(part)
    if (service === undefined) return
    this.current = service
    this.#remember(found)
  }

  /** A value as it is to be printed, marked where it is data. */
  print(value: unknown): string {
    const text = String(value)
    if (text === '') return ''
    if (this.#read.has(text)) return this.#mark(text, this.#read.get(text))
    const composed = this.#composed.get(text)
    if (composed !== undefined) return this.#isTheirs(text, composed) ? this.#mark(text, this.current) : composed
    return this.#own.has(text) ? text : this.#mark(text, this.current)
  }

  /** Texts put together: each part keeps what is known of it. */
  compose(parts: readonly unknown[]): string {
    return this.keep(parts.map(part => this.print(part)).join(''))
  }

  /** The value as one argument of nginx's, in double quotes; the quotes and what escapes inside them are ours. */
  quote(value: unknown): string {
    const { text, spans } = unmark(this.print(value), this.#owners)
    let marked = ''
    let at = 0
    for (const { start, end, service } of spans) {
      marked += escaped(text.slice(at, start)) + this.#markAround(text.slice(start, end), service)
      at = end
    }
    return this.keep(`"${marked}${escaped(text.slice(at))}"`)
  }

  /** Remembers how a text with marks was composed, and gives it without. */
  keep(marked: string): string {
    const { text } = unmark(marked, this.#owners)
    this.#read.delete(text)
    // Without syntax in it, it does not matter who wrote which part; the whole may stand for data then.
    if (text !== marked && mayBeSyntax(text)) this.#composed.set(text, marked)
    else if (text === marked) this.#own.add(text)
    return text
  }

  /** What a filter or a method made of these values: the template's own, if all of them are. */
  derive(result: unknown, inputs: readonly unknown[]): void {
    const isOwn = inputs.every(input => isAtom(input) && (typeof input !== 'string' || this.#isOwn(input)))
    if (!isOwn) this.#remember(result)
    else for (const text of textsIn(result)) this.#own.add(text)
  }

  finish(marked: string): Printed {
    return unmark(marked, this.#owners)
  }

  /** Data may be equal to a text of the template's: from here on it counts as data. */
  #remember(found: unknown): void {
    for (const text of textsIn(found)) {
      if (this.#own.has(text) || this.#composed.has(text)) this.#read.set(text, this.current)
    }
  }

  /** Is a text, composed of more than data and blanks, also one that this very service has in the catalog? */
  #isTheirs(text: string, composed: string): boolean {
    const owners = this.#view[origin].texts.get(text)
    return owners?.includes(this.current ?? '') === true && /\S/.test(ownPartsOf(composed))
  }

  #isOwn(text: string): boolean {
    return text === '' || (this.#own.has(text) && !this.#read.has(text))
  }

  #markAround(text: string, owner: string | undefined): string {
    const parts = text.split(/(["\\])/)
    return parts.map((part, at) => (at % 2 === 1 ? escaped(part) : part && this.#mark(part, owner))).join('')
  }

  #mark(text: string, owner: string | undefined): string {
    let number = this.#numbers.get(owner)
    if (number === undefined) {
      number = this.#owners.push(owner) - 1
      this.#numbers.set(owner, number)
    }
    return MARK + number + MARK + (holdsMark(text) ? text.replaceAll(MARK, '\ufffd') : text) + MARK
  }
}

function escaped(text: string): string {
  return text.replace(/["\\]/g, '\\$&')
}

function isAtom(value: unknown): boolean {
  return typeof value !== 'object' || value === null
}

/** A text, or the texts of a list; what lies deeper is read from there. */
function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return value === '' ? [] : [value]
  return Array.isArray(value) ? value.filter(part => typeof part === 'string' && part !== '') : []
}

function ownPartsOf(marked: string): string {
  return marked
    .split(MARK)
    .filter((_, at) => at % 3 === 0)
    .join('')
}

/** Between marks stand in turn: a text of the template's own, the number of an owner, a value. */
function unmark(marked: string, owners: readonly (string | undefined)[]): Printed {
  const parts = marked.split(MARK)
  const spans: Span[] = []
  let text = parts[0] ?? ''
  for (let at = 1; at < parts.length; at += 3) {
    const start = text.length
    text += parts[at + 1] ?? ''
    spans.push({ start, end: text.length, service: owners[Number(parts[at])] })
    text += parts[at + 2] ?? ''
  }
  return { text, spans }
}
