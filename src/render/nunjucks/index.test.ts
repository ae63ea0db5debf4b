import { describe, expect, it } from 'vitest'
import { aServer, aSite, aView } from '../../../test/support/builders.ts'
import type { UpstreamdError } from '../../errors.ts'
import { spansOf } from '../../model/generation.ts'
import type { View } from '../view.ts'
import { nunjucksLanguage } from './index.ts'

const site = aSite('web', [aServer({ meta: { team: 'x' } }), aServer({ address: '10.0.0.2', weight: 5 })], {
  tags: ['b', 'a'],
  meta: { team: 'x' },
})
const view = aView([site, aSite('api', 1)], { env: { DATACENTER: 'dc1' } })

function render(text: string, seen: View = view): string {
  return nunjucksLanguage.compile({ path: '/etc/app.njk', text }).render(seen).text
}

/** `CODE message` of what rendering, or compiling, throws. */
function complaint(text: string): string {
  try {
    return `no complaint, but ${JSON.stringify(render(text))}`
  } catch (error) {
    const { code, message } = error as UpstreamdError
    return `${code} ${message}`
  }
}

describe('a template says what it wants', () => {
  it.each([
    { title: 'loops', text: '{% for s in sites %}{{ loop.index }}{{ s.service }} {% endfor %}', gives: '1web 2api ' },
    { title: 'conditions', text: '{% if sites.length > 1 and not unavailable.length %}ok{% endif %}', gives: 'ok' },
    { title: 'an else of an empty list', text: '{% for s in unavailable %}x{% else %}none{% endfor %}', gives: 'none' },
    { title: 'fields by dots and brackets', text: '{{ sites[0]["meta"].team }}', gives: 'x' },
    { title: 'keys and values', text: '{% for k, v in sites[0].meta %}{{ k }}={{ v }}{% endfor %}', gives: 'team=x' },
    { title: 'methods of text', text: '{{ domain.split(".")[0].toUpperCase() }}', gives: 'FLYCLOCK' },
    { title: 'filters', text: '{{ sites[0].serverNames | join(" ") | upper }}', gives: 'WEB.FLYCLOCK.CN' },
    { title: 'variables', text: '{% set x = 2 %}{% if true %}{% set x = 3 %}{% endif %}{{ x }}', gives: '3' },
    {
      title: 'variables inside macros',
      text: '{% set x = 1 %}{% macro m() %}{{ x }}{% endmacro %}{{ m() }}',
      gives: '1',
    },
    { title: 'macros', text: '{% macro m(a) %}[{{ a }}]{% endmacro %}{{ m("z") }}', gives: '[z]' },
    {
      title: 'macros around a text',
      text: '{% macro m() %}<{{ caller() }}>{% endmacro %}{% call m() %}body{% endcall %}',
      gives: '<body>',
    },
    { title: 'lists that grow', text: '{% set l = [] %}{% if l.push(7) %}{{ l[0] }}{% endif %}', gives: '7' },
    { title: 'ranges', text: '{{ range(3) | join(",") }}', gives: '0,1,2' },
    { title: 'the environment it may see', text: '{{ env.DATACENTER }}', gives: 'dc1' },
    { title: 'no instances of an unknown service', text: '{{ service("nobody").length }}', gives: '0' },
    { title: 'text that looks like nginx’s own', text: '{% raw %}{{ x }}{% endraw %} $host', gives: '{{ x }} $host' },
    { title: 'the size of a zone', text: 'zone {{ sites[0].upstream.servers | zoneSize }};', gives: 'zone 64k;' },
    { title: 'quotes and angle brackets as they are', text: '{{ "<a href=\'x\'>" }}', gives: "<a href='x'>" },
  ])('$title', ({ text, gives }) => {
    expect(render(text)).toBe(gives)
  })

  it('with a zone that grows by 32k for every 32 servers', () => {
    const many = aView([aSite('web', 100)])

    expect(render('{{ sites[0].upstream.servers | zoneSize }}', many)).toBe('160k')
  })
})

