import { describe, expect, it } from 'vitest'
import { isOf, type UpstreamdError } from '../../src/errors.ts'
import { spansOf } from '../../src/model/generation.ts'
import { languageOf } from '../../src/render/registry.ts'
import { breakoutsIn } from '../../src/target/nginx/attribute.ts'
import { aServer, aSite, aView } from '../support/builders.ts'

const path = '/etc/app.njk'
const note = 'Pwn"; } server { listen 81; } #'
const site = aSite('web', [aServer({ tags: [note, 'b'], meta: { note } })], { tags: [note, 'b'], meta: { note } })
const view = aView([site], { env: { DATACENTER: 'dc1' } })
const render = (text: string) => languageOf(path).compile({ path, text }).render(view)

function thrown(text: string): UpstreamdError {
  try {
    const { text: given } = render(text)
    throw new Error(`nothing was thrown, but given ${JSON.stringify(given.slice(0, 200))}`)
  } catch (error) {
    if (isOf('template', error)) return error
    throw error
  }
}

describe('a template cannot leave its sandbox', () => {
  it.each([
    '{{ "".constructor }}',
    '{{ ""["constructor"] }}',
    '{{ ""["const" ~ "ructor"] }}',
    '{{ ""["const" + "ructor"]("return process")() }}',
    '{% set c = "constructor" %}{{ ""[c] }}',
    '{{ ""[["constructor"]] }}',
    '{{ ""[{ toString: range }] }}',
    '{{ (1).constructor }}',
    '{{ [].constructor.constructor("return process")() }}',
    '{{ sites.constructor }}',
    '{{ sites[0].constructor }}',
    '{{ sites[0].meta.constructor }}',
    '{{ sites[0].meta["__proto__"] }}',
    '{{ sites.__proto__.polluted }}',
    '{{ sites.__defineGetter__ }}',
    '{{ sites.map.constructor }}',
    '{{ sites.forEach.call }}',
    '{{ "".at.bind }}',
    '{{ range.constructor("return process")() }}',
    '{{ cycler.constructor }}',
    '{{ cycler("a").constructor }}',
    '{{ joiner.prototype }}',
    '{{ service.constructor }}',
    '{{ service.caller }}',
    '{{ loop.constructor }}',
    '{% for s in sites %}{{ loop.constructor }}{% endfor %}',
    '{% macro m() %}{{ caller.constructor }}{% endmacro %}{% call m() %}x{% endcall %}',
    '{% macro m() %}{% endmacro %}{{ m.constructor }}',
    '{{ sites | attr("constructor") }}',
    '{{ [sites] | groupby("constructor") | dump }}',
    '{{ sites | map("constructor") }}',
    '{{ this }}',
    '{{ self }}',
    '{{ globalThis }}',
    '{{ global.process }}',
    '{{ process.env.PATH }}',
    '{{ require("node:fs") }}',
    '{{ module }}',
    '{{ Function("return 1")() }}',
    '{{ eval("1") }}',
    '{{ env.PATH }}',
    '{{ env.HOME }}',
    '{{ env.CONSUL_HTTP_TOKEN }}',
    '{{ env["PA" ~ "TH"] }}',
    '{{ env.constructor }}',
    '{{ context }}',
    '{{ context.env }}',
    '{{ runtime }}',
    '{{ frame }}',
    '{{ environment }}',
    '{{ getContext() }}',
    '{% include "/etc/passwd" %}',
    '{% import "/etc/passwd" as x %}',
    '{% extends "/etc/passwd" %}',
  ])('%s', text => {
    const error = thrown(text)

    expect(error.message).toMatch(/^\/etc\/app\.njk:\d+:\d+: /)
  })

  it.each([
    '{{ sites | string }}',
    '{{ range }}',
    '{{ service }}',
    '{{ cycler("a", "b") }}',
    '{{ env | dump }}',
    '{{ sites | dump }}',
    '{{ [sites, env, nginx, range] | dump }}',
    '{{ [sites[0], sites[0]] | sort(attribute="__proto__.constructor") | dump }}',
    '{% for key, value in env %}{{ key }}={{ value }} {% endfor %}',
  ])('what it prints of the machinery tells nothing of the process: %s', text => {
    let given = ''
    try {
      given = render(text).text
    } catch (error) {
      expect(isOf('template', error)).toBe(true)
    }

    for (const secret of ['PATH', process.env.PATH, process.env.HOME, 'native code', 'node_modules', 'nunjucks']) {
      if (secret !== undefined) expect(given).not.toContain(secret)
    }
  })
})

