import { GoError } from '../../values.ts'

/** github.com/shopspring/decimal: 0.1 and 0.2 make 0.3, because both are taken for what they are written as. */
interface Decimal {
  readonly digits: bigint
  readonly places: number // may be below zero
}

const QUOTIENT_PLACES = 16

export function added(a: number, b: number): number {
  return exact(a, b, (x, y) => aligned(x, y, (m, n) => m + n))
}

export function subtracted(a: number, b: number): number {
  return exact(a, b, (x, y) => aligned(x, y, (m, n) => m - n))
}

export function multiplied(a: number, b: number): number {
  return exact(a, b, (x, y) => ({ digits: x.digits * y.digits, places: x.places + y.places }))
}

/** Sixteen places behind the point, rounded half away from zero. */
export function divided(a: number, b: number): number {
  if (b === 0) throw new GoError('decimal division by 0')
  return exact(a, b, (x, y) => {
    const shift = QUOTIENT_PLACES + y.places - x.places
    const [numerator, denominator] =
      shift >= 0 ? [x.digits * 10n ** BigInt(shift), y.digits] : [x.digits, y.digits * 10n ** BigInt(-shift)]
    const quotient = numerator / denominator
    const rest = numerator % denominator
    const isHalf = 2n * absolute(rest) >= absolute(denominator)
    const away = numerator < 0n === denominator < 0n ? 1n : -1n
    return { digits: isHalf ? quotient + away : quotient, places: QUOTIENT_PLACES }
  })
}

function exact(a: number, b: number, combine: (a: Decimal, b: Decimal) => Decimal): number {
  for (const value of [a, b]) {
    if (!Number.isFinite(value))
      throw new GoError(`Cannot create a Decimal from ${value > 0 ? '+Inf' : value < 0 ? '-Inf' : 'NaN'}`)
  }
  const { digits, places } = combine(decimal(a), decimal(b))
  return Number(`${digits}e${-places}`)
}

function decimal(value: number): Decimal {
  const [mantissa = '0', exponent = '0'] = String(value).split('e')
  const [whole = '0', fraction = ''] = mantissa.split('.')
  return { digits: BigInt(whole + fraction), places: fraction.length - Number(exponent) }
}

function aligned(a: Decimal, b: Decimal, combine: (a: bigint, b: bigint) => bigint): Decimal {
  const places = Math.max(a.places, b.places)
  const scaled = ({ digits, places: own }: Decimal) => digits * 10n ** BigInt(places - own)
  return { digits: combine(scaled(a), scaled(b)), places }
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value
}