describe('a name that is not there is an error with its place, and never an empty text', () => {
  it.each([
    { title: 'in the text', text: 'a\n  {{ nope }}', says: ':2:6: nope is undefined' },
    { title: 'in a loop', text: '{% for x in nope %}{% endfor %}', says: ':1:13: nope is undefined' },
    { title: 'in a condition', text: '\n\n{% if nope %}a{% endif %}', says: ':3:7: nope is undefined' },
    { title: 'in a negated condition', text: '{% if not nope %}a{% endif %}', says: ':1:11: nope is undefined' },
    { title: 'in a condition behind the text', text: '{{ 1 if nope }}', says: ':1:9: nope is undefined' },
    { title: 'before a filter', text: '{{ nope | upper }}', says: ':1:4: nope is undefined' },
    { title: 'as an argument of a filter', text: '{{ sites | join(nope) }}', says: ':1:17: nope is undefined' },
    { title: 'in a concatenation', text: '{{ "a" ~ nope }}', says: ':1:10: nope is undefined' },
    { title: 'in a sum', text: '{{ 1 + nope }}', says: ':1:8: nope is undefined' },
    { title: 'in a comparison', text: '{% if nope == 1 %}{% endif %}', says: ':1:7: nope is undefined' },
    { title: 'behind `or`', text: '{{ nope or 1 }}', says: ':1:4: nope is undefined' },
    { title: 'behind `in`', text: '{{ 1 in nope }}', says: ':1:9: nope is undefined' },
    { title: 'as an argument of a call', text: '{{ service(nope) }}', says: ':1:12: nope is undefined' },
    { title: 'as what is called', text: '{{ nope() }}', says: ':1:4: nope is undefined' },
    { title: 'in a list', text: '{{ [nope] | length }}', says: ':1:5: nope is undefined' },
    { title: 'in an assignment', text: '{% set x = nope %}', says: ':1:12: nope is undefined' },
    { title: 'as an index', text: '{{ sites[nope] }}', says: ':1:10: nope is undefined' },
    { title: 'a field of ours', text: '{{ sites[0].adress }}', says: ':1:13: sites.0.adress is undefined' },
    { title: 'a key of meta', text: '{{ sites[0].meta.port }}', says: ':1:18: sites.0.meta.port is undefined' },
    { title: 'a variable of the environment', text: '{{ env.PATH }}', says: ':1:8: env.PATH is undefined' },
    { title: 'behind the end of a list', text: '{{ sites[9].service }}', says: ':1:10: sites.9 is undefined' },
    { title: 'a field of nothing', text: '{{ a.b.c }}', says: ':1:4: a is undefined' },
    { title: 'a field of an expression', text: '{{ (sites | first).adress }}', says: ':1:20: (…).adress is undefined' },
    {
      title: 'inside a loop',
      text: '{% for s in sites %}\n{{ s.nope }}{% endfor %}',
      says: ':2:6: s.nope is undefined',
    },
    {
      title: 'inside a macro',
      text: '{% macro m() %}{{ nope }}{% endmacro %}\n{{ m() }}',
      says: ':1:19: nope is undefined',
    },
    {
      title: 'in a macro’s call',
      text: '{% macro m(a) %}{% endmacro %}{{ m(nope) }}',
      says: ':1:36: nope is undefined',
    },
    { title: 'inherited from JavaScript', text: '{{ env.toString }}', says: ':1:8: env.toString is undefined' },
    { title: 'global in JavaScript', text: '{{ process }}', says: ':1:4: process is undefined' },
    { title: 'outside of its loop', text: '{{ loop.index }}', says: ':1:4: loop is undefined' },
    { title: 'as the default of another', text: '{% if a | default(b) %}{% endif %}', says: ':1:19: b is undefined' },
    {
      title: 'in what may be undefined as a whole',
      text: '{{ (domain ~ nope) | default("x") }}',
      says: ':1:14: nope is undefined',
    },
    {
      title: 'as an argument of what may be undefined',
      text: '{{ service(nope) | default([]) }}',
      says: ':1:12: nope is undefined',
    },
    {
      title: 'as an index of what may be undefined',
      text: '{{ env[nope] | default("x") }}',
      says: ':1:8: nope is undefined',
    },
    { title: 'in an unknown filter', text: 'a\n{{ domain | nope }}', says: ':2:13: filter nope is undefined' },
  ])('$title', ({ text, says }) => {
    expect(complaint(text)).toBe(`TEMPLATE_UNDEFINED /etc/app.njk${says}`)
  })
})

