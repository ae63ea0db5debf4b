/** What an expression of a template gives, in whatever language, as far as it can be read off its text. */
export type Value = Sized &
  (
    | { readonly kind: 'text'; readonly text: string }
    | { readonly kind: 'view'; readonly name: string } // a name that a template is given: `sites`
    | { readonly kind: 'field'; readonly of: Value; readonly name: string }
    | { readonly kind: 'item' | 'key'; readonly of: Value } // of a list, in a round of a loop
    | { readonly kind: 'call'; readonly name: string; readonly args: readonly Value[] } // operators, too
    | { readonly kind: 'unsure' } // what it is depends on what was rendered before
  )

interface Sized {
  readonly size: number
}

/** Variables that are made of each other grow fast; nobody reads what is larger. */
const LARGEST = 500

export const unsure: Value = { kind: 'unsure', size: 1 }

export function text(text: string): Value {
  return { kind: 'text', text, size: 1 }
}

export function view(name: string): Value {
  return { kind: 'view', name, size: 1 }
}

export function field(of: Value, ...names: readonly string[]): Value {
  return names.reduce((value, name) => limited({ kind: 'field', of: value, name, size: value.size + 1 }), of)
}

export function item(of: Value): Value {
  return limited({ kind: 'item', of, size: of.size + 1 })
}

export function key(of: Value): Value {
  return limited({ kind: 'key', of, size: of.size + 1 })
}

export function call(name: string, ...args: readonly Value[]): Value {
  return limited({ kind: 'call', name, args, size: args.reduce((sum, arg) => sum + arg.size, 1) })
}

function limited(value: Value): Value {
  return value.size > LARGEST ? unsure : value
}

/** Do both give the same, wherever they stand? Of what is unsure nobody knows. */
export function isSame(a: Value, b: Value): boolean {
  if (a.kind !== b.kind || a.size !== b.size) return false
  switch (a.kind) {
    case 'text':
      return a.text === (b as typeof a).text
    case 'view':
      return a.name === (b as typeof a).name
    case 'field':
      return a.name === (b as typeof a).name && isSame(a.of, (b as typeof a).of)
    case 'item':
    case 'key':
      return isSame(a.of, (b as typeof a).of)
    case 'call': {
      const other = b as typeof a
      return (
        a.name === other.name &&
        a.args.length === other.args.length &&
        a.args.every((arg, at) => isSame(arg, other.args[at] ?? unsure))
      )
    }
    case 'unsure':
      return false
  }
}

/** Does it, or any part of it, fit? */
export function holds(value: Value, fits: (part: Value) => boolean): boolean {
  return fits(value) || partsOf(value).some(part => holds(part, fits))
}

function partsOf(value: Value): readonly Value[] {
  switch (value.kind) {
    case 'field':
    case 'item':
    case 'key':
      return [value.of]
    case 'call':
      return value.args
    case 'text':
    case 'view':
    case 'unsure':
      return []
  }
}
