import { joined, runeOf, toBytes } from './bytes.ts'
import { type FloatVerb, formatFloat } from './float.ts'
import { canBackquote, isPrint, quote, quoteRune } from './quote.ts'

/** What stands between `%` and the verb. */
export interface Flags {
  width?: number | undefined
  precision?: number | undefined
  plus?: boolean
  minus?: boolean
  sharp?: boolean
  space?: boolean
  zero?: boolean
  plusV?: boolean // `%+v`
  sharpV?: boolean // `%#v`
}

const MOST_RUNE = 0x10ffffn

export function pad(text: string, flags: Flags, isZeroAllowed = true): string {
  const missing = (flags.width ?? 0) - (flags.width === undefined ? 0 : runeCount(text))
  if (missing <= 0) return text
  return flags.minus ? text + padding(missing, flags, isZeroAllowed) : padding(missing, flags, isZeroAllowed) + text
}

export function padding(width: number, flags: Flags, isZeroAllowed = true): string {
  return (isZeroAllowed && flags.zero && !flags.minus ? '0' : ' ').repeat(Math.max(width, 0))
}

/** Text for `%s`, `%v`, `%q`, `%x` and `%X`; undefined for any other verb. */
export function textVerb(text: string, verb: string, flags: Flags): string | undefined {
  switch (verb) {
    case 'v':
      return flags.sharpV ? quoted(text, flags) : pad(cut(text, flags), flags)
    case 's':
      return pad(cut(text, flags), flags)
    case 'q':
      return quoted(text, flags)
    case 'x':
    case 'X':
      return hexText(toBytes(text), verb, flags)
  }
  return undefined
}

export function integerVerb(value: bigint, isSigned: boolean, verb: string, flags: Flags): string | undefined {
  switch (verb) {
    case 'v':
      if (flags.sharpV && !isSigned) return integer(value, 16, 'x', { ...flags, sharp: true })
      return integer(value, 10, verb, flags)
    case 'd':
      return integer(value, 10, verb, flags)
    case 'b':
      return integer(value, 2, verb, flags)
    case 'o':
    case 'O':
      return integer(value, 8, verb, flags)
    case 'x':
    case 'X':
      return integer(value, 16, verb, flags)
    case 'c':
      return pad(String.fromCodePoint(runeFrom(value)), flags)
    case 'q':
      return pad(quoteRune(runeFrom(value), flags.plus), flags)
    case 'U':
      return codePoint(BigInt.asUintN(64, value), flags)
  }
  return undefined
}

export function floatVerb(value: number, bits: 32 | 64, verb: string, flags: Flags): string | undefined {
  switch (verb) {
    case 'v':
      return float(value, bits, 'g', -1, flags)
    case 'b':
    case 'g':
    case 'G':
    case 'x':
    case 'X':
      return float(value, bits, verb, -1, flags)
    case 'f':
    case 'e':
    case 'E':
      return float(value, bits, verb, 6, flags)
    case 'F':
      return float(value, bits, 'f', 6, flags)
  }
  return undefined
}

/** `0xc000010000`, with or without what says that it is hexadecimal. */
export function address(value: bigint, flags: Flags, hasPrefix: boolean): string {
  return integer(value, 16, 'v', { ...flags, sharp: hasPrefix })
}

function integer(value: bigint, base: number, verb: string, flags: Flags): string {
  const isNegative = value < 0n
  const { width, precision } = flags
  if (precision === 0 && value === 0n) return padding(width ?? 0, flags, false)

  let digits = (isNegative ? -value : value).toString(base)
  if (verb === 'X') digits = digits.toUpperCase()
  const isSigned = isNegative || flags.plus === true || flags.space === true
  const isZeroPadded = flags.zero && !flags.minus && width !== undefined
  digits = digits.padStart(precision ?? (isZeroPadded ? width - (isSigned ? 1 : 0) : 0), '0')
  if (flags.sharp) {
    if (base === 2) digits = `0b${digits}`
    if (base === 8 && !digits.startsWith('0')) digits = `0${digits}`
    if (base === 16) digits = `${verb === 'X' ? '0X' : '0x'}${digits}`
  }
  if (verb === 'O') digits = `0o${digits}`
  const sign = isNegative ? '-' : flags.plus ? '+' : flags.space ? ' ' : ''
  return pad(sign + digits, flags, false)
}

