/** Just enough of nginx's syntax to follow includes and to find directives; nginx itself is the judge. */

export interface Directive {
  readonly name: string
  readonly args: readonly string[] // without quotes
  readonly line: number // from 1
  readonly start: number // offset of the name
  readonly end: number // offset behind `;`, or behind `}`
  readonly block: readonly Directive[] | undefined
}

interface Token {
  readonly kind: 'word' | ';' | '{' | '}'
  readonly text: string
  readonly start: number
  readonly end: number
  readonly line: number
}

/** Reads as far as it understands: a broken file yields what stands before the fault. */
export function parseDirectives(text: string): Directive[] {
  const tokens = tokenize(text)
  return readBlock(tokens, text).directives
}

function readBlock(tokens: Iterator<Token>, text: string): { directives: Directive[]; end: number } {
  const directives: Directive[] = []
  let words: Token[] = []
  for (let next = tokens.next(); !next.done; next = tokens.next()) {
    const token = next.value
    const [name, ...args] = words
    switch (token.kind) {
      case 'word':
        words.push(token)
        break
      case '}':
        return { directives, end: token.end }
      case ';':
      case '{': {
        const inner = token.kind === '{' ? readBlock(tokens, text) : undefined
        if (name !== undefined) {
          directives.push({
            name: name.text,
            args: args.map(word => word.text),
            line: name.line,
            start: name.start,
            end: inner?.end ?? token.end,
            block: inner?.directives,
          })
        }
        words = []
      }
    }
  }
  return { directives, end: text.length }
}

function* tokenize(text: string): Generator<Token> {
  let line = 1
  let last = ''
  let at = 0
  while (at < text.length) {
    const char = text.charAt(at)
    if (char === '\n') line += 1
    if (/\s/.test(char)) {
      at += 1
    } else if (char === '#') {
      while (at < text.length && text[at] !== '\n') at += 1
    } else if (char === ';' || char === '{' || char === '}') {
      const raw = char === '{' && last.endsWith('_by_lua_block')
      const end = raw ? skipBraces(text, at) : at + 1
      // A Lua block is code of another language: it is passed over as an empty block.
      yield { kind: char, text: char, start: at, end: at + 1, line }
      if (raw) yield { kind: '}', text: '}', start: end - 1, end, line }
      line += countLines(text, at, end)
      last = ''
      at = end
    } else {
      const word = readWord(text, at)
      if (last === '') last = word.value
      yield { kind: 'word', text: word.value, start: at, end: word.end, line }
      line += countLines(text, at, word.end)
      at = word.end
    }
  }
}

function readWord(text: string, start: number): { value: string; end: number } {
  const quote = text.charAt(start)
  const isQuoted = quote === '"' || quote === "'"
  let value = ''
  let at = isQuoted ? start + 1 : start
  while (at < text.length) {
    const char = text.charAt(at)
    if (char === '\\' && at + 1 < text.length) {
      value += isQuoted && text[at + 1] === quote ? quote : text.slice(at, at + 2)
      at += 2
    } else if (isQuoted && char === quote) {
      return { value, end: at + 1 }
    } else if (!isQuoted && char === '$' && text[at + 1] === '{') {
      const close = text.indexOf('}', at)
      const end = close === -1 ? text.length : close + 1
      value += text.slice(at, end)
      at = end
    } else if (!isQuoted && /[\s;{]/.test(char)) {
      break
    } else {
      value += char
      at += 1
    }
  }
  return { value, end: at }
}

/** Lua's long texts and comments, comments, and texts: braces in them are no braces (Lua 5.1 manual, 2.1). */
const luaLiteral = /(?:--)?\[(=*)\[[\s\S]*?\]\1\]|--[^\n]*|"(?:\\[\s\S]|[^"\\\n])*"|'(?:\\[\s\S]|[^'\\\n])*'|[{}]/g

/** The offset behind the brace that closes the one at `start`, in a block of Lua. */
export function skipBraces(text: string, start: number): number {
  let depth = 0
  for (const found of text.slice(start).matchAll(luaLiteral)) {
    if (found[0] === '{') depth += 1
    if (found[0] === '}' && --depth === 0) return start + found.index + 1
  }
  return text.length
}

function countLines(text: string, start: number, end: number): number {
  let lines = 0
  for (let at = start; at < end; at += 1) if (text[at] === '\n') lines += 1
  return lines
}

/** Every directive with this name, however deep. */
export function* find(directives: readonly Directive[], name: string): Generator<Directive> {
  for (const directive of directives) {
    if (directive.name === name) yield directive
    if (directive.block !== undefined) yield* find(directive.block, name)
  }
}