describe('a template cannot keep the daemon busy, nor take its memory', () => {
  it.each([
    { title: 'a list without end', text: '{{ range(10000000000) | length }}' },
    { title: 'a list that steps backwards for ever', text: '{{ range(0, 10, -1) | length }}{{ nothing }}' },
    { title: 'a list that does not step', text: '{{ range(0, 10, 0) | length }}' },
    {
      title: 'a loop in a loop',
      text: '{% for a in range(1000000) %}{% for b in range(1000000) %}{% endfor %}{% endfor %}',
    },
    { title: 'a macro that calls itself', text: '{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}' },
    {
      title: 'two macros that call each other',
      text: '{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}',
    },
    { title: 'a gigabyte in one go', text: '{{ "x".repeat(1000000000) }}' },
    { title: 'more than a text can hold', text: '{{ "x".repeat(100000000000) }}' },
    { title: 'a gigabyte in pieces', text: '{% for a in range(1000) %}{{ "x".repeat(1000000) }}{% endfor %}' },
    { title: 'a text that doubles', text: `{% set x = "x" %}${'{% set x = x ~ x %}'.repeat(40)}{{ x }}` },
    { title: 'a padding without end', text: '{{ "x".padEnd(1000000000) }}' },
    { title: 'an indentation without end', text: '{{ "x" | indent(1000000000, true) }}' },
    { title: 'a filter that centres', text: '{{ "x" | center(1000000000) }}' },
    {
      title: 'a regular expression that does not end',
      text: `{{ ("a".repeat(40) ~ "b") | replace(r/^(a+)+$/g, "") }}{{ nothing }}`,
    },
  ])('$title', { timeout: 30_000 }, ({ text }) => {
    const before = process.memoryUsage().rss
    const started = performance.now()

    const error = thrown(text)

    expect(error.code).toMatch(/^TEMPLATE_/)
    expect(performance.now() - started).toBeLessThan(15_000)
    expect(process.memoryUsage().rss - before).toBeLessThan(2_500_000_000)
    expect(render('{{ domain }}').text).toBe('flyclock.cn') // the next one is as good as ever
  })
})

