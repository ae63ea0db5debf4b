import { fromBytes, joined } from './bytes.ts'
import { sortedEntries } from './order.ts'
import {
  Channel,
  Complex,
  elementType,
  Func,
  GoMap,
  keyValue,
  Nil,
  NO_VALUE,
  Num,
  Opaque,
  Slice,
  Struct,
  typeOf,
  type Value,
} from './values.ts'
import { address, type Flags, floatVerb, integerVerb, pad, textVerb } from './verbs.ts'

/** Addresses are nobody's to rely on; all are the same one, so that the same data prints the same text. */
const SOMEWHERE = 0xc000010000n

/** Called with the size of what is about to be made. */
export type Charge = (bytes: number) => void

/** fmt.Sprint: a blank between two values when neither is a string. */
export function sprint(args: readonly Value[], charge: Charge): string {
  const printer = new Printer(charge)
  let text = ''
  let wasText = true
  for (const arg of args) {
    const isText = typeof arg === 'string'
    if (!isText && !wasText) text += ' '
    text += printer.arg(arg, 'v')
    wasText = isText
  }
  return joined(text)
}

export function sprintln(args: readonly Value[], charge: Charge): string {
  const printer = new Printer(charge)
  return joined(`${args.map(arg => printer.arg(arg, 'v')).join(' ')}\n`)
}

/** What an action prints instead of the value; undefined for what cannot be printed. */
export function printable(value: Value): Value | undefined {
  if (value === null || value === NO_VALUE) return '<no value>'
  if (value instanceof Channel || value instanceof Func) return undefined
  if (value instanceof Opaque) return value.inPlace()
  if (value instanceof Nil) return value.type.startsWith('*') ? value : undefined
  if (!(value instanceof Struct) || value.text !== undefined || !value.type.startsWith('*')) return value
  return new Struct(value.type.slice(1), value.fields)
}

/** fmt's pp: prints values with the flags of the verb at hand. */
export class Printer {
  flags: Flags = {}
  readonly #charge: Charge
  #isErroring = false // what is wrong with a verb is shown without the methods of the value

  constructor(charge: Charge) {
    this.#charge = charge
  }

  arg(value: Value, verb: string): string {
    if (value === null || value === NO_VALUE) {
      return verb === 'T' || verb === 'v' ? this.#pad('<nil>') : this.#badVerb(null, verb)
    }
    if (verb === 'T') return textVerb(typeOf(value), 's', this.flags) ?? ''
    return verb === 'p' ? this.#pointer(value, verb) : this.#value(value, verb, 0)
  }

