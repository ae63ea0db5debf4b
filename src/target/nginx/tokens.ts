import { readTokens } from './reader.ts'

/** Just enough of nginx's syntax to follow includes and to find directives; nginx itself is the judge. */

export interface Directive {
  readonly name: string
  readonly args: readonly string[] // without quotes
  readonly line: number // from 1
  readonly start: number // offset of the name
  readonly end: number // offset behind `;`, or behind `}`
  readonly block: readonly Directive[] | undefined
}

/** Reads as far as it understands: a broken file yields what stands before the fault. */
export function parseDirectives(text: string): Directive[] {
  const lineAt = lineCounter(text)
  let words: { readonly text: string; readonly start: number; readonly line: number }[] = []
  let inner: Directive[] = []
  const open: { readonly words: typeof words; readonly before: Directive[] }[] = []

  function add([name, ...args]: typeof words, end: number, block: Directive[] | undefined): void {
    if (name === undefined) return
    const { text, start, line } = name
    inner.push({ name: text, args: args.map(word => word.text), line, start, end, block })
  }
  function close(end: number): void {
    const outer = open.pop()
    if (outer === undefined) return
    const block = inner
    inner = outer.before
    add(outer.words, end, block)
  }

  readTokens(text, (kind, start, end) => {
    switch (kind) {
      case 'comment':
        return
      case 'word':
      case 'double':
      case 'single':
        words.push({ text: withoutQuotes(text.slice(start, end), kind), start, line: lineAt(start) })
        return
      case ';':
        add(words, end, undefined)
        break
      case '{':
        open.push({ words, before: inner })
        inner = []
        break
      case '}':
      case 'code': // of another language: it is passed over as an empty block
        close(end)
    }
    words = []
  })
  while (open.length > 0) close(text.length)
  return inner
}

/** Without quotes, and without the backslash before one; other escapes stay as they are written. */
function withoutQuotes(token: string, kind: 'word' | 'double' | 'single'): string {
  if (kind === 'word') return token
  const quote = kind === 'double' ? '"' : "'"
  const inside = token.slice(1, token.length > 1 && token.endsWith(quote) ? -1 : undefined)
  return inside.replace(/\\([\s\S])/g, (written, char) => (char === quote ? quote : written))
}

/** Lines from 1; asked in the order of the text. */
function lineCounter(text: string): (offset: number) => number {
  let line = 1
  let next = text.indexOf('\n')
  return offset => {
    while (next !== -1 && next < offset) {
      line += 1
      next = text.indexOf('\n', next + 1)
    }
    return line
  }
}

/** Every directive with this name, however deep. */
export function* find(directives: readonly Directive[], name: string): Generator<Directive> {
  for (const directive of directives) {
    if (directive.name === name) yield directive
    if (directive.block !== undefined) yield* find(directive.block, name)
  }
}
