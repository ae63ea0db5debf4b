/** Upper, lower and title case as Go's unicode package maps a single character: never into several. */

/** Those whose title case is not their upper case. */
const title = new Map(
  ['Ǆǅǆ', 'Ǉǈǉ', 'Ǌǋǌ', 'Ǳǲǳ'].flatMap(([upper = '', middle = '', lower = '']) =>
    [upper, middle, lower].map(char => [char, middle]),
  ),
)

const SPACE = '\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000'
const spaces = { one: new RegExp(`^[${SPACE}]$`), around: new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, 'g') }

export function isSpace(char: string): boolean {
  return spaces.one.test(char)
}

export function trimSpace(text: string): string {
  return text.replace(spaces.around, '')
}

export function upperOf(char: string): string {
  const upper = char.toUpperCase()
  return isOne(upper) ? upper : withoutIota(char)
}

export function lowerOf(char: string): string {
  return char === 'İ' ? 'i' : char.toLowerCase()
}

export function titleOf(char: string): string {
  return title.get(char) ?? upperOf(char)
}

export function mapped(text: string, map: (char: string) => string): string {
  return Array.from(text, char => map(char)).join('')
}

const cased = /\p{Cased}/u
const mid = /[:\u00b7\u0387\u055f\u05f4\u2027\ufe13\ufe55\uff1a.\u2018\u2019\u2024\ufe52\uff07\uff0e']/
const within =
  /(?![\p{Ideographic}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}\p{sc=Laoo}\u200b])[\p{Alphabetic}\p{Nd}\p{M}\p{Pc}\p{Cf}]/u

/** golang.org/x/text/cases: words end where no letter, digit or mark follows; one dot, colon or apostrophe ends none. */
export function titled(text: string): string {
  let [isWithin, wasMid] = [false, false]
  return mapped(text, char => {
    const isMid = mid.test(char)
    if (wasMid && isMid) isWithin = false
    wasMid = isMid
    if (!cased.test(char)) {
      if (!isMid && !within.test(char)) isWithin = false
      return char
    }
    const isFirst = !isWithin
    isWithin = true
    return isFirst ? fullTitle(char) : char
  })
}

/** strings.Title: a letter is a first one after anything but letters, digits and underscores. */
export function simplyTitled(text: string): string {
  let before = ' '
  return mapped(text, char => {
    const isFirst = separates(before)
    before = char
    return isFirst ? titleOf(char) : char
  })
}

function separates(char: string): boolean {
  if (char <= '\x7f') return !/\w/.test(char)
  return !/[\p{L}\p{Nd}]/u.test(char) && isSpace(char)
}

/** Unicode's full mapping: ß is Ss, ﬁ is Fi. */
function fullTitle(char: string): string {
  const upper = char.toUpperCase()
  if (isOne(upper)) return titleOf(char)
  const single = withoutIota(char)
  if (single !== char) return single
  const [first = '', ...rest] = upper
  return char === 'ŉ' ? upper : first + rest.join('').toLowerCase()
}

/** ᾳ and its like have one character with the iota beside them; whatever else grows in upper case stays as it is. */
function withoutIota(char: string): string {
  const point = char.codePointAt(0) ?? 0
  if (point >= 0x1f80 && point <= 0x1faf) return String.fromCodePoint(point | 8)
  if (point === 0x1fb3 || point === 0x1fc3 || point === 0x1ff3) return String.fromCodePoint(point + 9)
  return char
}

function isOne(text: string): boolean {
  return text.length === 1 || Array.from(text).length === 1
}