  #value(value: Value, verb: string, depth: number): string {
    switch (typeof value) {
      case 'string':
        return textVerb(value, verb, this.#checked(value.length)) ?? this.#badVerb(value, verb)
      case 'bigint':
        return integerVerb(value, true, verb, this.#checked()) ?? this.#badVerb(value, verb)
      case 'number':
        return floatVerb(value, 64, verb, this.#checked()) ?? this.#badVerb(value, verb)
      case 'boolean':
        return verb === 't' || verb === 'v' ? this.#pad(String(value)) : this.#badVerb(value, verb)
      case 'symbol':
        return '<nil>'
    }
    if (value === null) return this.flags.sharpV ? 'interface {}(nil)' : '<nil>'
    if (verb === 'w' && !this.#isErroring) return this.#badVerb(value, verb)
    if (value instanceof Num) return this.#number(value, verb) ?? this.#badVerb(value, verb)
    if (value instanceof Complex) return this.#complex(value, verb) ?? this.#badVerb(value, verb)
    if (value instanceof Slice) return this.#slice(value, verb, depth)
    if (value instanceof GoMap) return this.#map(value, verb, depth)
    if (value instanceof Opaque) return this.#opaque(value, verb)
    return value instanceof Struct ? this.#struct(value, verb, depth) : this.#pointer(value, verb)
  }

  #number({ kind, value }: Num, verb: string): string | undefined {
    if (typeof value === 'number') return floatVerb(value, 32, verb, this.#checked())
    return integerVerb(value, kind.startsWith('int'), verb, this.#checked())
  }

  #complex({ re, im }: Complex, verb: string): string | undefined {
    const first = floatVerb(re, 64, verb, this.#checked())
    const second = floatVerb(im, 64, verb, { ...this.flags, plus: true })
    return first === undefined || second === undefined ? undefined : `(${first}${second}i)`
  }

  #slice(slice: Slice, verb: string, depth: number): string {
    const { type, items } = slice
    const name = typeOf(slice)
    const isBytes = elementType(type) === 'uint8' || elementType(type) === 'byte'
    if (isBytes && 'sqxX'.includes(verb)) {
      const bytes = Uint8Array.from(items, item => (item instanceof Num ? Number(item.value) : 0))
      return textVerb(fromBytes(bytes), verb, this.#checked(bytes.length)) ?? ''
    }
    if (this.flags.sharpV && slice.isNil) return `${name}(nil)`
    const texts = items.map(item => this.#value(item, verb, depth + 1))
    return this.flags.sharpV
      ? `${isBytes && depth === 0 ? '[]byte' : name}{${texts.join(', ')}}`
      : `[${texts.join(' ')}]`
  }

  #map(map: GoMap, verb: string, depth: number): string {
    if (this.flags.sharpV && map.isNil) return `${map.type}(nil)`
    const texts = sortedEntries(map).map(([key, value]) => {
      const name = this.#value(keyValue(map.type, key), verb, depth + 1)
      return `${name}:${this.#value(value, verb, depth + 1)}`
    })
    return this.flags.sharpV ? `${map.type}{${texts.join(', ')}}` : `map[${texts.join(' ')}]`
  }

  #struct(struct: Struct, verb: string, depth: number): string {
    if (struct.text !== undefined && this.#hasMethodsFor(verb)) {
      return textVerb(struct.text(), verb, this.#checked()) ?? ''
    }
    const { plusV, sharpV } = this.flags
    const isPointer = struct.type.startsWith('*')
    if (isPointer && depth > 0) return this.#pointer(struct, verb)
    const texts = Array.from(struct.fields, ([name, value]) => {
      const text = this.#value(value, verb, depth + 1)
      return plusV || sharpV ? `${name}:${text}` : text
    })
    const inner = sharpV ? `${struct.type.replace('*', '')}{${texts.join(', ')}}` : `{${texts.join(' ')}}`
    return isPointer ? `&${inner}` : inner
  }

  #opaque(value: Opaque, verb: string): string {
    if (this.#hasMethodsFor(verb)) return textVerb(value.print('v'), verb, this.#checked()) ?? ''
    const underlying = value.underlying()
    if (underlying !== undefined) return this.#value(underlying, verb, 0)
    return value.print(this.flags.sharpV ? '#v' : this.flags.plusV ? '+v' : verb)
  }

  /** Is it a verb for which String() or Error() is asked? */
  #hasMethodsFor(verb: string): boolean {
    return !this.#isErroring && !this.flags.sharpV && 'vsxXq'.includes(verb)
  }

  /** Pointers, and all that prints as an address. */
  #pointer(value: Value, verb: string): string {
    const at = addressOf(value)
    if (at === undefined) return this.#badVerb(value, verb)
    const { sharp = false, sharpV } = this.flags
    if (verb === 'v' && sharpV) {
      return `(${typeOf(value)})(${at === 0n ? 'nil' : address(at, this.#checked(), true)})`
    }
    if (verb === 'v' && at === 0n) return this.#pad('<nil>')
    if (verb === 'v' || verb === 'p') return address(at, this.#checked(), !sharp)
    const isNumber = 'bodxX'.includes(verb)
    return (isNumber ? integerVerb(at, false, verb, this.#checked()) : undefined) ?? this.#badVerb(value, verb)
  }

  /** `%!d(string=hello)` */
  #badVerb(value: Value, verb: string): string {
    if (value === null) return `%!${verb}(<nil>)`
    this.#isErroring = true
    const text = `%!${verb}(${typeOf(value)}=${this.#value(value, 'v', 0)})`
    this.#isErroring = false
    return text
  }

  #pad(text: string): string {
    return pad(text, this.#checked(text.length))
  }

  /** The flags, when what they ask for may be made. */
  #checked(length = 0): Flags {
    this.#charge(length + (this.flags.width ?? 0) + (this.flags.precision ?? 0))
    return this.flags
  }
}

/** 0 for nil; undefined for what is no pointer. */
function addressOf(value: Value): bigint | undefined {
  if (value instanceof Nil) return 0n
  if (value instanceof GoMap || value instanceof Slice) return value.isNil ? 0n : SOMEWHERE
  if (value instanceof Func || value instanceof Channel) return SOMEWHERE
  return value instanceof Struct && value.type.startsWith('*') ? SOMEWHERE : undefined
}