describe('what may be missing is asked for', () => {
  it.each([
    { title: 'by `is defined`', text: '{{ nope is defined }}', gives: 'false' },
    { title: 'by `is undefined`', text: '{{ nope is undefined }}', gives: 'true' },
    { title: 'with `not`', text: '{% if sites[0].meta.port is not defined %}none{% endif %}', gives: 'none' },
    { title: 'for a key of meta that is there', text: '{{ sites[0].meta.team is defined }}', gives: 'true' },
    { title: 'through several fields', text: '{{ a.b.c is defined }}', gives: 'false' },
    { title: 'by `default`', text: '{{ sites[0].meta.port | default("80") }}', gives: '80' },
    { title: 'by `default` through several fields', text: '{{ a.b.c | default("80") }}', gives: '80' },
    { title: 'by its short form', text: '{{ nope | d("80") }}', gives: '80' },
    {
      title: 'by `default` of something that is there',
      text: '{{ domain | default(nope | default("x")) }}',
      gives: 'flyclock.cn',
    },
    { title: 'by two defaults', text: '{{ nope | default(env.NOPE | default("last")) }}', gives: 'last' },
  ])('$title', ({ text, gives }) => {
    expect(render(text)).toBe(gives)
  })
})

describe('a template is no way into the machine', () => {
  it.each([
    { title: 'constructor of a text', text: '{{ "".constructor }}', says: 'constructor may not be used' },
    { title: 'constructor in two parts', text: '{{ sites["con" ~ "structor"] }}', says: 'constructor may not be used' },
    { title: 'constructor in a list', text: '{{ sites[["constructor"]] }}', says: 'constructor may not be used' },
    { title: 'constructor of a function', text: '{{ range.constructor("x") }}', says: 'constructor may not be used' },
    { title: '__proto__', text: '{{ env.__proto__ }}', says: '__proto__ may not be used' },
    { title: '__lookupGetter__', text: '{{ "".__lookupGetter__ }}', says: '__lookupGetter__ may not be used' },
    { title: 'prototype', text: '{{ range.prototype }}', says: 'prototype may not be used' },
    { title: 'call', text: '{{ range.call(1) }}', says: 'range.call is undefined' },
    { title: 'the context behind it', text: '{{ context }}', says: 'context is undefined' },
    { title: 'JavaScript’s globals', text: '{{ globalThis }}', says: 'globalThis is undefined' },
  ])('$title', ({ text, says }) => {
    expect(complaint(text)).toMatch(/^TEMPLATE_UNDEFINED \/etc\/app\.njk:1:\d+: /)
    expect(complaint(text)).toContain(says)
  })

  it.each([
    '{% for k, v in [domain] | groupby("constructor") %}{{ v }}{% endfor %}',
    '{{ [domain] | selectattr("constructor") | dump }}',
    '{{ [domain, domain] | sort(false, false, "constructor") }}',
  ])('no filter hands out a function: %s', text => {
    expect(complaint(text)).not.toMatch(/function|=>/)
  })
})

