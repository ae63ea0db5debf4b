import { type Piece, printed, spansOf } from '../../model/generation.ts'
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
 * never make a directive, end one, a block or a comment, or name a variable. A piece that is whole in itself is read
 * once, however often it comes again.
 */
export function breakoutsOf(pieces: readonly Piece[]): Breakout[] {
  return areHarmless(pieces) ? [] : read({ text: printed(pieces).text, spans: spansOf(pieces) }).breakouts
}

/** Stands for a piece that need not be read again: a directive of its own. A Unicode noncharacter (23.7). */
const STOP = '\ufdd2'

/**
 * True when it is certain that no data breaks out: nothing does with those pieces taken out that are whole in
 * themselves, and where each was a directive may begin, outside of all blocks.
 */
function areHarmless(pieces: readonly Piece[]): boolean {
  const rest = pieces.map(piece => (isWhole(piece) ? stop : piece))
  const wanted = rest.filter(piece => piece === stop).length
  if (wanted === 0 || pieces.some(({ text }) => text.includes(STOP))) return false
  const { breakouts, stops } = read({ text: printed(rest).text, spans: spansOf(rest) })
  return breakouts.length === 0 && stops === wanted
}

const stop: Piece = { text: `${STOP};`, spans: [] }
const whole = new WeakMap<Piece, boolean>()

/** Does it begin and end between directives, outside of all blocks, and does none of its data break out? */
function isWhole(piece: Piece): boolean {
  let known = whole.get(piece)
  if (known === undefined) {
    const { breakouts, isOpen } = read(piece)
    known = breakouts.length === 0 && !isOpen
    whole.set(piece, known)
  }
  return known
}

interface Reading {
  readonly breakouts: Breakout[]
  readonly stops: number
  /** Does what follows belong to something that began here, or the other way round? */
  readonly isOpen: boolean
}

function read({ text, spans }: Piece): Reading {
  const found: Breakout[] = []
  const blocks: string[] = [] // outermost first
  let directive = ''
  let quoteEnd = -1
  let next = 0
  let stops = 0
  let isOpen = false
  let ends = { kind: ';' as Kind, at: 0 } // the last token

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
    if ((kind === '}' || kind === 'code') && blocks.pop() === undefined) isOpen = true
    if (kind === 'word' && directive === '' && blocks.length === 0 && text.slice(start, end) === STOP) stops += 1
    if (endings.has(kind)) directive = ''
    else if (kind !== 'comment' && directive === '') directive = text.slice(start, end)
    ends = { kind, at: end }
  })
  isOpen ||=
    next < spans.length || blocks.length > 0 || directive !== '' || (ends.kind === 'comment' && ends.at === text.length)
  return { breakouts: found, stops, isOpen }
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
