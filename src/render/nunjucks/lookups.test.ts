import { describe, expect, it } from 'vitest'
import { aCatalog, aSeen, aSelection, aView, someSurroundings } from '../../../test/support/builders.ts'
import type { Answer, Row } from '../../model/query.ts'
import { listServices } from '../../select/listed.ts'
import { record } from '../asking.ts'
import { viewOf } from '../view.ts'
import { nunjucksLanguage } from './index.ts'

const pair = (Key: string, text: string): Row => ({ Key, Value: Buffer.from(text).toString('base64') })
const there = {
  Node: { Node: 'n2', Address: '10.2.0.1' },
  Service: { ID: 'db-1', Service: 'db', Tags: ['b', 'a'], Address: 'fd00::7', Port: 5432, Meta: { role: 'x' } },
  Checks: [{ CheckID: 'a', Status: 'warning' }],
}
const answers = new Map<string, Answer>([
  ['kv.block(app/snippet)', pair('app/snippet', 'gzip on;\n')],
  ['kv.block(nothing)', null],
  ['kv.get(app/empty)', pair('app/empty', '')],
  ['kv.get(nothing)', null],
  ['kv.list(app)', [pair('app/a', '1'), pair('app/sub/b', '2'), pair('app/folder/', '')]],
  ['catalog.nodes', [{ Node: 'n1', Address: '10.0.0.1', Datacenter: 'dc1', Meta: { rack: '7' } }]],
  ['catalog.node(n1)', { Node: { Node: 'n1', Address: '10.0.0.1' }, Services: [{ Service: 'web' }] }],
  ['catalog.datacenters', ['dc1', 'dc2']],
  ['file(/etc/motd)', 'hello'],
  ['health.service(db@dc2|any)', [there]],
])

function run(text: string) {
  const view = aView()
  const asking = record(view, answers)
  const printed = nunjucksLanguage.compile({ path: '/etc/app.njk', text }).render(view, asking)
  return { ...printed, missing: [...asking.missing.keys()], held: [...asking.held.keys()] }
}

describe('what a nunjucks template may ask for', () => {
  it.each([
    { text: '{{ key("app/snippet") }}', gives: 'gzip on;\n' },
    { text: '{{ keyExists("app/empty") }} {{ keyExists("nothing") }}', gives: 'true false' },
    { text: '{{ keyOrDefault("app/empty", "a") }} {{ keyOrDefault("nothing", "b") }}', gives: 'a b' },
    { text: '{% for p in ls("app") %}{{ p.key }}={{ p.value }} {{ p.path }};{% endfor %}', gives: 'a=1 app/a;' },
    { text: '{% for p in tree("app") %}{{ p.key }}={{ p.value }};{% endfor %}', gives: 'a=1;sub/b=2;' },
    {
      text: '{% for n in nodes() %}{{ n.name }} {{ n.address }} {{ n.meta.rack }}{% endfor %}',
      gives: 'n1 10.0.0.1 7',
    },
    { text: '{{ node("n1").name }} {{ node("n1").services | join }}', gives: 'n1 web' },
    { text: '{{ datacenters() | join(",") }} {{ file("/etc/motd") }}', gives: 'dc1,dc2 hello' },
    {
      text: '{% for i in service("db@dc2|any") %}{{ i.id }} {{ i.endpoint }} {{ i.tags | join }} {{ i.meta.role }} {{ i.health }}{% endfor %}',
      gives: 'n2/db-1 [fd00::7]:5432 ab x warning',
    },
    { text: '{{ service("nobody").length }}', gives: '0' },
  ])('$text', ({ text, gives }) => {
    expect(run(text)).toMatchObject({ text: gives, missing: [], held: [] })
  })

  it('what has no answer yet is empty, and missed', () => {
    expect(run('{{ key("a") }}{{ tree("b").length }}{{ service("c@dc3").length }}{{ node("d") or "" }}')).toMatchObject(
      {
        text: '00',
        missing: ['kv.block(a)', 'kv.list(b)', 'health.service(c@dc3|passing)', 'catalog.node(d)'],
      },
    )
  })

  it('a key that does not exist is waited for', () => {
    expect(run('{{ key("nothing") }}').held).toEqual(['kv.block(nothing)'])
  })

  it('services of any health are known without being asked for', () => {
    const listed = listServices(aCatalog({ name: 'web', instances: [{ health: 'critical' }] }))
    const view = viewOf(aSeen(aSelection([]), { listed }), someSurroundings())
    const asking = record(view, new Map())
    const text = '{{ service("web").length }} {{ service("web|any").length }} {{ service("web|warning").length }}'

    expect(nunjucksLanguage.compile({ path: '/etc/app.njk', text }).render(view, asking).text).toBe('0 1 0')
    expect(asking.wanted.size).toBe(0)
  })

  it('a query that is none is an error with its place', () => {
    expect(() => run('a\n{{ service("a b|any") }}')).toThrow(
      '/etc/app.njk:2:11: health.service: invalid format: "a b|any"',
    )
  })

  it('keys and files are the operator’s: they may be syntax; what others registered is data', () => {
    expect(run('{{ key("app/snippet") }}').pieces.flatMap(({ spans }) => spans)).toEqual([])
    expect(run('{{ service("db@dc2|any")[0].meta.role }} on;').pieces.flatMap(({ spans }) => spans)).toHaveLength(1)
  })
})