function codePoint(value: bigint, flags: Flags): string {
  const digits = value
    .toString(16)
    .toUpperCase()
    .padStart(Math.max(flags.precision ?? 0, 4), '0')
  const isShown = flags.sharp && value <= MOST_RUNE && isPrint(Number(value))
  return pad(`U+${digits}${isShown ? ` '${String.fromCodePoint(Number(value))}'` : ''}`, flags, false)
}

/** Go's rune(c), with what is no rune replaced. */
function runeFrom(value: bigint): number {
  const unsigned = BigInt.asUintN(64, value)
  return unsigned > MOST_RUNE ? 0xfffd : runeOf(String.fromCodePoint(Number(unsigned)))
}

function float(value: number, bits: 32 | 64, verb: FloatVerb, usual: number, flags: Flags): string {
  const precision = flags.precision ?? usual
  const bare = formatFloat(value, verb, precision, bits)
  const isSigned = bare.startsWith('-') || bare.startsWith('+')
  const sign = isSigned ? (bare[0] as string) : '+'
  let digits = isSigned ? bare.slice(1) : bare
  const shown = flags.space && sign === '+' && !flags.plus ? ' ' : sign
  if (digits === 'Inf' || digits === 'NaN') {
    const isBare = digits === 'NaN' && !flags.space && !flags.plus
    return pad(isBare ? digits : shown + digits, flags, false)
  }
  if (flags.sharp && verb !== 'b') digits = withPoint(digits, verb, precision)
  if (!flags.plus && shown === '+') return pad(digits, flags)
  const isZeroPadded = flags.zero && !flags.minus && (flags.width ?? 0) > digits.length + 1
  if (isZeroPadded) return shown + padding((flags.width ?? 0) - digits.length - 1, flags) + digits
  return pad(shown + digits, flags)
}

/** `%#g`: the point is always there, and so are the zeros behind it. */
function withPoint(digits: string, verb: FloatVerb, precision: number): string {
  let wanted = verb === 'g' || verb === 'G' || verb === 'x' ? (precision === -1 ? 6 : precision) : 0
  const split = verb === 'x' || verb === 'X' ? digits.search(/[pP]/) : digits.search(/[eE]/)
  let head = split < 0 ? digits : digits.slice(0, split)
  let isSignificant = false
  for (const char of head) {
    if (char === '.') continue
    if (char !== '0') isSignificant = true
    if (isSignificant) wanted--
  }
  if (!head.includes('.')) {
    if (head === '0') wanted--
    head += '.'
  }
  return head + '0'.repeat(Math.max(wanted, 0)) + (split < 0 ? '' : digits.slice(split))
}

function quoted(text: string, flags: Flags): string {
  const short = cut(text, flags)
  if (flags.sharp && canBackquote(short)) return pad(`\`${short}\``, flags)
  return pad(quote(short, flags.plus), flags)
}

function hexText(bytes: Buffer, verb: 'x' | 'X', flags: Flags): string {
  const shown = bytes.subarray(0, flags.precision ?? bytes.length)
  if (shown.length === 0) return padding(flags.width ?? 0, flags)
  const prefix = flags.sharp ? `0${verb}` : ''
  const hex = verb === 'X' ? shown.toString('hex').toUpperCase() : shown.toString('hex')
  const text = flags.space ? (hex.match(/../g) ?? []).map(pair => prefix + pair).join(' ') : prefix + hex
  return pad(text, flags)
}

function cut(text: string, { precision }: Flags): string {
  if (precision === undefined || text.length <= precision) return text
  return joined(Array.from(text).slice(0, precision).join(''))
}

function runeCount(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}
