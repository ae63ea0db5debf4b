import { describe, expect, it } from 'vitest'
import { aServer, aSite, aView } from '../../../test/support/builders.ts'
import { spansOf } from '../../model/generation.ts'
import type { View } from '../view.ts'
import { nunjucksLanguage } from './index.ts'

const web = aSite('web', [aServer({ meta: { team: 'x' } }), aServer({ address: '10.0.0.2', weight: 5 })], {
  tags: ['b', 'a c;'],
  meta: { team: 'x', note: 'tcp on;' },
})
const api = aSite('api', 1)
const shop = aSite('shop', [aServer({ port: 81 })], { meta: { note: 'b' } })
const view = (...sites: View['sites']) => aView(sites, { domain: 'flyclock.cn', env: { DC: 'dc1', NOTE: 'tcp on;' } })

/** Its text and its data, or what it throws. */
function resultOf(template: ReturnType<typeof compile>, seen: View): unknown {
  try {
    const { text, pieces } = template.render(seen)
    return { text, spans: spansOf(pieces) }
  } catch (error) {
    return String(error)
  }
}
const compile = (text: string) => nunjucksLanguage.compile({ path: '/a.njk', text })
/** Behind brackets a list is none of those that loops are taken out of. */
const asWritten = (text: string) => text.replaceAll(/ in (sites|unavailable|services) /g, ' in (($1)) ')

const taken = [
  '{% for s in sites %}{{ s.service }}{% endfor %}',
  'a\n{% for s in sites -%} {{ s.service }} {%- endfor %}\nb',
  '{% for s in sites %}{{ s.meta.team | default("none") }} {{ domain }} {{ env.DC }} {{ known }}{% endfor %}',
  '{% for s in sites %}{% for u in s.upstream.servers %}{{ loop.index }} {{ u.endpoint }}{% else %}-{% endfor %}{% endfor %}',
  '{% for s in sites %}{% for k, v in s.meta %}{{ k }}={{ v | quote }}{% endfor %}{% endfor %}',
  '{% for s in sites %}{% set n = s.service %}{% set m = n ~ ";" %}{{ m }}{% endfor %}',
  '{% for s in sites %}{{ s.service.split("")[0] }}{{ range(2) | join("") }}{{ "x" if s.meta.team is defined else "y" }}{% endfor %}',
  '{% for s in sites %}{{ { a: s.service }.a }}{{ [s.service, "tcp on;"] | join(" ") }}{% endfor %}',
  '{% if sites.length %}{% for s in sites %}{{ s.service }}{% endfor %}{% else %}none{% endif %}',
  '{% for s in sites %}{{ s.service }}{% endfor %}{% for s in unavailable %}{{ s.service }}{% endfor %}',
  '{% for s in sites %}{% if s.service == "web" %}{{ s.tags | join(" ") }}{% elif not s.tags.length %}-{% endif %}{% endfor %}',
]

const left = [
  '{% for s in sites %}{{ loop.index }}{{ s.service }}{% endfor %}',
  '{% for s in sites %}{{ s.service }}{{ "," if not loop.last }}{% endfor %}',
  '{% for s in sites %}{% if before is defined %}{{ before }}{% endif %}{% set before = s.service %}{% endfor %}',
  '{% for s in sites %}{% if s.tags.length %}{% set t = "x" %}{% endif %}{{ t is defined }}{% endfor %}',
  '{% set t = "" %}{% for s in sites %}{% set t = t ~ s.service %}{% endfor %}{{ t }}',
  '{% set t = "x" %}{% for s in sites %}{{ t }}{% endfor %}',
  '{% for s in sites %}{% set t = s.service %}{% endfor %}{{ t is defined }}',
  '{% macro m(s) %}<{{ s.service }}>{% endmacro %}{% for s in sites %}{{ m(s) }}{% endfor %}',
  '{% for s in sites %}{{ sites.length }}{% endfor %}',
  '{% for s in sites %}{{ s.service }}{% else %}none{% endfor %}',
  '{% set b %}{% for s in sites %}{{ s.service }} {% endfor %}{% endset %}{{ b | upper }}',
  '{% for s in sites %}{% set b %}{{ s.service }};{% endset %}{{ b }}{% endfor %}',
  '{% for s in sites %}{% for t in sites %}{{ t.service }}{% endfor %}{% endfor %}',
  '{% for s in sites %}{{ service(s.service) | length }}{% endfor %}',
]

describe.each([
  { kind: 'is rendered for each part by itself', texts: taken, isTaken: true },
  { kind: 'is left where it is', texts: left, isTaken: false },
])('a loop that $kind', ({ texts, isTaken }) => {
  it.each(texts)('gives what it would give as it is written: %s', text => {
    for (const sites of [[web, api, shop], [api], []]) {
      expect(resultOf(compile(text), view(...sites))).toEqual(resultOf(compile(asWritten(text)), view(...sites)))
    }
  })

  it.each(texts)('gives the same for parts that it has seen before as for new ones: %s', text => {
    const seen = compile(text)
    resultOf(seen, view(web, api))

    for (const sites of [[web, api], [shop, web], [api, web], [aSite('web', 2), api], []])
      expect(resultOf(seen, view(...sites))).toEqual(resultOf(compile(text), view(...sites)))
  })

  it.each(texts)('is known by its pieces, which stay: %s', text => {
    const template = compile(text)
    const first = new Set(template.render(view(web, shop)).pieces)

    expect(template.render(view(web, shop)).pieces.some(piece => first.has(piece))).toBe(isTaken)
  })
})

it('what surrounds all of them is not what it was', () => {
  const template = compile('{% for s in sites %}{{ s.service }}.{{ domain }}{{ env.DC }} {% endfor %}')
  const text = (over: object) => template.render({ ...view(web), ...over }).text

  expect([text({}), text({ domain: 'x.org' }), text({ env: { DC: 'dc2' } })]).toEqual([
    'web.flyclock.cndc1 ',
    'web.x.orgdc1 ',
    'web.flyclock.cndc2 ',
  ])
})

it('what one of them has does not make a text of the template data elsewhere', () => {
  const { text, pieces } = compile(
    '{% for s in sites %}{{ s.meta.note | default("") }} {{ "tcp on;" }} {% endfor %}',
  ).render(view(web, api))

  expect(spansOf(pieces).map(({ start, end, service }) => [text.slice(start, end), service])).toEqual([
    ['tcp on;', 'web'],
    ['tcp on;', 'web'],
  ])
})

it('an error says where, and at which service', () => {
  const template = compile('\n{% for s in sites %}{{ s.meta.team }}{% endfor %}')

  expect(() => template.render(view(web, api))).toThrow(
    expect.objectContaining({
      code: 'TEMPLATE_UNDEFINED',
      service: 'api',
      message: expect.stringContaining('/a.njk:2:'),
    }),
  )
})

it('a text that is too long to be worth it is not kept', () => {
  const template = compile('{% for s in sites %}{{ "x".repeat(s.meta.size) }}{% endfor %}')
  const seen = view(aSite('long', 1, { meta: { size: '1100000' } }), aSite('short', 1, { meta: { size: '10' } }))
  const first = template.render(seen).pieces
  const second = template.render(seen).pieces

  expect(second.map((piece, at) => piece === first[at])).toEqual([false, true])
})
