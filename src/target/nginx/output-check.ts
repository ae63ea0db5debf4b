import type { Span } from '../../model/generation.ts'
import { skipBraces } from './tokens.ts'

/** A value of the catalog that is more than (a part of) one argument. */
export interface Breakout {
  readonly start: number // offset into the text
  readonly value: string
  readonly service: string | undefined
  readonly why: string
}

/** Where nginx's own reader stands between two characters (ngx_conf_read_token in ngx_conf_file.c). */
const BETWEEN = 0
const WORD = 1
const DOUBLE = 2
const SINGLE = 3
const COMMENT = 4
const LUA = 5

/** In these blocks a line begins with a value, not with the name of a directive; some words mean something there. */
const tables = new Set(['map', 'geo', 'types', 'split_clients', 'charset_map'])
const tableWords = new Set([
  'default',
  'include',
  'hostnames',
  'volatile',
  'ranges',
  'proxy',
  'proxy_recursive',
  'delete',
])

/** Directives whose arguments are programs. */
const isCode = /_by_lua$|^perl(_set)?$/

/**
 * Every marked span that does not lie inside one argument, in the order of the text. Data may fill arguments; it must
 * never make a directive, end one, a block or a comment, or name a variable. Reads the text once.
 */
export function breakouts(text: string, spans: readonly Span[]): Breakout[] {
  const found: Breakout[] = []
  const blocks: string[] = [] // names of the blocks around, outermost first
  let state = BETWEEN
  let words = 0 // of the directive so far
  let name = '' // of the directive: its first word
  let start = 0 // of the word
  let quoteEnd = -1 // offset behind the last closing quote
  let luaEnd = 0 // offset of the brace that closes a block of Lua
  let at = 0

  for (const span of spans) {
    if (span.start > at) advance(span.start)
    const why = problemOf(span)
    if (why !== undefined) {
      found.push({ start: span.start, value: text.slice(span.start, span.end), service: span.service, why })
    }
    advance(span.end)
  }
  return found

  function problemOf({ start: from, end }: Span): string | undefined {
    const value = text.slice(from, end)
    if (/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(value)) return 'holds a control character'
    if (state === COMMENT || value === '') return undefined
    if (state === LUA) return /^[\w./:-]*$/.test(value) ? undefined : 'would be Lua code'

    const place =
      state === DOUBLE ? 'inside double quotes' : state === SINGLE ? 'inside single quotes' : 'outside quotes'
    const isSyntax = state === DOUBLE ? /["\\$]/ : state === SINGLE ? /['\\$]/ : /[ ;{}\\$]/
    const [char] = isSyntax.exec(value) ?? (state === BETWEEN ? (/^["'#]/.exec(value) ?? []) : [])
    if (char !== undefined) return `holds ${char === ' ' ? 'a blank' : char}, ${place}`

    // nginx wants a blank there, or a `)`, with which another argument begins.
    if (state === BETWEEN && from === quoteEnd) return 'stands right behind a closing quote'
    if (isCode.test(name)) return /^[\w./:-]*$/.test(value) ? undefined : `would be code, in ${name}`

    const isStart = state === BETWEEN || (state !== WORD && from === start + 1)
    if (isStart && value.startsWith('~') && mayBeRegex()) return 'would be a regular expression'

    const isFirstWord = words === (state === BETWEEN ? 0 : 1)
    if (!isFirstWord) return undefined
    if (!tables.has(blocks.at(-1) ?? '')) return 'would be the name of a directive'
    return tableWords.has(wordAround(from, end)) ? 'means something of its own in this block' : undefined
  }

  /** A value that matches what is nobody's or everybody's: `~.`. */
  function mayBeRegex(): boolean {
    return name === 'location' || name === 'server_name' || (name === '' && blocks.at(-1) === 'map')
  }

  function wordAround(from: number, end: number): string {
    const first = state === BETWEEN ? from : start
    const rest = /^[^\s;{}"']*/.exec(text.slice(end, end + 40))?.[0] ?? ''
    return (text.slice(first, end) + rest).replace(/^["']/, '')
  }

  /** Reads on as nginx would, up to `to`. */
  function advance(to: number): void {
    while (at < to) {
      const char = text.charCodeAt(at)
      switch (state) {
        case COMMENT:
          if (char === 10) state = BETWEEN
          break
        case LUA:
          if (at === luaEnd) state = BETWEEN
          break
        case DOUBLE:
        case SINGLE:
          if (char === 92) at += 1
          else if (char === (state === DOUBLE ? 34 : 39)) {
            endWord()
            quoteEnd = at + 1
          }
          break
        case WORD:
          if (char === 92) at += 1
          else if (char === 36) skipOpened()
          else if (isBlank(char) || char === 59 || char === 123) {
            endWord()
            continue // what ended the word is read between words
          }
          break
        default:
          between(char)
      }
      at += 1
    }
  }

  function between(char: number): void {
    if (isBlank(char)) return
    if (char === 35) state = COMMENT
    else if (char === 59) endDirective()
    else if (char === 123) {
      if (name.endsWith('_by_lua_block')) {
        state = LUA
        luaEnd = skipBraces(text, at) - 1
      } else blocks.push(name)
      endDirective()
    } else if (char === 125) {
      blocks.pop()
      endDirective()
    } else {
      state = char === 34 ? DOUBLE : char === 39 ? SINGLE : WORD
      start = at
      words += 1
      if (char === 92) at += 1
      else if (char === 36) skipOpened()
    }
  }

  /** Behind a `$`, braces belong to the word, however many. */
  function skipOpened(): void {
    while (text.charCodeAt(at + 1) === 123) at += 1
  }

  function endWord(): void {
    if (words === 1) name = text.slice(start, at)
    state = BETWEEN
  }

  function endDirective(): void {
    words = 0
    name = ''
  }
}

/** What ends a word; anything else, other control characters too, is part of it. */
function isBlank(char: number): boolean {
  return char === 32 || char === 9 || char === 10 || char === 13
}
