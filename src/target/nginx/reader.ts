/** What nginx's reader tells apart; a `code` is the inside of a block of Lua, with the brace that closes it. */
export type Kind = 'word' | 'double' | 'single' | 'comment' | 'code' | ';' | '{' | '}'

const [TAB, LF, CR, BLANK] = [9, 10, 13, 32]
const [QUOTE, HASH, DOLLAR, APOSTROPHE, SEMICOLON] = [34, 35, 36, 39, 59]
const [BACKSLASH, OPEN, CLOSE] = [92, 123, 125]

/**
 * Tells every token in the order of the text, from its first character to behind its last, quotes included: as nginx
 * itself reads (`ngx_conf_read_token` in `ngx_conf_file.c`), except that comments are told, too.
 */
export function readTokens(text: string, tell: (kind: Kind, start: number, end: number) => void): void {
  let name = '' // first word of the directive
  let isFirst = true
  let at = 0
  while (at < text.length) {
    const char = text.charCodeAt(at)
    if (isBlank(char)) {
      at += 1
      continue
    }
    const start = at
    switch (char) {
      case HASH:
        at = endOfLine(text, at)
        tell('comment', start, at)
        continue
      case SEMICOLON:
      case OPEN:
      case CLOSE:
        at += 1
        tell(text.charAt(start) as Kind, start, at)
        if (char === OPEN && name.endsWith('_by_lua_block')) {
          at = endOfCode(text, start)
          tell('code', start + 1, at)
        }
        isFirst = true
        name = ''
        continue
      case QUOTE:
      case APOSTROPHE:
        at = endOfQuoted(text, at, char)
        tell(char === QUOTE ? 'double' : 'single', start, at)
        break
      default:
        at = endOfWord(text, at)
        tell('word', start, at)
    }
    if (isFirst) name = text.slice(start, at)
    isFirst = false
  }
}

/** What ends a word; anything else, other control characters too, is part of it. */
function isBlank(char: number): boolean {
  return char === BLANK || char === LF || char === TAB || char === CR
}

function endOfLine(text: string, start: number): number {
  const end = text.indexOf('\n', start)
  return end === -1 ? text.length : end
}

function endOfQuoted(text: string, start: number, quote: number): number {
  let at = start + 1
  while (at < text.length) {
    const char = text.charCodeAt(at)
    if (char === quote) return at + 1
    at += char === BACKSLASH ? 2 : 1
  }
  return text.length
}

function endOfWord(text: string, start: number): number {
  let at = start
  while (at < text.length) {
    const char = text.charCodeAt(at)
    if (isBlank(char) || char === SEMICOLON || char === OPEN) return at
    at += char === BACKSLASH ? 2 : 1
    // Behind a `$`, braces belong to the word, however many.
    if (char === DOLLAR) while (text.charCodeAt(at) === OPEN) at += 1
  }
  return text.length
}

/** Lua's long texts and comments, comments, and texts: braces in them are no braces (Lua 5.1 manual, 2.1). */
const luaLiteral = /(?:--)?\[(=*)\[[\s\S]*?\]\1\]|--[^\n]*|"(?:\\[\s\S]|[^"\\\n])*"|'(?:\\[\s\S]|[^'\\\n])*'|[{}]/g

/** The offset behind the brace that closes the one at `start`. */
function endOfCode(text: string, start: number): number {
  let depth = 0
  for (const found of text.slice(start).matchAll(luaLiteral)) {
    if (found[0] === '{') depth += 1
    if (found[0] === '}' && --depth === 0) return start + found.index + 1
  }
  return text.length
}
