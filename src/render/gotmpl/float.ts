/** A float's digits: 0.d₁d₂d₃… × 10^point. */
interface Decimal {
  readonly digits: string
  readonly point: number
}

export type FloatVerb = 'b' | 'e' | 'E' | 'f' | 'g' | 'G' | 'x' | 'X'

/** strconv.FormatFloat; a precision of -1 takes as many digits as it needs to be read back. */
export function formatFloat(value: number, verb: FloatVerb, precision: number, bits: 32 | 64): string {
  if (Number.isNaN(value)) return 'NaN'
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  const size = Math.abs(value)
  if (size === Number.POSITIVE_INFINITY) return `${sign || '+'}Inf`
  return (
    sign +
    (verb === 'b'
      ? binary(size, bits)
      : verb === 'x' || verb === 'X'
        ? hex(size, verb, precision, bits)
        : decimal(size, verb, precision, bits))
  )
}

function decimal(size: number, verb: 'e' | 'E' | 'f' | 'g' | 'G', precision: number, bits: 32 | 64): string {
  const isShortest = precision < 0
  const found = isShortest ? shortest(size, bits) : cut(exact(size), verb, precision)
  const { digits, point } = found
  const count = digits.length
  if (verb === 'f') return plain(found, isShortest ? Math.max(count - point, 0) : precision)
  if (verb === 'e' || verb === 'E') return scientific(found, verb, isShortest ? Math.max(count - 1, 0) : precision)

  let digitsWanted = isShortest ? count : precision === 0 ? 1 : precision
  const limit = isShortest ? 6 : digitsWanted > count && count >= point ? count : digitsWanted
  if (point - 1 < -4 || point - 1 >= limit) {
    if (digitsWanted > count) digitsWanted = count
    return scientific(found, verb === 'G' ? 'E' : 'e', Math.max(digitsWanted - 1, 0))
  }
  return plain(found, Math.max((digitsWanted > point ? count : digitsWanted) - point, 0))
}

function scientific({ digits, point }: Decimal, letter: string, precision: number): string {
  const fraction = precision > 0 ? `.${digits.slice(1, precision + 1).padEnd(precision, '0')}` : ''
  const exponent = digits === '' ? 0 : point - 1
  return `${digits[0] ?? '0'}${fraction}${letter}${signed(exponent)}`
}

function plain({ digits, point }: Decimal, precision: number): string {
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '0'
  if (precision <= 0) return whole
  const fraction = point > 0 ? digits.slice(point) : '0'.repeat(Math.min(-point, precision)) + digits
  return `${whole}.${fraction.slice(0, precision).padEnd(precision, '0')}`
}

function shortest(size: number, bits: 32 | 64): Decimal {
  if (size === 0) return { digits: '', point: 0 }
  if (bits === 64) return read(size.toExponential())
  const all = exact(size)
  for (let count = 1; ; count++) {
    const found = rounded(all, count)
    if (count >= 9 || Math.fround(Number(`0.${found.digits}e${found.point}`)) === size) return found
  }
}

function read(text: string): Decimal {
  const [mantissa = '', exponent = '0'] = text.split('e')
  return { digits: mantissa.replace('.', '').replace(/0+$/, ''), point: Number(exponent) + 1 }
}

/** Every binary fraction is a decimal one. */
function exact(size: number): Decimal {
  if (size === 0) return { digits: '', point: 0 }
  const { mantissa, exponent } = parts(size, 64)
  const whole = exponent >= 0 ? mantissa << BigInt(exponent) : mantissa * 5n ** BigInt(-exponent)
  const digits = whole.toString()
  return { digits, point: digits.length + Math.min(exponent, 0) }
}

/** A half is rounded to even, as JavaScript's own functions do not. */
function cut(all: Decimal, verb: string, precision: number): Decimal {
  if (verb === 'f') return rounded(all, all.point + precision)
  return rounded(all, verb === 'e' || verb === 'E' ? precision + 1 : precision || 1)
}

function rounded({ digits, point }: Decimal, wanted: number): Decimal {
  if (wanted >= digits.length) return trimmed({ digits, point })
  if (wanted < 0) return { digits: '', point: 0 }
  const rest = digits.slice(wanted)
  const isHalf = /^50*$/.test(rest)
  const isOdd = wanted > 0 && Number(digits[wanted - 1]) % 2 === 1
  const kept = digits.slice(0, wanted)
  if (isHalf ? !isOdd : rest < '5') return trimmed({ digits: kept, point })
  const up = (BigInt(kept || '0') + 1n).toString().padStart(wanted, '0')
  return trimmed({ digits: up, point: up.length > wanted ? point + 1 : point })
}

function trimmed({ digits, point }: Decimal): Decimal {
  const kept = digits.replace(/0+$/, '')
  return { digits: kept, point: kept === '' ? 0 : point }
}

/** size = mantissa × 2^exponent, the mantissa with all its bits. */
function parts(size: number, bits: 32 | 64): { mantissa: bigint; exponent: number } {
  const view = new DataView(new ArrayBuffer(8))
  if (bits === 64) view.setFloat64(0, size)
  else view.setFloat32(0, size)
  const raw = bits === 64 ? view.getBigUint64(0) : BigInt(view.getUint32(0))
  const [width, bias] = bits === 64 ? [52n, 1075] : [23n, 150]
  const exponent = Number(raw >> width)
  const fraction = raw & ((1n << width) - 1n)
  if (exponent === 0) return { mantissa: fraction, exponent: 1 - bias }
  return { mantissa: fraction | (1n << width), exponent: exponent - bias }
}

function binary(size: number, bits: 32 | 64): string {
  const { mantissa, exponent } = parts(size, bits)
  return `${mantissa}p${exponent < 0 ? '' : '+'}${exponent}`
}

/** `0x1.8p+01`: the mantissa is held with its leading bit at 2^60. */
function hex(size: number, verb: 'x' | 'X', precision: number, bits: 32 | 64): string {
  const found = parts(size, bits)
  let mantissa = found.mantissa
  let exponent = found.exponent + 60
  while (mantissa !== 0n && mantissa >> 60n === 0n) {
    mantissa <<= 1n
    exponent--
  }
  if (mantissa === 0n) exponent = 0
  if (precision >= 0 && precision < 15) {
    const dropped = BigInt(60 - precision * 4)
    const rest = mantissa & ((1n << dropped) - 1n)
    const half = 1n << (dropped - 1n)
    mantissa >>= dropped
    if (rest > half || (rest === half && (mantissa & 1n) === 1n)) mantissa++
    mantissa <<= dropped
    if (mantissa >> 61n !== 0n) {
      mantissa >>= 1n
      exponent++
    }
  }
  const fraction = (mantissa & ((1n << 60n) - 1n)).toString(16).padStart(15, '0')
  const kept = precision < 0 ? fraction.replace(/0+$/, '') : fraction.slice(0, precision).padEnd(precision, '0')
  const text = `0x${mantissa >> 60n}${kept === '' ? '' : `.${kept}`}p${signed(exponent)}`
  return verb === 'X' ? text.toUpperCase() : text
}

function signed(exponent: number): string {
  return `${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
}