describe('a template stands alone', () => {
  it.each([
    {
      title: 'include',
      text: 'a\n {% include "x.njk" %}',
      says: ':2:5: a template stands alone: Include is not supported',
    },
    {
      title: 'import',
      text: '{% import "x.njk" as x %}',
      says: ':1:4: a template stands alone: Import is not supported',
    },
    {
      title: 'from',
      text: '{% from "x.njk" import y %}',
      says: ':1:4: a template stands alone: FromImport is not supported',
    },
    {
      title: 'extends',
      text: '{% extends "x.njk" %}',
      says: ':1:4: a template stands alone: Extends is not supported',
    },
    {
      title: 'block',
      text: '{% block b %}{% endblock %}',
      says: ':1:4: a template stands alone: Block is not supported',
    },
  ])('$title is refused when it is read, not when it is needed', ({ text, says }) => {
    expect(complaint(text)).toBe(`TEMPLATE_SYNTAX /etc/app.njk${says}`)
  })
})

describe('what cannot be read has a place', () => {
  it.each([
    { title: 'half a condition', text: 'a\n{% if %}', says: /:2:7: unexpected token: %}/ },
    { title: 'a block nobody ends', text: 'a\n{% if domain %}\nb\n', says: /:\d+:\d+: / },
    { title: 'an expression nobody ends', text: 'a\nb {{ domain', says: /:2:12: expected variable end/ },
    { title: 'an unknown tag', text: '\n{% fi %}', says: /:2:4: unknown block tag: fi/ },
  ])('$title', ({ text, says }) => {
    expect(complaint(text)).toMatch(/^TEMPLATE_SYNTAX \/etc\/app\.njk:[1-9]\d*:[1-9]\d*: /)
    expect(complaint(text)).toMatch(says)
  })

  it('and so has what fails while it is rendered', () => {
    expect(complaint('\n{{ domain.repeat(-1) }}')).toMatch(
      /^TEMPLATE_FAILED \/etc\/app\.njk:2:\d+: .*Invalid count value/,
    )
  })
})

describe('the same view gives the same text', () => {
  it('also after a template has turned its lists around', () => {
    const template = nunjucksLanguage.compile({
      path: '/etc/app.njk',
      text: '{% for s in sites %}{{ s.service }} {% endfor %}{{ sites.slice().reverse()[0].service }}',
    })

    complaint('{{ sites.reverse()[0].service }}{{ sites.pop() }}')

    expect(template.render(view).text).toBe('web api api')
    expect(template.render(view).text).toBe('web api api')
  })

  it('there is no filter that throws dice', () => {
    expect(complaint('{{ [1, 2, 3] | random }}')).toBe(
      'TEMPLATE_UNDEFINED /etc/app.njk:1:16: filter random is undefined',
    )
  })

  it('a variable set in one run is not there in the next', () => {
    const template = nunjucksLanguage.compile({
      path: '/etc/app.njk',
      text: '{{ x is defined }}{% set x = 1 %}',
    })

    expect([template.render(view).text, template.render(view).text]).toEqual(['false', 'false'])
  })
})

it('a template that never looks at all services is known not to', () => {
  const uses = (text: string) => nunjucksLanguage.compile({ path: '/etc/app.njk', text })

  expect(uses('{% for s in sites %}{{ s.service }}{% endfor %}').uses('services')).toBe(false)
  expect(uses('{% for s in services %}{{ s.name }}{% endfor %}').uses('services')).toBe(true)
  expect(uses('{{ service("db")[0].address }}').uses('service')).toBe(true)
  expect(uses('{# unavailable #} unavailable').uses('unavailable')).toBe(false)
})

