import { characterOf, quote } from './quote.ts'
import { Complex, GoError } from './values.ts'

/** What a numeric literal may become: Go decides where it is used. */
export interface Literal {
  readonly text: string
  readonly int?: bigint | undefined
  readonly uint?: bigint | undefined
  readonly float?: number | undefined
  readonly complex?: Complex | undefined
}

const INT = { least: -(2n ** 63n), most: 2n ** 63n - 1n }
const UINT = { least: 0n, most: 2n ** 64n - 1n }

export function characterLiteral(text: string): Literal {
  const rune = characterOf(text)
  return { text, int: BigInt(rune), uint: BigInt(rune), float: rune }
}

/** `1+2i` */
export function complexLiteral(text: string): Literal {
  const sign = text.slice(1, -1).search(/(?<![eEpP])[+-]/) + 1
  const re = parseFloat64(text.slice(0, sign))
  const im = parseFloat64(text.slice(sign, -1))
  if (sign === 0 || re === undefined || im === undefined) throw new GoError('syntax error scanning complex number')
  return { text, ...simplified(new Complex(re, im)) }
}

export function numberLiteral(text: string): Literal {
  if (text.endsWith('i')) {
    const imaginary = parseFloat64(text.slice(0, -1))
    if (imaginary !== undefined) return { text, ...simplified(new Complex(0, imaginary)) }
  }
  const whole = parseInteger(text)
  const int = within(whole, INT)
  const uint = /^[+-]/.test(text) && int !== 0n ? undefined : within(whole, UINT)
  if (int !== undefined || uint !== undefined) return { text, int, uint, float: Number(int ?? uint) }

  const float = parseFloat64(text)
  if (float === undefined) throw new GoError(`illegal number syntax: ${quote(text)}`)
  if (!/[.eEpP]/.test(text)) throw new GoError(`integer overflow: ${quote(text)}`)
  return { text, ...integersOf(float), float }
}

/** strconv.ParseInt with base 0, of any size. */
export function parseInteger(text: string): bigint | undefined {
  const unsigned = text.replace(/^[+-]/, '')
  const match = /^(?:0[xX]([\da-fA-F_]+)|0[bB]([01_]+)|0[oO]?([0-7_]+)|(0|[1-9][\d_]*))$/.exec(unsigned)
  if (match === null || !underscoresFit(unsigned)) return undefined
  const [, hex, binary, octal, decimal] = match.map(part => part?.replaceAll('_', ''))
  const value =
    hex !== undefined ? `0x${hex}` : binary !== undefined ? `0b${binary}` : octal !== undefined ? `0o${octal}` : decimal
  if (value === undefined || /^0[xbo]$/.test(value)) return undefined
  return text.startsWith('-') ? -BigInt(value) : BigInt(value)
}

/** strconv.ParseFloat; undefined where it fails, and that is where it overflows, too. */
export function parseFloat64(text: string): number | undefined {
  if (!underscoresFit(text.replace(/^[+-]/, ''))) return undefined
  const plain = text.replaceAll('_', '')
  const value = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(plain) ? Number(plain) : hexFloat(plain)
  return value === undefined || !Number.isFinite(value) ? undefined : value
}

function hexFloat(text: string): number | undefined {
  const match = /^([+-]?)0[xX]([\da-fA-F]*)\.?([\da-fA-F]*)[pP]([+-]?\d+)$/.exec(text)
  const [, sign, whole = '', fraction = '', exponent = '0'] = match ?? []
  if (match === null || whole + fraction === '') return undefined
  const value = Number(BigInt(`0x${whole}${fraction}`)) * 2 ** (Number(exponent) - 4 * fraction.length)
  return sign === '-' ? -value : value
}

/** Underscores stand between digits, or between a base and a digit. */
function underscoresFit(unsigned: string): boolean {
  if (!unsigned.includes('_')) return true
  const isHex = /^0[xX]/.test(unsigned)
  const digit = isHex ? '[\\da-fA-F]' : '\\d'
  const digits = unsigned.replace(/^0[xXbBoO]/, '0')
  return !new RegExp(`(?<!${digit})_|_(?!${digit})`).test(digits)
}

function within(value: bigint | undefined, { least, most }: typeof INT): bigint | undefined {
  return value !== undefined && value >= least && value <= most ? value : undefined
}

function integersOf(float: number): Pick<Literal, 'int' | 'uint'> {
  if (!Number.isInteger(float)) return {}
  return { int: within(BigInt(float), INT), uint: within(BigInt(float), UINT) }
}

function simplified(complex: Complex): Omit<Literal, 'text'> {
  return complex.im === 0 ? { ...integersOf(complex.re), float: complex.re, complex } : { complex }
}
