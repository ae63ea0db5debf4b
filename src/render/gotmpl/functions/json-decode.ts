import { toBytes } from '../bytes.ts'
import { quote } from '../quote.ts'
import { fromJson, GoError, type Value } from '../values.ts'

/** encoding/json into an interface {}; where it fails, in Go's words. */
export function decodedJson(text: string): Value {
  try {
    // Only these need a second look at every value, which takes its time.
    const isPlain = !/\\ud|e|\d{300}/i.test(text)
    return fromJson(isPlain ? JSON.parse(text.toWellFormed()) : JSON.parse(text.toWellFormed(), checked))
  } catch (error) {
    if (error instanceof GoError) throw error
    throw new GoError(complaint(toBytes(text).toString('latin1')), { cause: error })
  }
}

function checked(_: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value === 'string') return value.toWellFormed()
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new GoError(`json: cannot unmarshal number ${context?.source ?? ''} into Go value of type float64`)
  }
  return value
}

/** What Go says of the first byte that does not fit. The text holds one byte in each character. */
function complaint(bytes: string): string {
  try {
    new Reader(bytes).document()
  } catch (error) {
    if (error instanceof GoError) return error.message
    throw error
  }
  return 'unexpected end of JSON input'
}

class Reader {
  readonly #bytes: string
  #at = 0

  constructor(bytes: string) {
    this.#bytes = bytes
  }

  document(): void {
    this.#space()
    this.#value()
    this.#space()
    if (this.#at < this.#bytes.length) this.#fail('after top-level value')
  }

  #value(): void {
    const start = this.#peek()
    if (start === '{') this.#object()
    else if (start === '[') this.#array()
    else if (start === '"') this.#string()
    else if (/[-0-9]/.test(start)) this.#number()
    else if (start === 't') this.#literal('true')
    else if (start === 'f') this.#literal('false')
    else if (start === 'n') this.#literal('null')
    else this.#fail('looking for beginning of value')
  }

  #object(): void {
    this.#at++
    this.#space()
    if (this.#skips('}')) return
    for (;;) {
      if (this.#peek() !== '"') this.#fail('looking for beginning of object key string')
      this.#string()
      this.#space()
      if (!this.#skips(':')) this.#fail('after object key')
      this.#space()
      this.#value()
      this.#space()
      if (this.#skips('}')) return
      if (!this.#skips(',')) this.#fail('after object key:value pair')
      this.#space()
    }
  }

  #array(): void {
    this.#at++
    this.#space()
    if (this.#skips(']')) return
    for (;;) {
      this.#value()
      this.#space()
      if (this.#skips(']')) return
      if (!this.#skips(',')) this.#fail('after array element')
      this.#space()
    }
  }

  #string(): void {
    this.#at++
    for (;;) {
      const char = this.#peek()
      if (char === '"') break
      if (char < ' ') this.#fail('in string literal')
      this.#at++
      if (char === '\\') this.#escape()
    }
    this.#at++
  }

  #escape(): void {
    const letter = this.#char()
    if (!/["\\/bfnrtu]/.test(letter)) this.#fail('in string escape code')
    this.#at++
    for (let digit = 0; letter === 'u' && digit < 4; digit++) {
      if (!/[0-9a-fA-F]/.test(this.#char())) this.#fail('in \\u hexadecimal character escape')
      this.#at++
    }
  }

  #number(): void {
    this.#skips('-')
    if (!this.#skips('0')) this.#digits('in numeric literal')
    if (this.#skips('.')) this.#digits('after decimal point in numeric literal')
    if (this.#skips('e') || this.#skips('E')) {
      if (!this.#skips('+')) this.#skips('-')
      this.#digits('in exponent of numeric literal')
    }
  }

  #digits(context: string): void {
    if (!/[0-9]/.test(this.#char())) this.#fail(context)
    while (/[0-9]/.test(this.#bytes[this.#at] ?? '')) this.#at++
  }

  #literal(word: string): void {
    for (const expected of word) {
      if (this.#char() !== expected) this.#fail(`in literal ${word} (expecting '${expected}')`)
      this.#at++
    }
  }

  #space(): void {
    while (/[ \t\r\n]/.test(this.#bytes[this.#at] ?? '')) this.#at++
  }

  #skips(char: string): boolean {
    if (this.#bytes[this.#at] !== char) return false
    this.#at++
    return true
  }

  #peek(): string {
    const char = this.#bytes[this.#at]
    if (char === undefined) throw new GoError('unexpected end of JSON input')
    return char
  }

  /** Within a token Go takes the end of the text for a blank. */
  #char(): string {
    return this.#bytes[this.#at] ?? ' '
  }

  #fail(context: string): never {
    const char = this.#char()
    const shown = char === "'" ? "\\'" : char === '"' ? '"' : quote(char).slice(1, -1)
    throw new GoError(`invalid character '${shown}' ${context}`)
  }
}
