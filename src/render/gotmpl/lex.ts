import { runeOf } from './bytes.ts'
import { type Delimiters, type Item, type ItemKind, keywords } from './items.ts'
import { quote, unicodeName } from './quote.ts'

const SPACES = /[ \t\r\n]+/y
const WORD = /[\p{L}\p{Nd}_]*/uy
const ALPHANUMERIC = /[\p{L}\p{Nd}_]/uy
const NUMBER =
  /[+-]?(?:0[xX][\da-fA-F_]*(?:\.[\da-fA-F_]*)?(?:[pP][+-]?[\d_]*)?|0[oO][0-7_]*(?:\.[0-7_]*)?|0[bB][01_]*(?:\.[01_]*)?|[\d_]*(?:\.[\d_]*)?(?:[eE][+-]?[\d_]*)?)i?/y
const QUOTED = /"(?:\\[^\n]|[^"\\\n])*"/y
const CHARACTER = /'(?:\\[^\n]|[^'\\\n])*'/y
const RAW = /`[^`]*`/y
const SINGLE = { '=': 'assign', '|': 'pipe' } as const

/** Takes a template apart into items, as they are asked for; after an error there is nothing but the end. */
export class Lexer {
  #input: string
  readonly #left: string
  readonly #right: string
  #start = 0
  #line = 1
  #insideAction = false
  #parens = 0

  constructor(input: string, { left, right }: Delimiters) {
    this.#input = input
    this.#left = left
    this.#right = right
  }

  next(): Item {
    return this.#insideAction ? this.#action() : this.#text()
  }

  #text(): Item {
    for (;;) {
      const at = this.#input.indexOf(this.#left, this.#start)
      if (at < 0) return this.#emit(this.#start < this.#input.length ? 'text' : 'eof', this.#input.length)

      if (at > this.#start) {
        const end = this.#trimsBefore(at + this.#left.length) ? this.#withoutSpacesBefore(at) : at
        const item = this.#emit('text', end)
        this.#skipTo(at)
        if (item.text !== '') return item
      }
      const behind = at + this.#left.length
      const content = behind + (this.#trimsBefore(behind) ? 2 : 0)
      if (!this.#input.startsWith('/*', content)) {
        const item = this.#emit('leftDelim', behind)
        this.#insideAction = true
        this.#parens = 0
        this.#skipTo(content)
        return item
      }
      this.#skipTo(content)
      const broken = this.#comment()
      if (broken !== undefined) return this.#error(broken)
    }
  }

  /** Skips a comment; says what is wrong with it. */
  #comment(): string | undefined {
    const close = this.#input.indexOf('*/', this.#start + 2)
    if (close < 0) return 'unclosed comment'
    const end = this.#delimiterAt(close + 2)
    if (end === undefined) return 'comment ends before closing delimiter'
    this.#skipTo(end.trims ? this.#withoutSpacesAfter(end.behind) : end.behind)
    return undefined
  }

  #action(): Item {
    const end = this.#delimiterAt(this.#start)
    if (end !== undefined) return this.#parens === 0 ? this.#rightDelim(end) : this.#error('unclosed left paren')

    const char = this.#input[this.#start]
    if (char === undefined) return this.#error('unclosed action')
    if (char === ' ' || char === '\t' || char === '\r' || char === '\n') return this.#space()
    if (char === '=' || char === '|') return this.#emit(SINGLE[char], this.#start + 1)
    if (char === ':') {
      return this.#input[this.#start + 1] === '=' ? this.#emit('declare', this.#start + 2) : this.#error('expected :=')
    }
    if (char === '"') return this.#quoted('string', QUOTED, 'unterminated quoted string')
    if (char === '`') return this.#quoted('rawString', RAW, 'unterminated raw quoted string')
    if (char === "'") return this.#quoted('charConstant', CHARACTER, 'unterminated character constant')
    if (char === '$')
      return this.#isTerminator(this.#start + 1) ? this.#emit('variable', this.#start + 1) : this.#name()
    if (char === '.' && !/^$|\d/.test(this.#input[this.#start + 1] ?? '')) {
      return this.#isTerminator(this.#start + 1) ? this.#emit('dot', this.#start + 1) : this.#name()
    }
    if (/[.+\-\d]/.test(char)) return this.#number()
    if (matchEnd(ALPHANUMERIC, this.#input, this.#start) !== undefined) return this.#word()
    return this.#sign(char)
  }

  #rightDelim({ behind, trims }: { behind: number; trims: boolean }): Item {
    if (trims) this.#skipTo(this.#start + 2)
    const item = this.#emit('rightDelim', behind)
    if (trims) this.#skipTo(this.#withoutSpacesAfter(behind))
    this.#insideAction = false
    return item
  }

  /** The blank before a trim marker is part of the marker. */
  #space(): Item {
    const end = matchEnd(SPACES, this.#input, this.#start) ?? this.#start
    const last = this.#delimiterAt(end - 1)
    if (last === undefined || !last.trims) return this.#emit('space', end)
    return this.#emit('space', end - 1)
  }

  #quoted(kind: ItemKind, pattern: RegExp, broken: string): Item {
    const end = matchEnd(pattern, this.#input, this.#start)
    return end === undefined ? this.#error(broken) : this.#emit(kind, end)
  }

  /** A field or a variable: its first character is known. */
  #name(): Item {
    const end = matchEnd(WORD, this.#input, this.#start + 1) ?? this.#start
    if (!this.#isTerminator(end)) return this.#badCharacter(end)
    return this.#emit(this.#input[this.#start] === '$' ? 'variable' : 'field', end)
  }

  #word(): Item {
    const end = matchEnd(WORD, this.#input, this.#start) ?? this.#start
    if (!this.#isTerminator(end)) return this.#badCharacter(end)
    const word = this.#input.slice(this.#start, end)
    if (Object.hasOwn(keywords, word)) return this.#emit(keywords[word as keyof typeof keywords], end)
    return this.#emit(word === 'true' || word === 'false' ? 'bool' : 'identifier', end)
  }

  #number(): Item {
    const real = this.#scanNumber(this.#start)
    if (!real.good) return this.#badNumber(real.end)
    const sign = this.#input[real.end]
    if (sign !== '+' && sign !== '-') return this.#emit('number', real.end)
    const imaginary = this.#scanNumber(real.end)
    if (!imaginary.good || this.#input[imaginary.end - 1] !== 'i') return this.#badNumber(imaginary.end)
    return this.#emit('complex', imaginary.end)
  }

  #scanNumber(from: number): { end: number; good: boolean } {
    const end = matchEnd(NUMBER, this.#input, from) ?? from
    const further = matchEnd(ALPHANUMERIC, this.#input, end)
    return { end: further ?? end, good: further === undefined }
  }

  #sign(char: string): Item {
    if (char === '(') {
      this.#parens++
      return this.#emit('leftParen', this.#start + 1)
    }
    if (char === ')') {
      if (--this.#parens < 0) return this.#error('unexpected right paren')
      return this.#emit('rightParen', this.#start + 1)
    }
    if (char >= ' ' && char <= '~') return this.#emit('char', this.#start + 1)
    return this.#error(`unrecognized character in action: ${unicodeName(this.#runeAt(this.#start))}`)
  }

  #badCharacter(at: number): Item {
    return this.#error(`bad character ${unicodeName(this.#runeAt(at))}`)
  }

  #badNumber(end: number): Item {
    return this.#error(`bad number syntax: ${quote(this.#input.slice(this.#start, end))}`)
  }

  #runeAt(at: number): number {
    return runeOf(String.fromCodePoint(this.#input.codePointAt(at) ?? 0))
  }

  /** The right delimiter, perhaps with a trim marker, if it stands here. */
  #delimiterAt(at: number): { behind: number; trims: boolean } | undefined {
    if (this.#isTrimmedDelimiter(at)) return { behind: at + 2 + this.#right.length, trims: true }
    return this.#input.startsWith(this.#right, at) ? { behind: at + this.#right.length, trims: false } : undefined
  }

  #isTrimmedDelimiter(at: number): boolean {
    return isSpace(this.#input[at]) && this.#input[at + 1] === '-' && this.#input.startsWith(this.#right, at + 2)
  }

  #trimsBefore(at: number): boolean {
    return this.#input[at] === '-' && isSpace(this.#input[at + 1])
  }

  #withoutSpacesBefore(end: number): number {
    while (end > this.#start && isSpace(this.#input[end - 1])) end--
    return end
  }

  #withoutSpacesAfter(from: number): number {
    return matchEnd(SPACES, this.#input, from) ?? from
  }

  /** What may follow a name: `.X.Y` is two of them, `$x+2` is none. */
  #isTerminator(at: number): boolean {
    const char = this.#input[at]
    return char === undefined || ' \t\r\n.,|:)('.includes(char) || this.#input.startsWith(this.#right, at)
  }

  #emit(kind: ItemKind, end: number): Item {
    const item = { kind, at: this.#start, text: this.#input.slice(this.#start, end), line: this.#line }
    this.#skipTo(end)
    return item
  }

  #error(text: string): Item {
    const item = { kind: 'error', at: this.#start, text, line: this.#line } as const
    this.#input = ''
    this.#start = 0
    return item
  }

  #skipTo(end: number): void {
    for (let at = this.#start; at < end; at++) if (this.#input.charCodeAt(at) === 10) this.#line++
    this.#start = end
  }
}

function isSpace(char: string | undefined): boolean {
  return char === ' ' || char === '\t' || char === '\r' || char === '\n'
}

function matchEnd(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : undefined
}