describe('however a value of the catalog gets into the text, it is known for data', () => {
  it.each([
    '{{ site.meta.note }}',
    '{{ site.meta["note"] }}',
    '{{ site.tags[0] }}',
    '{{ site.tags | first }}',
    '{{ site.tags | join(" ") }}',
    '{{ site.tags.join(" ") }}',
    '{{ site.tags | string }}',
    '{{ site.tags | reverse | last }}',
    '{{ site.tags | sort | last }}',
    '{{ site.tags }}',
    '{{ [site.meta.note] }}',
    '{{ [site.meta.note] | join }}',
    '{{ site.meta | dump }}',
    '{{ site.meta.note | upper }}',
    '{{ site.meta.note | lower }}',
    '{{ site.meta.note | title }}',
    '{{ site.meta.note | trim }}',
    '{{ site.meta.note | safe }}',
    '{{ site.meta.note | string }}',
    '{{ site.meta.note | replace("P", "p") }}',
    '{{ site.meta.note | default("x") }}',
    '{{ site.meta.nothing | default(site.meta.note) }}',
    '{{ site.meta.note | indent(2) }}',
    '{{ site.meta.note | center(80) }}',
    '{{ site.meta.note | truncate(24, true, "") }}',
    '{{ site.meta.note | reverse }}',
    '{{ site.meta.note | list | join }}',
    '{{ site.meta.note | batch(1) | join }}',
    '{{ "x" | replace("x", site.meta.note) }}',
    '{{ site.meta.note.slice(0) }}',
    '{{ site.meta.note.slice(1) }}',
    '{{ site.meta.note.substring(0, 12) }}',
    '{{ site.meta.note.concat("") }}',
    '{{ "".concat(site.meta.note) }}',
    '{{ site.meta.note.split("").join("") }}',
    '{{ site.meta.note.split(" ").join(" ") }}',
    '{{ site.meta.note.toUpperCase() }}',
    '{{ site.meta.note.replace("x", "y") }}',
    '{{ "x".replace("x", site.meta.note) }}',
    '{{ site.meta.note.toString() }}',
    '{{ site.meta.note.padEnd(99, "x") }}',
    '{{ "x".padEnd(99, site.meta.note) }}',
    '{{ site.meta.note.repeat(2) }}',
    '{{ site.meta.note ~ "" }}',
    '{{ "x" ~ site.meta.note ~ "y" }}',
    '{{ "x" + site.meta.note }}',
    '{{ site.meta.note if true else "x" }}',
    '{{ site.meta.note or "x" }}',
    '{{ "x" and site.meta.note }}',
    '{{ [site.meta.note][0] }}',
    '{{ { a: site.meta.note }.a }}',
    '{{ { a: site.meta.note } | dump }}',
    '{% set x = site.meta.note %}{{ x }}',
    '{% set x %}{{ site.meta.note }}{% endset %}{{ x }}',
    '{% set x %}{{ site.meta.note }}{% endset %}{{ x | upper }}',
    '{% set x %}{{ site.meta.note }}{% endset %}{{ x.slice(1) }}',
    '{% macro m(x) %}{{ x }}{% endmacro %}{{ m(site.meta.note) }}',
    '{% macro m(x) %}{{ x }}{% endmacro %}{{ m(site.meta.note) | trim }}',
    '{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}{{ sites[0].meta.note }}{% endcall %}',
    '{% filter upper %}{{ site.meta.note }}{% endfilter %}',
    '{% for c in site.meta.note %}{{ c }}{% endfor %}',
    '{% for c in site.meta.note.split("") %}{{ c }}{% endfor %}',
    '{% for k, v in site.meta %}{{ v }}{% endfor %}',
    '{% for t in site.tags %}{{ t }}{% endfor %}',
    '{% for s in sites | groupby("service") %}{{ s }}{% endfor %}{{ site.meta.note }}',
    '{% set j = joiner(site.meta.note) %}{{ j() }}{{ j() }}',
    '{% set c = cycler(site.meta.note) %}{{ c.next() }}',
    '{{ site.meta.note | escape | replace("&quot;", "\\"") | replace("x", "x") }}',
    '{{ site.meta.note | urlencode | replace("%22", "\\"") | replace("%7D", "}") | replace("%3B", ";") }}',
    '{% set x = "a" ~ site.meta.note %}{% set y = x.slice(1) %}{{ y }}',
  ])('%s', expression => {
    // In quotes of the template's, and without any: what ends the argument must be seen as data in one of them.
    const texts = [
      `set $x "${'{% set site = sites[0] %}'}${expression}";`,
      `set $x ${'{% set site = sites[0] %}'}${expression};`,
    ]

    for (const text of texts) {
      const printed = render(text)
      expect(breakoutsIn([{ path: 'app.conf', ...printed }]).length).toBeGreaterThan(0)
    }
  })

  it.each([
    '{{ "a; b" }}',
    '{{ "a" ~ ";" }}',
    '{{ ["a", "b"] | join("; ") }}',
    '{{ "listen 80; " | upper }}',
    '{% set x %}location / { return 204; }{% endset %}{{ x }}',
    '{% macro m(x) %}if ($x) { {{ x }}; }{% endmacro %}{{ m("return 204") }}',
    '{{ sites[0].serverNames | join(" ") }}',
    '{% for n in ["set $y a", "set $z b"] %}{{ "; " if not loop.first }}{{ n }}{% endfor %}',
    '{{ domain ~ "; " ~ listen }}',
  ])("the template's own syntax is its own, also beside data: %s", text => {
    expect(breakoutsIn([{ path: 'app.conf', ...render(`set $x ${text};`) }])).toEqual([])
  })

  it("a text that two have, the template and somebody's data, is not held against who did not print it", () => {
    const taken = aSite('taken', [aServer({ tags: [' ', '; '], meta: { a: ' ', b: ';' } })], {
      tags: [' ', '; '],
      meta: { a: ' ', b: ';' },
    })
    const two = aSite('two', 1, { serverNames: ['a.org', 'b.org'] })
    const text = '{% for s in sites %}server_name {{ s.serverNames | join(" ") }}{{ ";" }}{% endfor %}'
    const printed = languageOf(path)
      .compile({ path, text })
      .render(aView([taken, two]))

    expect(breakoutsIn([{ path: 'app.conf', ...printed }])).toEqual([])
  })

  it.each([
    {
      title: 'a literal of the template',
      text: '{% set own = "; add_header X y" %}set $z a{{ sites[0].meta.c | trim }};',
      meta: { c: '  ; add_header X y ' },
    },
    {
      title: 'a text the template composed of a literal and other data',
      text: '{% set own = sites[0].meta.a ~ "; add_header X y" %}set $z {{ sites[0].meta.c | trim }};',
      meta: { a: 'v', c: ' v; add_header X y ' },
    },
    {
      title: 'literals of the template, letter by letter',
      text: '{{ "" if true else ";" }}{{ "" if true else "}" }}set $z a{% for c in sites[0].meta.c.split("") %}{{ c }}{% endfor %};',
      meta: { c: 'b;}' },
    },
  ])('data that was made equal to $title is data all the same', ({ text, meta }) => {
    const printed = languageOf(path)
      .compile({ path, text })
      .render(aView([aSite('web', [aServer({ meta })], { meta })]))

    expect(breakoutsIn([{ path: 'app.conf', ...printed }]).length).toBeGreaterThan(0)
  })

  it('host names written as nginx lists them are those of the service, not an argument too long', () => {
    const meta = { server_name: 'a.org b.org' }
    const two = aSite('two', [aServer({ meta })], { serverNames: ['a.org', 'b.org'], meta })
    const text = '{% for s in sites %}server_name {{ s.serverNames | join(" ") }};{% endfor %}'

    expect(
      breakoutsIn([
        {
          path: 'app.conf',
          ...languageOf(path)
            .compile({ path, text })
            .render(aView([two])),
        },
      ]),
    ).toEqual([])
  })

  it('the text is the same whether or not anybody looks at what is data', () => {
    const { text, pieces } = render('a {{ sites[0].meta.note }} b {{ "c" }} {{ sites[0].tags[1] }}')

    expect(text).toBe(`a ${note} b c b`)
    expect(spansOf(pieces).map(({ start, end }) => text.slice(start, end))).toEqual([note, 'b'])
  })
})
