import fc, { type Arbitrary } from 'fast-check'
import { type Datum, inBase64 } from './data.ts'

export const someText = fc.oneof(
  fc.constantFrom('', 'a', 'web', 'x y', 'é✓', '<b>&"\'', '12', 'true', '😀', 'a\tb', 'A=1'),
  fc.string({ unit: fc.constantFrom(...'abZ09 .-_/%é✓😀\n"\\`<&='), maxLength: 8 }),
)
export const someInt = fc.oneof(fc.integer({ min: -3, max: 12 }), fc.constantFrom(97, 255, 256, 1000, 128512, -1, 300))
const someFloat = fc.oneof(
  fc.constantFrom(0, -0, 0.5, 1.5, 2.5, 1e6, 1e20, 1e21, 1e-5, 123456789, 0.1, 3.75159, -2.25, 1 / 3, 5e-324, 1.7e308),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
)

const basic = (type: string, text: string): Datum => ({ Type: type, Text: text })
const textDatum = someText.map(text => basic('string', inBase64(text)))
const intDatum = someInt.filter(value => value < 2000).map(value => basic('int', String(value)))
const floatDatum = someFloat.map(value => basic('float64', goFloat(value)))
const boolDatum = fc.boolean().map(value => basic('bool', String(value)))
const otherNumber = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('int8', 'int16', 'int32', 'int64', 'uint', 'uint8', 'uint16', 'uint32', 'uint64'),
      fc.integer({ min: 0, max: 127 }),
    )
    .map(([type, value]) => basic(type, String(value))),
  fc.float({ noNaN: true, noDefaultInfinity: true }).map(value => basic('float32', goFloat(value))),
)
const atom = fc.oneof(textDatum, intDatum, floatDatum, boolDatum, fc.constant({ Type: 'nil' }), otherNumber)

const slice = (type: string, item: Arbitrary<Datum>): Arbitrary<Datum> =>
  fc.array(item, { maxLength: 4 }).map(items => ({ Type: type, Items: items }))
const map = (type: string, key: Arbitrary<Datum>, value: Arbitrary<Datum>): Arbitrary<Datum> =>
  fc
    .uniqueArray(fc.tuple(key, value), { maxLength: 4, selector: ([name]) => name.Text })
    .map(entries => ({ Type: type, Entries: entries }))
const keyDatum = fc.oneof(
  fc.constantFrom('a', 'b', 'c', 'k', 'B', 'é', '\uffff', '😀').map(text => basic('string', inBase64(text))),
  textDatum,
)

const { value: anyDatum } = fc.letrec<{ value: Datum }>(tie => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    atom,
    slice('[]interface {}', tie('value')),
    map('map[string]interface {}', keyDatum, tie('value')),
    slice('[]string', textDatum),
    slice('[]int', intDatum),
    slice('[]float64', floatDatum),
    slice('[]bool', boolDatum),
    slice(
      '[]uint8',
      fc.integer({ min: 0, max: 255 }).map(value => basic('uint8', String(value))),
    ),
    map('map[string]string', keyDatum, textDatum),
    map('map[string]int', keyDatum, intDatum),
    map('map[int]string', intDatum, textDatum),
    map('map[bool]int', boolDatum, intDatum),
    map('map[string][]string', keyDatum, slice('[]string', textDatum)),
    map('map[interface {}]interface {}', keyDatum, tie('value')),
    fc
      .constantFrom(
        '[]string(nil)',
        '[]interface {}(nil)',
        'map[string]string(nil)',
        'map[string]interface {}(nil)',
        '*main.Pair(nil)',
      )
      .map(Type => ({ Type })),
    pair('main.Pair', tie('value')),
    textDatum.map(text => ({ Type: 'main.Label', Items: [text] })),
  ),
}))

function pair(type: string, value: Arbitrary<Datum>): Arbitrary<Datum> {
  return fc.tuple(textDatum, value, slice('[]string', textDatum)).map(items => ({ Type: type, Items: items }))
}

/** What templates find under `.`: names that they know, with what one expects there, mostly. */
export const expected: Readonly<Record<string, Arbitrary<Datum>>> = {
  i: intDatum,
  f: floatDatum,
  s: textDatum,
  b: boolDatum,
  u: otherNumber,
  l: slice('[]interface {}', anyDatum),
  w: slice('[]string', textDatum),
  m: map('map[string]interface {}', keyDatum, anyDatum),
  d: map('map[string]string', keyDatum, textDatum),
  p: pair('*main.Pair', anyDatum),
  n: fc.constant({ Type: 'nil' }),
}
export const someData: Arbitrary<Datum> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc
      .tuple(
        ...Object.entries(expected).map(([name, usual]) =>
          fc
            .oneof({ weight: 9, arbitrary: usual }, { weight: 1, arbitrary: anyDatum })
            .map(value => [basic('string', inBase64(name)), value] as const),
        ),
      )
      .map(entries => ({ Type: 'map[string]interface {}', Entries: entries })),
  },
  { weight: 1, arbitrary: anyDatum },
)

function goFloat(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}
