import { toBytes } from '../../../src/render/gotmpl/bytes.ts'
import {
  Func,
  GoError,
  GoMap,
  type IntegerKind,
  type Key,
  Nil,
  Num,
  Slice,
  Struct,
  type Value,
} from '../../../src/render/gotmpl/values.ts'

/** A value and the Go type it has, as main.go reads it. */
export interface Datum {
  readonly Type: string
  readonly Text?: string
  readonly Items?: readonly Datum[]
  readonly Entries?: readonly (readonly [Datum, Datum])[]
}

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  'main.Pair': ['Name', 'Value', 'Tags'],
  'main.Label': ['Text'],
}

/** What Go has after reading the datum. */
export function toValue({ Type, Text = '', Items = [], Entries = [] }: Datum): Value {
  if (Type === 'nil') return null
  if (Type.endsWith('(nil)')) return nilOf(Type.slice(0, -'(nil)'.length))
  if (Type === 'string') return fromBase64(Text)
  if (Type === 'bool') return Text === 'true'
  if (Type === 'int') return BigInt(Text)
  if (Type === 'float64') return Number(Text.replace('Inf', 'Infinity'))
  if (Type === 'float32') return new Num('float32', Math.fround(Number(Text)))
  if (Type.startsWith('[]')) return new Slice(Type, Items.map(toValue))
  if (Type.startsWith('map[')) {
    return new GoMap(
      Type,
      Entries.map(([key, value]) => [keyOf(toValue(key)), toValue(value)]),
    )
  }
  const names = FIELDS[Type.replace('*', '')]
  if (names === undefined) return new Num(Type as IntegerKind, BigInt(Text))
  return structOf(Type, new Map(names.map((name, at) => [name, toValue(Items[at] ?? { Type: 'nil' })])))
}

export function inBase64(text: string): string {
  return toBytes(text).toString('base64')
}

function fromBase64(text: string): string {
  return Buffer.from(text, 'base64').toString('utf8')
}

function nilOf(type: string): Value {
  if (type.startsWith('[]')) return new Slice(type, [], true)
  return type.startsWith('map[') ? new GoMap(type, [], true) : new Nil(type)
}

function keyOf(value: Value): Key {
  return value instanceof Num ? value.value : (value as Key)
}

function structOf(type: string, fields: ReadonlyMap<string, Value>): Struct {
  if (type.endsWith('Label')) return new Struct(type, fields, { text: () => `<${String(fields.get('Text'))}>` })
  if (!type.startsWith('*')) return new Struct(type, fields)
  const greet = new Func('Greet', ['...string'], words => [fields.get('Name'), ...words].join(' '))
  const fail = new Func('Fail', [], () => {
    throw new GoError('no such pair')
  })
  return new Struct(type, fields, {
    methods: new Map([
      ['Greet', greet],
      ['Fail', fail],
    ]),
  })
}