describe('what comes from the catalog is marked', () => {
  const other = aSite('api', [aServer({ id: 'api-1', tags: ['a b;', 'x'], meta: { note: 'say "hi"' } })], {
    tags: ['a b;', 'x'],
    meta: { note: 'say "hi"' },
  })
  const seen = aView([other, site], { env: { EXTRA: 'tcp_nodelay on;' } })

  /** The text with its data between « and ». */
  function marked(text: string): string {
    const printed = nunjucksLanguage.compile({ path: '/etc/app.njk', text }).render(seen)
    let shown = ''
    let at = 0
    for (const { start, end } of spansOf(printed.pieces)) {
      shown += `${printed.text.slice(at, start)}«${printed.text.slice(start, end)}»`
      at = end
    }
    return shown + printed.text.slice(at)
  }

  it.each([
    ['values', '{{ sites[0].service }};', '«api»;'],
    [
      'literals and the environment are not',
      '{{ "a; b" }}{{ env.EXTRA }}{{ domain }}',
      'a; btcp_nodelay on;flyclock.cn',
    ],
    ['a literal in a variable is not', '{% set x = "a; b" %}{{ x }}{{ "c;" if x }}', 'a; bc;'],
    ['literals from a list are not', '{% for d in ["gzip", "x y"] %}{{ d }} {% endfor %}', 'gzip x y '],
    ['each part of what is joined', '{{ sites[0].tags | join(" ") }}', '«a b;» «x»'],
    ['each part of what is put together', '{{ "x " ~ sites[0].service + ";" }}', 'x «api»;'],
    ['also later', '{% set s = "x " ~ sites[0].service ~ ";" %}{{ s }}{{ s.length }}', 'x «api»;«6»'],
    ['what a macro prints', '{% macro m(s) %}a {{ s.service }};{% endmacro %}{{ m(sites[0]) }}', 'a «api»;'],
    ['what a block captures', '{% set b %}a {{ sites[0].service }};{% endset %}{{ b }}', 'a «api»;'],
    [
      'what a caller gives',
      '{% macro m() %}<{{ caller() }}>{% endmacro %}{% call m() %}a {{ domain }};{% endcall %}',
      '<a flyclock.cn;>',
    ],
    ['what a filter makes of data', '{{ sites[0].tags[0] | upper }}', '«A B;»'],
    ['what a filter makes of a literal is not', '{{ "c d;" | upper }}{{ env.EXTRA | trim }}', 'C D;tcp_nodelay on;'],
    ['what a method makes of data', '{{ sites[0].tags[0].split(" ")[1] }}', '«b;»'],
    ['a literal that is data elsewhere is not', '{{ "a b;" }}', 'a b;'],
    ['data that is a literal elsewhere', '{{ sites[0].tags[0] }}{{ "a b;" if false }}', '«a b;»'],
    [
      'data that is a literal elsewhere, from a list',
      '{% for t in sites[0].tags %}{{ t }}{% endfor %}{{ "a b;" if false }}',
      '«a b;»«x»',
    ],
    ['data that was made equal to a literal', '{{ sites[0].tags[0] | upper }}{{ "A B;" if false }}', '«A B;»'],
    [
      'data in characters',
      '{% for c in sites[0].tags[0].split("") %}{{ c }}{% endfor %}{{ ";" if false }}',
      '«a»« »«b»«;»',
    ],
    [
      'data in a table, by key',
      `{% for k, v in sites[0].meta %}{{ v }}{% endfor %}{{ 'say "hi"' if false }}`,
      '«say "hi"»',
    ],
    ['a list of literals is not', '{{ ["; a", "b"] | join(" ") }}{{ "x y".split(" ")[0] }}', '; a bx'],
    ['what was composed of a name that is listed in meta, too', '{% set l = ["a", "b;"] | join(" ") %}{{ l }}', 'a b;'],
    ['a quoted value, but not its quotes', '{{ sites[0].meta.note | quote }}', '"«say »\\"«hi»\\""'],
    ['each part of what a list joins by its method', '{{ sites[0].tags.join(" ") }}', '«a b;» «x»'],
    [
      'what a method makes of a literal is not',
      '{{ env.EXTRA.split("_")[1] }}{{ "a b".slice(0, 3) }}',
      'nodelay on;a b',
    ],
    ['what stands in a text of its own', '{% for c in "a b" %}{{ c }}{% endfor %}{{ "a b"[1] }}', 'a b '],
    ['the names in a dictionary are not', '{% for k, v in { gzip: "on" } %}{{ k }} {{ v }}{% endfor %}', 'gzip on'],
    ['what takes the place of something', '{{ sites[0].tags[0] | replace(" ", ";\n") }}', '«a»;\n«b;»'],
    ['data in the place of something', '{{ "x A;" | replace("A", sites[0].tags[0]) }}', 'x «a b;»;'],
    ['what a filter leaves as it was composed', '{{ (" x " ~ sites[0].service ~ "; ") | trim | upper }}', 'X «API»;'],
    ['also of a macro', '{% macro m(s) %} a {{ s.service }}; {% endmacro %}{{ m(sites[0]) | trim }}', 'a «api»;'],
    ['a filter that mixes up the parts', '{{ ("x y " ~ sites[0].service) | reverse }}', '«ipa y x»'],
    ['a part of data that equals a literal', '{{ "b;" if false }}{{ sites[0].tags[0].split("a ")[1] }}', '«b;»'],
    [
      'what a filter leaves of data and equals a literal',
      '{{ "b;" if false }}{{ sites[0].tags[0] | replace("a ", "") }}',
      '«b;»',
    ],
    [
      'what is data in one of two ways to compose the same text',
      '{% set x = sites[0].tags[0] ~ sites[0].service %}{% set y = "a " ~ ("b;" ~ sites[0].service) %}{{ x }}',
      '«a b;»«api»',
    ],
    [
      'data that the template itself makes afterwards',
      '{% set t = sites[0].tags[0] %}{{ "a " + "b;" }}{{ t }}',
      '«a b;»«a b;»',
    ],
    ['a list as a whole', '{{ sites[0].tags }}', '«a b;,x»'],
    ['keys', '{% for k, v in sites[0].meta %}{{ k }}={{ v }}{% endfor %}', '«note»=«say "hi"»'],
  ])('%s', (_, text, gives) => {
    expect(marked(text)).toBe(gives)
  })

  it('in a text that grows by a line for each of 2000 sites, within the time for rendering', () => {
    const text =
      '{% set all = "" %}{% for s in sites %}{% set all = all ~ s.service ~ " " ~ s.upstream.name ~ ";" %}{% endfor %}{{ all }}'
    const many = aView(Array.from({ length: 2000 }, (_, number) => aSite(`s${number}`, 1)))

    const spans = spansOf(nunjucksLanguage.compile({ path: '/etc/app.njk', text }).render(many).pieces)

    expect(spans).toHaveLength(4000)
  })

  it('with the service it belongs to', () => {
    const text =
      '{% for s in sites %}{% set n = s.service %}{% for u in s.upstream.servers %}{{ n }}{{ u.port }}{% endfor %}{% endfor %}'
    const spans = spansOf(nunjucksLanguage.compile({ path: '/etc/app.njk', text }).render(seen).pieces)

    expect(spans.map(({ service }) => service)).toEqual(['api', 'api', 'web', 'web', 'web', 'web'])
  })

  it('a value with the characters that marks are made of loses them', () => {
    const odd = aView([aSite('web', [aServer({ tags: ['\ufdd05\ufdd0x\ufdd0'] })], { tags: ['\ufdd05\ufdd0x\ufdd0'] })])

    const { text, pieces } = nunjucksLanguage
      .compile({ path: '/a.njk', text: 'a {{ sites[0].tags[0] }} b' })
      .render(odd)

    expect({ text, spans: spansOf(pieces) }).toEqual({
      text: 'a \ufffd5\ufffdx\ufffd b',
      spans: [{ start: 2, end: 7, service: 'web' }],
    })
  })

  it('and a template that holds them is refused', () => {
    expect(complaint('a\ufdd0')).toMatch(/^TEMPLATE_SYNTAX .*U\+FDD0/)
  })

  it('an error says at which service', () => {
    const text = '{% for s in sites %}{{ s.meta.team }}{% endfor %}'

    expect(() => nunjucksLanguage.compile({ path: '/a.njk', text }).render(seen)).toThrow(
      expect.objectContaining({ code: 'TEMPLATE_UNDEFINED', service: 'api' }),
    )
  })
})
