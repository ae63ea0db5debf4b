import { joined } from './bytes.ts'
import { type Charge, Printer } from './print.ts'
import { integerOf, typeOf, type Value } from './values.ts'
import type { Flags } from './verbs.ts'

const MOST = 1_000_000
const FLAGS = { '#': 'sharp', '0': 'zero', '+': 'plus', '-': 'minus', ' ': 'space' } as const

/** fmt.Sprintf: what is wrong with a verb is shown in its place, `%!d(string=hello)`. */
export function sprintf(format: string, args: readonly Value[], charge: Charge): string {
  return joined(new Format(format, args, charge).run())
}

class Format {
  readonly #format: string
  readonly #args: readonly Value[]
  readonly #printer: Printer
  #text = ''
  #at = 0
  #arg = 0
  #isReordered = false
  #isGoodArg = true
  #afterIndex = false

  constructor(format: string, args: readonly Value[], charge: Charge) {
    this.#format = format
    this.#args = args
    this.#printer = new Printer(charge)
  }

  run(): string {
    for (;;) {
      const percent = this.#format.indexOf('%', this.#at)
      this.#text += this.#format.slice(this.#at, percent < 0 ? undefined : percent)
      if (percent < 0) break
      this.#at = percent + 1
      this.#verb()
    }
    if (!this.#isReordered && this.#arg < this.#args.length) this.#extra()
    return this.#text
  }

  #verb(): void {
    this.#isGoodArg = true
    this.#afterIndex = false
    const flags: Flags = {}
    this.#printer.flags = flags
    for (;;) {
      const flag = FLAGS[this.#format[this.#at] as keyof typeof FLAGS]
      if (flag === undefined) break
      flags[flag] = true
      this.#at++
    }
    // What follows has no effect when a plain verb stands here: Go looks no further then.
    const next = this.#format[this.#at]
    if (next !== undefined && next >= 'a' && next <= 'z' && this.#arg < this.#args.length) {
      this.#at++
      this.#print(next)
      return
    }
    this.#index()
    this.#width(flags)
    this.#precision(flags)
    if (!this.#afterIndex) this.#index()

    const verb = this.#format.codePointAt(this.#at)
    if (verb === undefined) {
      this.#text += '%!(NOVERB)'
      return
    }
    const char = String.fromCodePoint(verb)
    this.#at += char.length
    if (char === '%') this.#text += '%'
    else if (!this.#isGoodArg) this.#text += `%!${char}(BADINDEX)`
    else if (this.#arg >= this.#args.length) this.#text += `%!${char}(MISSING)`
    else this.#print(char)
  }

  #print(verb: string): void {
    const { flags } = this.#printer
    if (verb === 'v' || verb === 'w') {
      flags.sharpV = flags.sharp === true
      flags.plusV = flags.plus === true
      flags.sharp = false
      flags.plus = false
    }
    this.#text += this.#printer.arg(this.#args[this.#arg++] ?? null, verb)
  }

  #width(flags: Flags): void {
    if (this.#format[this.#at] === '*') {
      this.#at++
      flags.width = this.#numberFromArg()
      if (flags.width === undefined) this.#text += '%!(BADWIDTH)'
      else if (flags.width < 0) {
        flags.width = -flags.width
        flags.minus = true
        flags.zero = false
      }
      this.#afterIndex = false
      return
    }
    flags.width = this.#number()
    if (this.#afterIndex && flags.width !== undefined) this.#isGoodArg = false // "%[3]2d"
  }

  #precision(flags: Flags): void {
    if (this.#format[this.#at] !== '.' || this.#at + 1 >= this.#format.length) return
    this.#at++
    if (this.#afterIndex) this.#isGoodArg = false // "%[3].2d"
    this.#index()
    if (this.#format[this.#at] !== '*') {
      flags.precision = this.#number() ?? 0
      return
    }
    this.#at++
    const precision = this.#numberFromArg()
    flags.precision = precision !== undefined && precision >= 0 ? precision : undefined
    if (flags.precision === undefined) this.#text += '%!(BADPREC)'
    this.#afterIndex = false
  }

  /** `[3]`: which argument is next. */
  #index(): void {
    this.#afterIndex = false
    if (this.#format[this.#at] !== '[') return
    this.#isReordered = true
    const close = this.#format.indexOf(']', this.#at)
    if (close < 0 || this.#format.length - this.#at < 3) {
      this.#isGoodArg = false
      this.#at++
      return
    }
    const written = this.#format.slice(this.#at + 1, close)
    const index = /^\d+$/.test(written) && !isTooLong(written) ? Number(written) - 1 : undefined
    this.#at = close + 1
    if (index !== undefined && index >= 0 && index < this.#args.length) {
      this.#arg = index
      this.#afterIndex = true
    } else {
      this.#isGoodArg = false
      this.#afterIndex = index !== undefined
    }
  }

  /** Digits; a number that is far too large swallows the rest of the format. */
  #number(): number | undefined {
    const digits = /^\d*/.exec(this.#format.slice(this.#at, this.#at + 20))?.[0] ?? ''
    if (isTooLong(digits)) {
      this.#at = this.#format.length
      return undefined
    }
    this.#at += digits.length
    return digits === '' ? undefined : Number(digits)
  }

  #numberFromArg(): number | undefined {
    if (this.#arg >= this.#args.length) return undefined
    const value = integerOf(this.#args[this.#arg++] ?? null)
    return value === undefined || value > MOST || value < -MOST ? undefined : Number(value)
  }

  #extra(): void {
    this.#printer.flags = {}
    this.#text += '%!(EXTRA '
    for (const [position, arg] of this.#args.slice(this.#arg).entries()) {
      if (position > 0) this.#text += ', '
      if (arg !== null) this.#text += `${typeOf(arg)}=`
      this.#text += this.#printer.arg(arg, 'v')
    }
    this.#text += ')'
  }
}

/** Go gives up at the digit that follows a number above a million. */
function isTooLong(digits: string): boolean {
  for (let end = 1; end < digits.length; end++) if (Number(digits.slice(0, end)) > MOST) return true
  return false
}
