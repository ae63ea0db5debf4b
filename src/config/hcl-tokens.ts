/** A piece of HCL and where it begins. */
export interface Token {
  readonly kind: 'name' | 'text' | 'literal' | '{' | '}' | '[' | ']' | ',' | '=' | 'end'
  readonly value: string | number | boolean
  readonly line: number
}

/** What cannot be read, with its line. */
export class HclError extends Error {
  readonly line: number

  constructor(line: number, message: string) {
    super(message)
    this.line = line
  }
}

const blank = /(?:[ \t\r\n]+|(?:#|\/\/)[^\n]*|\/\*[\s\S]*?\*\/)*/y
const name = /[\p{L}_][\p{L}\p{Nd}_.-]*/uy
const number = /-?(?:0[xX][0-9a-fA-F]+|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)/y
const heredoc = /<<(-?)([\p{L}\p{Nd}_]+)\n/uy
const mark = /[{}[\],=]/y

/** The words of a text, by the rules of HCL 1. Throws HclError. */
export function tokensOf(source: string): Token[] {
  const text = source.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n')
  const tokens: Token[] = []
  let at = 0
  let line = 1

  function take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (match !== null) move(match[0].length)
    return match
  }
  function move(length: number): string {
    const taken = text.slice(at, at + length)
    for (const char of taken) if (char === '\n') line += 1
    at += length
    return taken
  }
  function next(): Token {
    const from = line
    const token = (kind: Token['kind'], value: Token['value']): Token => ({ kind, value, line: from })
    const word = take(name)?.[0]
    if (word !== undefined)
      return word === 'true' || word === 'false' ? token('literal', word === 'true') : token('name', word)
    const digits = take(number)?.[0]
    if (digits !== undefined) return token('literal', numberOf(digits, from))
    const sign = take(mark)?.[0]
    if (sign !== undefined) return token(sign as Token['kind'], sign)
    if (text[at] === '"') return token('text', unquote(move(lengthOfString(text, at, from)), from))
    const anchor = take(heredoc)
    if (anchor !== null) return token('text', restOfHeredoc(anchor[2] ?? '', anchor[1] === '-', from))
    if (text.startsWith('<<', at))
      throw new HclError(from, 'a heredoc begins with <<NAME, and nothing else on its line')
    if (text.startsWith('/*', at)) throw new HclError(from, 'a comment that begins with /* does not end')
    throw new HclError(from, `unexpected ${JSON.stringify(String.fromCodePoint(text.codePointAt(at) ?? 0))}`)
  }
  function restOfHeredoc(anchor: string, isIndented: boolean, from: number): string {
    const end = new RegExp(`^([ \\t\\f\\v]*)${anchor}\\r*(?:\\n|$(?![\\s\\S]))`, 'mg')
    end.lastIndex = at
    const match = end.exec(text)
    if (match === null) throw new HclError(from, `the heredoc <<${anchor} does not end: no line holds ${anchor} alone`)
    const body = move(match.index - at)
    move(match[0].length)
    return isIndented ? unindent(body, match[1] ?? '') : body + match[1]
  }

  for (take(blank); at < text.length; take(blank)) tokens.push(next())
  return [...tokens, { kind: 'end', value: '', line }]
}

/** As HCL does it: only when every line, empty ones too, begins as the last one does. */
function unindent(body: string, margin: string): string {
  const lines = body.split('\n').slice(0, -1)
  if (!lines.every(line => line.startsWith(margin))) return body
  return lines.map(line => `${line.slice(margin.length)}\n`).join('')
}

function numberOf(text: string, line: number): number {
  const [, sign, digits = ''] = /^(-?)(.*)$/.exec(text) ?? []
  if (/^0\d+$/.test(digits)) {
    if (/[89]/.test(digits)) throw new HclError(line, `${text} begins with 0 and is no octal number`)
    return Number.parseInt(digits, 8) * (sign === '-' ? -1 : 1)
  }
  return Number(digits) * (sign === '-' ? -1 : 1)
}

/** Of a string with its quotes; within `${…}` quotes and line ends mean nothing. */
function lengthOfString(text: string, from: number, line: number): number {
  let braces = 0
  for (let at = from + 1; at < text.length; at += 1) {
    const char = text[at]
    if (char === '"' && braces === 0) return at + 1 - from
    if (char === '\n' && braces === 0) break
    if (char === '\\') at += 1
    else if (braces === 0 && char === '$' && text[at + 1] === '{') {
      braces = 1
      at += 1
    } else if (braces > 0 && char === '{') braces += 1
    else if (braces > 0 && char === '}') braces -= 1
  }
  throw new HclError(line, 'a string does not end on its line; texts of several lines are written as <<NAME')
}

const escapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
}
/** An interpolation, which is kept as it is, or an escape. */
const special = /\$\{(?:[^{}]|\{[^{}]*\})*\}|\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|[\s\S])/g

function unquote(quoted: string, line: number): string {
  return quoted.slice(1, -1).replace(special, found => {
    if (found.startsWith('$')) return found
    const [letter = '', digits] = [found[1], found.slice(2)]
    const simple = escapes[letter]
    if (simple !== undefined && digits === '') return simple
    const code = /[xuU]/.test(letter)
      ? Number.parseInt(digits, 16)
      : /^[0-7]{3}$/.test(found.slice(1))
        ? Number.parseInt(found.slice(1), 8)
        : Number.NaN
    if (digits === '' || !(code <= 0x10_ff_ff))
      throw new HclError(line, `${found} is no escape of HCL; a backslash is written \\\\`)
    return String.fromCodePoint(code)
  })
}
