import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fromBytes } from '../../../src/render/gotmpl/bytes.ts'
import { type Datum, inBase64 } from './data.ts'
import { Go } from './go.ts'
import { type Recorded, recordedPath } from './recorded.ts'

// Records what Go makes of the templates in templates/*.txt: `node test/oracle/gotmpl/record.ts`. A line is a template,
// or a JSON string where it needs line ends, or a JSON object where it needs options.

const text = (value: string): Datum => ({ Type: 'string', Text: inBase64(value) })
const basic = (Type: string, value: string | number | boolean): Datum => ({ Type, Text: String(value) })
const list = (Type: string, ...Items: Datum[]): Datum => ({ Type, Items })
const map = (Type: string, ...Entries: [Datum, Datum][]): Datum => ({ Type, Entries })
const pair = (Type: string): Datum => ({
  Type,
  Items: [text('web'), basic('int', 8080), list('[]string', text('prod'), text('v1'))],
})
const dict = (fields: Record<string, Datum>): Datum =>
  map('map[string]interface {}', ...Object.entries(fields).map(([name, value]): [Datum, Datum] => [text(name), value]))

const data = dict({
  i: basic('int', 42),
  f: basic('float64', 1.5),
  s: text('some words'),
  b: basic('bool', true),
  n: { Type: 'nil' },
  u8: basic('uint8', 7),
  i64: basic('int64', -5),
  f32: basic('float32', 0.1),
  f32half: basic('float32', -1880657.25), // halfway between two of its shortest spellings
  keys: dict({
    '\uffff': basic('int', 1),
    '😀': basic('int', 2),
    Z: basic('int', 3),
    é: basic('int', 4),
    '': basic('int', 5),
  }),
  w: list('[]string', text('x'), text('y'), text('z')),
  l: list('[]interface {}', basic('int', 1), text('two'), basic('float64', 3), { Type: 'nil' }),
  ints: list('[]int', basic('int', 1), basic('int', -2), basic('int', 300)),
  floats: list('[]float64', basic('float64', 0.5), basic('float64', 1e6), basic('float64', -2)),
  bytes: list('[]uint8', basic('uint8', 104), basic('uint8', 105), basic('uint8', 255)),
  none: { Type: '[]string(nil)' },
  m: dict({ a: dict({ b: text('deep'), c: basic('int', 1) }), nil: { Type: 'nil' } }),
  d: map(
    'map[string]string',
    [text('k'), text('v')],
    [text('B'), text('upper')],
    [text('é'), text('e')],
    [text('a'), text('')],
  ),
  counts: map('map[string]int', [text('a'), basic('int', 1)], [text('b'), basic('int', 2)]),
  intmap: map(
    'map[int]string',
    [basic('int', 10), text('ten')],
    [basic('int', -1), text('minus')],
    [basic('int', 5), text('five')],
  ),
  boolmap: map('map[bool]int', [basic('bool', true), basic('int', 1)], [basic('bool', false), basic('int', 0)]),
  anymap: map('map[interface {}]interface {}', [text('a'), list('[]int', basic('int', 1))]),
  nilmap: { Type: 'map[string]interface {}(nil)' },
  p: pair('*main.Pair'),
  pair: pair('main.Pair'),
  nilptr: { Type: '*main.Pair(nil)' },
  label: list('main.Label', text('tag')),
})

const folder = mkdtempSync(join(tmpdir(), 'gotmpl-record-'))
const program = join(folder, 'oracle')
execFileSync('go', ['build', '-o', program, join(import.meta.dirname, 'main.go')], { stdio: 'inherit' })
const go = new Go(program)
try {
  const cases: Recorded['cases'][number][] = []
  const templates = join(import.meta.dirname, 'templates')
  for (const file of readdirSync(templates).sort()) {
    for (const line of readFileSync(join(templates, file), 'utf8').split('\n').filter(Boolean)) {
      const asked = line.startsWith('"')
        ? { template: JSON.parse(line) }
        : line.startsWith('{"')
          ? JSON.parse(line)
          : { template: line }
      const { left = '{{', right = '}}', missingKey = 'default', template } = asked
      const answer = await go.answer({ template, data, left, right, missingKey })
      const [[kind, bytes] = ['error', 'Go took too long']] = Object.entries(answer ?? {})
      cases.push({ topic: basename(file, '.txt'), ...asked, [kind]: fromBytes(Buffer.from(bytes, 'latin1')) })
    }
  }
  const version = execFileSync('go', ['env', 'GOVERSION'], { encoding: 'utf8' }).trim()
  mkdirSync(dirname(recordedPath), { recursive: true })
  writeFileSync(recordedPath, fileOf({ recordedFrom: `text/template of ${version}`, data, cases }))
  console.log(`${cases.length} templates recorded`)
} finally {
  go.end()
  rmSync(folder, { recursive: true })
}

/** One case on a line, so that a change shows what has changed. */
function fileOf({ recordedFrom, data, cases }: Recorded): string {
  const head = `{"recordedFrom": ${JSON.stringify(recordedFrom)},\n"data": ${JSON.stringify(data)},\n"cases": [\n`
  return `${head}${cases.map(recorded => JSON.stringify(recorded)).join(',\n')}\n]}\n`
}
