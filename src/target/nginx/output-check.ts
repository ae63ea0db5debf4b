import type { Span } from '../../model/generation.ts'
import { type Kind, readTokens } from './reader.ts'

/** A value of the catalog that is more than (a part of) one argument. */
export interface Breakout {
  readonly start: number // offset into the text
  readonly value: string
  readonly service: string | undefined
  readonly why: string
}

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
/** Text that means nothing in any program, between its own quotes. */
const isHarmless = /^[\w./:-]*$/

const endings: ReadonlySet<Kind> = new Set([';', '{', '}', 'code'])

/** A token, and what nginx has read before it. */
interface Place {
  readonly kind: Kind
  readonly token: string
  readonly directive: string // its first word; '' when this is it
  readonly block: string // the first word of the block around, '' outside of all
  readonly isGlued: boolean // right behind a closing quote
}

/**
 * Every marked span that does not lie inside one argument, in the order of the text. Data may fill arguments; it must
 * never make a directive, end one, a block or a comment, or name a variable. Reads the text once.
 */
export function breakouts(text: string, spans: readonly Span[]): Breakout[] {
  const found: Breakout[] = []
  const blocks: string[] = [] // outermost first
  let directive = ''
  let quoteEnd = -1
  let next = 0

  readTokens(text, (kind, start, end) => {
    for (let span = spans[next]; span !== undefined && span.start < end; span = spans[++next]) {
      const place = {
        kind,
        token: text.slice(start, end),
        directive,
        block: blocks.at(-1) ?? '',
        isGlued: start === quoteEnd,
      }
      const value = text.slice(span.start, span.end)
      const why = problemOf(value, span.start - start, place)
      if (why !== undefined) found.push({ start: span.start, value, service: span.service, why })
    }
    if (kind === 'double' || kind === 'single') quoteEnd = end
    if (kind === '{') blocks.push(directive)
    if (kind === '}' || kind === 'code') blocks.pop()
    if (endings.has(kind)) directive = ''
    else if (kind !== 'comment' && directive === '') directive = text.slice(start, end)
  })
  return found
}

/** Why a value, printed `offset` characters into a token (before it, when negative), is more than a part of it. */
function problemOf(value: string, offset: number, place: Place): string | undefined {
  if (value === '') return undefined
  if (/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(value)) return 'holds a control character'
  if (offset < 0) return 'holds a blank, outside quotes'
  switch (place.kind) {
    case 'comment':
      return offset > 0 ? undefined : 'holds #, outside quotes'
    case 'code':
      return isHarmless.test(value) ? undefined : 'would be Lua code'
    case 'double':
    case 'single':
      return quoted(value, offset, place.kind) ?? meaning(value, offset - 1, place)
    default:
      return holds(value, /[ ;{}\\$]/, 'outside quotes') ?? meaning(value, offset, place)
  }
}

function quoted(value: string, offset: number, kind: 'double' | 'single'): string | undefined {
  if (offset === 0) return `holds ${value.charAt(0)}, outside quotes`
  return holds(value, kind === 'double' ? /["\\$]/ : /['\\$]/, `inside ${kind} quotes`)
}

function holds(value: string, syntax: RegExp, where: string): string | undefined {
  const [char] = syntax.exec(value) ?? []
  return char === undefined ? undefined : `holds ${char === ' ' ? 'a blank' : char}, ${where}`
}

/** An argument, or a part of one, that means more than its characters say. */
function meaning(value: string, offset: number, { token, directive, block, isGlued }: Place): string | undefined {
  // nginx wants a blank there, or a `)`, with which another argument begins.
  if (isGlued && offset === 0) return 'stands right behind a closing quote'
  if (isCode.test(directive)) return isHarmless.test(value) ? undefined : `would be code, in ${directive}`

  const takesRegex = directive === 'location' || directive === 'server_name' || (directive === '' && block === 'map')
  if (takesRegex && offset === 0 && value.startsWith('~')) return 'would be a regular expression'
  if (directive !== '') return undefined
  if (!tables.has(block)) return 'would be the name of a directive'
  return tableWords.has(token.replace(/^["']|["']$/g, '')) ? 'means something of its own in this block' : undefined
}
