import { byteLength } from '../bytes.ts'
import { sprintf } from '../format.ts'
import { sortedEntries } from '../order.ts'
import { quote } from '../quote.ts'
import {
  elementType,
  type Func,
  GoMap,
  keyType,
  keyValue,
  Nil,
  Opaque,
  Slice,
  Struct,
  typeOf,
  type Value,
} from '../values.ts'
import { type Charge, define } from './define.ts'

const ANY = '...interface {}'
const DEEPEST = 100

/**
 * github.com/davecgh/go-spew, for a look at a value while a template is written. Addresses are left out, capacities are
 * lengths, and maps are sorted, so that the same data looks the same. `show` is where spew_dump prints.
 */
export function spewFunctions(show: (text: string) => void): readonly Func[] {
  return [
    define<Value[]>('spew_sdump', [ANY], (args, { charge }) => dumps(args, charge)),
    define<[string, ...Value[]]>('spew_sprintf', ['string', ANY], ([format, ...args], { charge }) => {
      return formatted(format, args, charge)
    }),
    define<Value[]>('spew_dump', [ANY], (args, { charge }) => {
      show(dumps(args, charge))
      return ''
    }),
    define<[string, ...Value[]]>('spew_printf', ['string', ANY], ([format, ...args], { charge }) => {
      show(formatted(format, args, charge))
      return ''
    }),
  ]
}

function dumps(args: readonly Value[], charge: Charge): string {
  const texts = args.map(arg => {
    return `${dump(arg, 'interface {}', 0, charge)}\n`
  })
  return texts.join('')
}

function dump(value: Value, type: string, depth: number, charge: Charge): string {
  charge(typeof value === 'string' ? value.length : depth + 1)
  const pad = ' '.repeat(depth)
  if (depth > DEEPEST) return `${pad}<max depth reached>`
  if (value === null) return `(${type}) <nil>`
  const head = `(${typeOf(value)})`
  const block = (size: string, lines: readonly string[]) => {
    return lines.length === 0 ? `${head} ${size}{\n${pad}}` : `${head} ${size}{\n${lines.join(',\n')}\n${pad}}`
  }
  if (typeof value === 'string') return `${head} (len=${byteLength(value)}) ${quote(value)}`
  if (value instanceof Slice) {
    if (value.isNil) return `${head} <nil>`
    const count = value.items.length
    const items = value.items.map(item => `${pad} ${dump(item, elementType(value.type), depth + 1, charge)}`)
    return block(count === 0 ? '' : `(len=${count} cap=${count}) `, items)
  }
  if (value instanceof GoMap) {
    if (value.isNil) return `${head} <nil>`
    const entries = sortedEntries(value).map(([key, entry]) => {
      const shown = dump(keyValue(value.type, key), keyType(value.type), depth + 1, charge)
      return `${pad} ${shown}: ${dump(entry, elementType(value.type), depth + 1, charge)}`
    })
    return block(entries.length === 0 ? '' : `(len=${entries.length}) `, entries)
  }
  if (value instanceof Struct) {
    const isPointer = value.type.startsWith('*')
    const inner = isPointer ? `(${value.type})({` : `${head} {`
    const fields = [...value.fields].map(
      ([name, field]) => `${pad} ${name}: ${dump(field, 'interface {}', depth + 1, charge)}`,
    )
    return `${inner}\n${fields.join(',\n')}${fields.length > 0 ? '\n' : ''}${pad}}${isPointer ? ')' : ''}`
  }
  if (value instanceof Nil) return `(${value.type})(<nil>)`
  return `${head} ${sprintf('%v', [value], charge)}`
}

/** %v and %+v as fmt has them, %#v with the type of everything in front of it; other verbs are those of fmt. */
function formatted(format: string, args: readonly Value[], charge: Charge): string {
  let at = 0
  const shown = [...args]
  const plain = format.replace(/%(%|[^a-zA-Z%]*[a-zA-Z])/g, verb => {
    if (verb === '%%') return verb
    const index = at++
    if (!/^%\+?#\+?v$/.test(verb) || index >= args.length) return verb
    shown[index] = typed(args[index] ?? null, 0, charge)
    return '%s'
  })
  return sprintf(plain, shown, charge)
}

function typed(value: Value, depth: number, charge: Charge): string {
  charge(1)
  if (depth > DEEPEST) return '<max depth reached>'
  if (value === null) return '(interface {})<nil>'
  const head = `(${typeOf(value)})`
  if (value instanceof Slice) return `${head}[${value.items.map(item => typed(item, depth + 1, charge)).join(' ')}]`
  if (value instanceof GoMap) {
    const entries = sortedEntries(value).map(([key, entry]) => `${String(key)}:${typed(entry, depth + 1, charge)}`)
    return `${head}map[${entries.join(' ')}]`
  }
  if (value instanceof Struct) {
    return `${head}{${[...value.fields].map(([name, field]) => `${name}:${typed(field, depth + 1, charge)}`).join(' ')}}`
  }
  return `${head}${value instanceof Opaque ? value.print('v') : sprintf('%v', [value], charge)}`
}
