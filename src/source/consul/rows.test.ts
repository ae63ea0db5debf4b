import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { entriesOf, Remembered, rowsOf } from './rows.ts'
import { ServiceNames, serviceName } from './wire.ts'

const Row = z.object({ ID: z.string(), Port: z.number() })
const Frame = z.object({ Node: z.unknown(), Services: z.array(Row).nullable() })
const language = rowsOf(Row, Frame, (frame, Services) => ({ ...frame, Services }))
const rows = { read: (text: string, remembered: Remembered) => language.read(text, text, remembered) }
const indented = (...services: object[]) => `${JSON.stringify({ Node: { ID: 'n' }, Services: services }, null, 4)}\n`
const text = (...services: object[]) => `${JSON.stringify({ Node: { ID: 'n' }, Services: services })}\n`

describe('an answer read row by row', () => {
  it.each([
    { title: 'one row', services: [{ ID: 'a', Port: 1 }] },
    {
      title: 'several',
      services: [
        { ID: 'a', Port: 1 },
        { ID: 'b', Port: 2 },
        { ID: 'c', Port: 3 },
      ],
    },
    {
      title: 'another first field',
      services: [
        { ID: 'a', Port: 1 },
        { Kind: 'connect-proxy', ID: 'b', Port: 2 },
        { ID: 'c', Port: 3 },
      ],
    },
    {
      title: 'lists and tables inside of rows',
      services: [
        { ID: 'a', Port: 1, Proxy: { Upstreams: [{ ID: 'x' }, { ID: 'y' }] } },
        { ID: 'b', Port: 2, Proxy: { Upstreams: [{ ID: 'x' }] } },
      ],
    },
    {
      title: 'what looks like the border of rows inside of texts',
      services: [
        { ID: '},{"ID":"x"}]}', Port: 1 },
        { ID: '[{"ID":', Port: 2 },
        { ID: '\\"},{\\"', Port: 3 },
        { ID: '},{', Port: 4 },
        { ID: ']', Port: 5 },
      ],
    },
    {
      title: 'the same row twice',
      services: [
        { ID: 'a', Port: 1 },
        { ID: 'a', Port: 1 },
      ],
    },
  ])('is the same as read as a whole: $title', async ({ services }) => {
    const whole = Frame.parse(JSON.parse(text(...services)))

    expect(await rows.read(text(...services), new Remembered())).toEqual(whole)
    expect(await rows.read(indented(...services), new Remembered())).toEqual(whole)
  })

  it('keeps what did not change as the same object', async () => {
    const remembered = new Remembered()
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((ID, Port) => ({ ID, Port })) as [object, object, object, object]
    const before = (await rows.read(text(a, b, c, d), remembered))?.Services ?? []

    const after =
      (await rows.read(text({ ID: 'new', Port: 3 }, a, { ID: 'b', Port: 9 }, d), remembered))?.Services ?? []

    expect(after).toEqual([{ ID: 'new', Port: 3 }, a, { ID: 'b', Port: 9 }, d])
    expect([after[1], after[3]].map((row, at) => row === [before[0], before[3]][at])).toEqual([true, true])
  })

  it('is not read again when it is the same as a whole', async () => {
    const remembered = new Remembered()
    const first = await rows.read(text({ ID: 'a', Port: 1 }), remembered)

    expect(await rows.read(text({ ID: 'a', Port: 1 }), remembered)).toBe(first)
  })

  it('is read in any order', async () => {
    const remembered = new Remembered()
    const many = Array.from({ length: 50 }, (_, Port) => ({ ID: `s${Port}`, Port }))
    await rows.read(text(...many), remembered)

    for (const order of [many.toReversed(), many.slice(20), many.filter(({ Port }) => Port % 3 > 0), many])
      expect((await rows.read(text(...order), remembered))?.Services).toEqual(order)
  })

  it('forgets what did not come again', async () => {
    const remembered = new Remembered()
    await rows.read(text({ ID: 'a', Port: 1 }), remembered)

    await rows.read(text({ ID: 'b', Port: 2 }), remembered)

    expect(remembered.rows.map(({ value }) => value)).toEqual([{ ID: 'b', Port: 2 }])
  })

  it.each([
    { title: 'an empty list', answer: text() },
    { title: 'null', answer: 'null' },
    { title: 'a list of null', answer: '{"Node":null,"Services":null}' },
    { title: 'a text before it that ends as a list begins', answer: '{"Node":"[{","Services":[{"ID":"a","Port":1}]}' },
    { title: 'a row that is wrong', answer: text({ ID: 'a', Port: 1 }, { ID: 'b' }) },
    { title: 'a frame that is wrong', answer: '[{"ID":"a","Port":1}]' },
    { title: 'cut off', answer: text({ ID: 'a', Port: 1 }, { ID: 'b', Port: 2 }).slice(0, -9) },
    { title: 'something between rows', answer: '{"Node":1,"Services":[{"ID":"a","Port":1},7,{"ID":"b","Port":2}]}' },
    { title: 'no JSON', answer: '<html>[{"a":}]</html>' },
  ])('is left to be read as a whole: $title', async ({ answer }) => {
    expect(await rows.read(answer, new Remembered())).toBeUndefined()
  })

  it('leaves others their turn while a long one is read', async () => {
    const many = Array.from({ length: 100_000 }, (_, Port) => ({ ID: `service-${Port}`, Port }))
    let turns = 0
    const counting = setInterval(() => {
      turns += 1
    }, 1)

    const found = await rows.read(text(...many), new Remembered())
    clearInterval(counting)

    expect(found?.Services).toHaveLength(100_000)
    expect(turns).toBeGreaterThan(1)
  })
})

describe('a table of lists read entry by entry', () => {
  const entries = entriesOf(serviceName)
  const read = (text: string, remembered = new Remembered()) => entries.read(text, text, remembered)
  const tables: readonly Record<string, string[]>[] = [
    { consul: [] },
    { consul: [], web: ['a', 'b'], api: ['a'] },
    { 'a"],"b': ['x'], 'c],': ['],', '],"d":["'], '{': ['}'] },
    { ü: ['ö'], 'a\nb': ['\t'], constructor: ['x'] },
  ]

  it.each(tables)('is the same as read as a whole: %j', async table => {
    const whole = ServiceNames.parse(table)

    expect(await read(`${JSON.stringify(table)}\n`)).toEqual(whole)
    expect(await read(`${JSON.stringify(table, null, 4)}\n`)).toEqual(whole)
  })

  it('keeps what did not change as the same object', async () => {
    const remembered = new Remembered()
    const before = await read('{"a":[],"b":["x"],"c":[]}', remembered)

    const after = await read('{"a":["y"],"b":["x"],"bb":[],"c":[]}', remembered)

    expect(after).toEqual(ServiceNames.parse({ a: ['y'], b: ['x'], bb: [], c: [] }))
    expect([after?.[1] === before?.[1], after?.[3] === before?.[2]]).toEqual([true, true])
  })

  it.each(['{}', 'null', '[]', '{"a":null}', '{"a":[1]}', '{"a":[]', '[{"a":[]}]', '{"a":[],"b":{}}', '<html>'])(
    'is left to be read as a whole: %s',
    async text => {
      expect(await read(text)).toBeUndefined()
    },
  )
})
