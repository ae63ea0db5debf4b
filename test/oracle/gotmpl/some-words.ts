import fc from 'fast-check'
import { expected, someInt, someText } from './some-data.ts'

export const quoted = someText.map(text =>
  JSON.stringify(text).replaceAll(/[\ud800-\udfff](?![\udc00-\udfff])(?<![\ud800-\udbff].)/g, ''),
)
/** What is no literal, or one that Go refuses. */
const oddLiteral = fc.constantFrom(
  '1e400',
  '9223372036854775808',
  '18446744073709551616',
  '089',
  '1.',
  "'ab'",
  '0b102',
  '1__0',
  '0x',
  '"\\z"',
  '"\\400"',
  "''",
  '1+2',
)
export const literal = fc.oneof(
  { weight: 60, arbitrary: quoted },
  {
    weight: 20,
    arbitrary: fc.constantFrom('`raw`', '`a\nb`', '"\\x41\\u00e9\\377\\n"', '"\\xff\\xfe"', '"\\U0001F600"', '"\\""'),
  },
  { weight: 50, arbitrary: someInt.map(String) },
  {
    weight: 40,
    arbitrary: fc.constantFrom(
      '1.5',
      '1e3',
      '-0.25',
      '1.0',
      '.5',
      '0x1F',
      '0b101',
      '0o17',
      '017',
      '1_000',
      '0x1p4',
      '2i',
      '1+2i',
      '9223372036854775807',
      '-9223372036854775808',
      '+3',
      '1_000.5',
      '-0',
      '0x1.8p1',
      '1e20',
    ),
  },
  { weight: 20, arbitrary: fc.constantFrom("'a'", "'\\n'", "'é'", "'\\''", "'\\x41'", "'\\u00e9'", "'\\377'") },
  { weight: 40, arbitrary: fc.constantFrom('true', 'false', 'nil') },
  { weight: 1, arbitrary: oddLiteral },
)
export const field = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(...Object.keys(expected).map(name => `.${name}`)) },
  { weight: 1, arbitrary: fc.constant('.') },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '.m.a',
      '.m.a.b',
      '.d.k',
      '.d.zz',
      '.p.Name',
      '.p.Value',
      '.p.Tags',
      '.p.Greet',
      '.zz',
      '.zz.y',
      '.n.x',
      '.i.x',
      '.l.x',
      '.p.Nope',
      '.p.Fail',
      '.s.x',
    ),
  },
)
export const variable = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('$x', '$y', '$') },
  { weight: 2, arbitrary: fc.constantFrom('$x.a', '$.m.a', '$.p.Name', '$y.Name', '$.d') },
)

const verb = fc
  .tuple(
    fc.array(fc.constantFrom('+', '-', '#', ' ', '0'), { maxLength: 2 }),
    fc.oneof(
      { weight: 6, arbitrary: fc.constant('') },
      { weight: 4, arbitrary: fc.constantFrom('5', '12', '*', '[1]', '[2]*', '[9]', '3[', '[x]') },
    ),
    fc.oneof(
      { weight: 6, arbitrary: fc.constant('') },
      { weight: 4, arbitrary: fc.constantFrom('.0', '.2', '.', '.*', '.[1]*', '.10', '.30') },
    ),
    fc.oneof(
      { weight: 12, arbitrary: fc.constantFrom(...'vvvvTtbcdoOqxXUeEfFgGs') },
      { weight: 1, arbitrary: fc.constantFrom('%', 'z', '!', 'é', 'w', 'p', '') },
    ),
  )
  .map(([flags, width, precision, letter]) => `%${flags.join('')}${width}${precision}${letter}`)
export const format = fc
  .array(fc.oneof({ weight: 4, arbitrary: verb }, { weight: 1, arbitrary: someText }), { minLength: 1, maxLength: 4 })
  .map(parts => JSON.stringify(parts.join('|')))
