import type { Piece, Span } from '../../model/generation.ts'
import { mayBeSyntax, origin, type View } from '../view.ts'

/**
 * Stands before a number, between it and a value, and behind the value, in a text that is being made. A Unicode
 * noncharacter (23.7): no text means anything by it.
 */
const MARK = '\ufdd0'
/** Stands around a number, where something that is rendered by itself belongs. */
export const PLACE = '\ufdd1'
const markers = /[\ufdd0\ufdd1]/

/**
 * So many characters of composed texts are remembered, the last ones: a template that adds to one text in a loop makes
 * as many texts as it has rounds, each longer than the one before.
 */
const LARGEST = 64 * 1024 * 1024

/** Does a text hold a character that means something in a text that is being made? */
export function holdsMark(text: string): boolean {
  return markers.test(text)
}

/**
 * Whose text is it? While one template runs, this knows the template's own texts and how others were composed;
 * whatever else is printed comes from the catalog and is marked. What is printed is always a plain string: a template
 * can compare it, cut it and count it as if nothing were known of it.
 */
export class Provenance {
  readonly #view: View
  readonly #given: ReadonlySet<string>
  readonly #own = new Set<string>() // beside what was given
  readonly #composed = new Map<string, string>() // text → the same with marks
  #size = 0 // characters of these texts
  /** Texts of the template's that were read from the catalog, too, since they were made → whose they are there. */
  readonly #read = new Map<string, string | undefined>()
  readonly #data = new Map<string, string | undefined>() // with syntax, that was read or made of data → whose it is
  readonly #owners: (string | undefined)[] = [undefined]
  readonly #numbers = new Map<string | undefined, number>([[undefined, 0]])
  /** The service whose part of the view was looked at last. */
  current: string | undefined

  constructor(view: View, literals: Iterable<string>) {
    this.#view = view
    const given = [...Object.values(view.env), view.domain, view.listen, view.nginx.version]
    this.#given = new Set([...literals, ...given.filter(text => !holdsMark(text))])
  }

  /** Something is rendered by itself: what it prints must not depend on what was printed before. */
  begin(part: object): void {
    this.#own.clear()
    this.#composed.clear()
    this.#size = 0
    this.#read.clear()
    this.#data.clear()
    this.current = this.#view[origin].serviceOf(part)
  }

  /** A text of the operator's, wherever it comes from. */
  trust(text: string): void {
    if (!holdsMark(text)) this.#addOwn(text)
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
    return this.#has(text) ? text : this.#mark(text, this.current)
  }

  /** Texts put together: each part keeps what is known of it. */
  compose(parts: readonly unknown[]): string {
    let marked = ''
    let text = ''
    for (const part of parts) {
      marked += this.print(part)
      text += String(part)
    }
    return this.keep(marked, holdsMark(text) ? undefined : text)
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

  /** Every `from` in the value becomes `to`, which keeps what is known of it; undefined where the value is composed. */
  replace(value: string, from: string, to: string): string | undefined {
    if (this.#composed.has(value)) return undefined
    const isOwn = this.#isOwn(value)
    const parts = value.split(from).map(part => (isOwn || part === '' ? part : this.#mark(part, this.current)))
    return this.keep(parts.join(this.print(to)))
  }

  /** Remembers how a text with marks was composed, and gives it without. */
  keep(marked: string, text = unmark(marked, this.#owners).text): string {
    if (text === marked) {
      this.#addOwn(text)
      return text
    }
    this.#read.delete(text)
    // Without syntax in it, it does not matter who wrote which part; the whole may stand for data then.
    if (mayBeSyntax(text)) this.#keepComposed(text, marked)
    return text
  }

  /**
   * What a filter or a method made of these values: the template's own, if all of them are. `again` makes it of a first
   * value with marks: where that gives the same text, the marks are where they belong.
   */
  derive(result: unknown, inputs: readonly unknown[], again?: (marked: string) => unknown): void {
    const [made, ...values] = [result, ...inputs].map(plain)
    if (values.every(value => isAtom(value) && (typeof value !== 'string' || this.#isOwn(value)))) {
      for (const text of textsIn(made)) this.#addOwn(text)
      return
    }
    const marked = this.#composed.get(String(values[0]))
    const remade = marked === undefined ? undefined : plain(again?.(marked))
    if (typeof remade === 'string' && unmark(remade, this.#owners).text === made) this.keep(remade, made)
    else this.#remember(made)
  }

  finish(marked: string): Piece {
    return unmark(marked, this.#owners)
  }

  /** Data may be equal to a text of the template's: from here on it counts as data. */
  #remember(found: unknown): void {
    for (const text of textsIn(found)) {
      if (this.#has(text) || this.#composed.has(text)) this.#read.set(text, this.current)
      else if (mayBeSyntax(text)) this.#data.set(text, this.current)
    }
  }

  /** The template made a text of its own, perhaps one that it has in its hands as data already. */
  #addOwn(text: string): void {
    if (this.#data.has(text)) this.#read.set(text, this.#data.get(text))
    else this.#own.add(text)
  }

  #keepComposed(text: string, marked: string): void {
    const before = this.#composed.get(text)
    if (before === undefined) this.#size += text.length
    this.#composed.set(text, before === undefined || before === marked ? marked : this.#both(text, before, marked))
    for (const [oldest] of this.#composed) {
      if (this.#size <= LARGEST) break
      this.#composed.delete(oldest)
      this.#size -= oldest.length
    }
  }

  /** A text that was composed in two ways: data is what was in either. */
  #both(text: string, before: string, marked: string): string {
    const spans = [marked, before].flatMap(one => unmark(one, this.#owners).spans).sort((a, b) => a.start - b.start)
    let both = ''
    let at = 0
    for (const { start, end, service } of spans) {
      if (end <= at) continue
      const from = Math.max(at, start)
      both += text.slice(at, from) + this.#mark(text.slice(from, end), service)
      at = end
    }
    return both + text.slice(at)
  }

  /** Is a text, composed of more than data and blanks, also one that this very service has in the catalog? */
  #isTheirs(text: string, composed: string): boolean {
    const owners = this.#view[origin].texts.get(text)
    return owners?.includes(this.current ?? '') === true && /\S/.test(ownPartsOf(composed))
  }

  #isOwn(text: string): boolean {
    return text === '' || (this.#has(text) && !this.#read.has(text))
  }

  #has(text: string): boolean {
    return this.#given.has(text) || this.#own.has(text)
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
    return MARK + number + MARK + (holdsMark(text) ? text.replace(/[\ufdd0\ufdd1]/g, '\ufffd') : text) + MARK
  }
}

function escaped(text: string): string {
  return text.replace(/["\\]/g, '\\$&')
}

function isAtom(value: unknown): boolean {
  return typeof value !== 'object' || value === null || value instanceof RegExp
}

/** What a macro gives, and some filters, is a text in an object. */
function plain(value: unknown): unknown {
  return value instanceof String ? String(value) : value
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
function unmark(marked: string, owners: readonly (string | undefined)[]): Piece {
  const parts = marked.split(MARK)
  const texts = [parts[0] ?? '']
  const spans: Span[] = []
  let at = texts[0]?.length ?? 0
  for (let part = 1; part < parts.length; part += 3) {
    const value = parts[part + 1] ?? ''
    const own = parts[part + 2] ?? ''
    const end = at + value.length
    spans.push({ start: at, end, service: owners[Number(parts[part])] })
    texts.push(value, own)
    at = end + own.length
  }
  return { text: texts.join(''), spans }
}
