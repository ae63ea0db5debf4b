import { type Item, type ItemKind, itemText } from './items.ts'
import type { Lexer } from './lex.ts'
import { TemplateError } from './template-error.ts'
import { GoError } from './values.ts'

/**
 * So deep may blocks and parentheses lie in each other, together. Go allows 10,000 parentheses, 1,000 where its stack is
 * small (WebAssembly), and any number of blocks. JavaScript's stack holds 1,034 of the largest with everything that reads
 * them (measured, cold); with a limit of our own a template that is read once is read always.
 */
export const DEEPEST = 500

/** The items of one template, up to three of them ahead. Templates of one source share the lexer, not what was read ahead. */
export class LookAhead {
  readonly #name: string
  readonly #lexer: Lexer
  readonly #nesting: { depth: number }
  readonly #items: Item[] = [] // the last item read, and behind it those pushed back
  #peeked = 0
  /** Where the action began that is being read; 0 outside. */
  actionLine = 0

  /** The nesting is that of the source: its templates lie in each other. */
  constructor(name: string, lexer: Lexer, nesting: { depth: number }) {
    this.#name = name
    this.#lexer = lexer
    this.#nesting = nesting
  }

  /** Reads what lies within what is being read. */
  enter(): void {
    this.#nesting.depth += 1
    if (this.#nesting.depth > DEEPEST) this.fail('max expression depth exceeded')
  }

  leave(): void {
    this.#nesting.depth -= 1
  }

  next(): Item {
    if (this.#peeked > 0) this.#peeked--
    else this.#items[0] = this.#lexer.next()
    return this.#items[this.#peeked] as Item
  }

  peek(): Item {
    const item = this.next()
    this.#peeked++
    return item
  }

  backup(): void {
    this.#peeked++
  }

  /** The item goes before the one that comes next. */
  pushBack(item: Item): void {
    this.#items[++this.#peeked - 1] = item
  }

  nextNonSpace(): Item {
    for (;;) {
      const item = this.next()
      if (item.kind !== 'space') return item
    }
  }

  peekNonSpace(): Item {
    const item = this.nextNonSpace()
    this.backup()
    return item
  }

  expect(kind: ItemKind, context: string): Item {
    const item = this.nextNonSpace()
    return item.kind === kind ? item : this.unexpected(item, context)
  }

  unexpected(item: Item, context: string): never {
    if (item.kind !== 'error') return this.fail(`unexpected ${itemText(item)} in ${context}`)
    if (this.actionLine === 0 || this.actionLine === item.line) return this.fail(item.text)
    const since = `started at ${this.#name}:${this.actionLine}`
    return this.fail(item.text.endsWith(' action') ? `${item.text} ${since}` : `${item.text} in action ${since}`)
  }

  or<T>(read: () => T): T {
    try {
      return read()
    } catch (error) {
      if (error instanceof GoError) return this.fail(error.message)
      throw error
    }
  }

  fail(message: string): never {
    const line = this.#items[0]?.line ?? 0
    throw new TemplateError(`template: ${this.#name}:${line}: ${message}`, { line })
  }
}
