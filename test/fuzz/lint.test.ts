import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isOf } from '../../src/errors.ts'
import { lint, look } from '../../src/lint/lint.ts'
import { aCatalog } from '../support/builders.ts'

type Text = fc.Arbitrary<string>
const oneOf = (...texts: readonly string[]): Text => fc.constantFrom(...texts)
const glued = (...texts: readonly Text[]): Text => fc.tuple(...texts).map(parts => parts.join(''))

/** nginx as it is written, and as it is not; `hole` prints, `around` stands around some of it. */
function templates(hole: Text, around: (inner: Text) => Text): Text {
  const { list } = fc.letrec<{ list: string; one: string }>(tie => ({
    list: fc.array(tie('one'), { maxLength: 4, depthIdentifier: 'list' }).map(parts => parts.join('')),
    one: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      glued(
        oneOf('server', 'listen', 'server_name', 'proxy_pass', 'access_log', 'proxy_set_header', 'include', 'zone'),
        oneOf(' ', '\n', ' "', " '"),
        fc.oneof(
          hole,
          oneOf('a:80', '80 default_server', '_', '*.a.b', 'http://x/', 'http://', 'X-Real-IP $remote_addr'),
        ),
        fc.oneof(hole, oneOf(';', '";', "';", ' max_fails=0;', ';\n', '')),
      ),
      oneOf(
        'proxy_next_upstream http_500 http_404;',
        'server_names_hash_bucket_size 128;',
        'internal;',
        '# c\n',
        '}',
        '{',
        '\r',
        '\0',
      ),
      hole,
      glued(hole, oneOf('\n', ' ', ' {}')),
      glued(
        oneOf('upstream x {', 'server {', 'location / {', 'http {', 'stream {', 'x_by_lua_block {'),
        tie('list'),
        oneOf('}', '}', ''),
      ),
      around(tie('list')),
      around(tie('list')),
    ),
  }))
  return list
}

const go = templates(
  oneOf(
    '{{.Name}}',
    '{{$v.Address}}',
    '{{$v.Tags | join ","}}',
    '{{printf "%q" .X}}',
    '{{key "a"}}',
    '{{template "t" .}}',
    '{{$w := .Name}}',
    '{{$v = .X}}',
    '{{scratch.MapSet "a" "b" .}}',
    '{{executeTemplate "t"}}',
    '{{(index . 0).Name}}',
    '{{- .X -}}\n',
    '{{/* c */}}',
  ),
  inner =>
    fc.oneof(
      glued(
        oneOf(
          '{{range services}}',
          '{{range $i, $s := service .Name}}',
          '{{with service "x"}}',
          '{{if in .Tags "x"}}',
          '{{- if $v}}',
        ),
        inner,
        oneOf('', '{{else}}', '{{else}}server b;'),
        inner,
        oneOf('{{end}}', '{{- end -}}\n'),
      ),
      glued(
        oneOf('{{range service "x"}}{{if .X}}'),
        inner,
        oneOf('{{continue}}', '{{break}}'),
        oneOf('{{end}}{{end}}'),
      ),
    ),
).map(text => `{{$v := service "v"}}${text}{{define "t"}}a {{.}}; {{template "t" .}}{{end}}`)

const nunjucks = templates(
  oneOf(
    '{{ s.upstream.name }}',
    '{{ s.meta.x }}',
    '{{ s.tags | join(",") | quote }}',
    '{{ v ~ s }}',
    '{% set v = v ~ s ~ s %}',
    '{{ m(s, b=2) }}',
    '{{ "a" if s else [1, {b: 2}] }}',
    '{{- s[0] -}}\n',
    '{# c #}',
    '{% set w %}x{% endset %}',
    '{{ service("x").length }}',
  ),
  inner =>
    fc.oneof(
      glued(
        oneOf('{% for s in sites %}', '{% for s in service("x") %}', '{%- for k, v in s.meta %}'),
        inner,
        oneOf('', '{% else %}server b;'),
        oneOf('{% endfor %}', '{%- endfor -%}\n'),
      ),
      glued(
        oneOf('{% if s.tags and "x" in s.tags %}', '{% if v is defined %}', '{% if s.n > 1 == 2 %}'),
        inner,
        oneOf('', '{% else %}', '{% elif s %}'),
        inner,
        oneOf('{% endif %}'),
      ),
      glued(oneOf('{% filter upper %}'), inner, oneOf('{% endfilter %}')),
      glued(oneOf('{% call m(s) %}'), inner, oneOf('{% endcall %}')),
      glued(oneOf('{% switch s %}{% case 1 %}'), inner, oneOf('{% default %}'), inner, oneOf('{% endswitch %}')),
    ),
).map(text => `{% macro m(a, b=1) %}m {{ a }}{{ b }}; {{ m(a) }}{% endmacro %}${text}`)

const catalog = aCatalog({ name: 'web', tags: ['y'] })

/** Could it be read? */
function survives(path: string, text: string): boolean {
  try {
    for (const { line } of lint(
      look([
        { path, text },
        { path: 'b.conf', text: 'server { listen 80; }' },
      ]),
      catalog,
    )) {
      expect(line).toBeGreaterThan(0)
      expect(line).toBeLessThanOrEqual(text.split('\n').length)
    }
    return true
  } catch (error) {
    if (!isOf('template', error)) throw error
    expect(error.message).toMatch(/^t\.\w+:\d+:\d+: /)
    return false
  }
}

describe('whatever a template is, lint answers, or says where it cannot be read', () => {
  it.each([
    { path: 't.ctmpl', text: go },
    { path: 't.njk', text: nunjucks },
    { path: 't.conf', text: templates(oneOf('$x', 'y$'), inner => inner) },
  ])('most of them can be read: $path', ({ path, text }) => {
    let read = 0
    fc.assert(
      fc.property(text, text => {
        if (survives(path, text)) read += 1
      }),
      { numRuns: 2_000 },
    )

    expect(read).toBeGreaterThan(1_000)
  })

  it.each([
    { path: 't.ctmpl', text: go },
    { path: 't.njk', text: nunjucks },
  ])('broken in two: $path', ({ path, text }) => {
    fc.assert(
      fc.property(text, fc.nat(1_000), fc.string(), (text, at, noise) => {
        survives(path, text.slice(0, at) + noise + text.slice(at + 1))
      }),
      { numRuns: 2_000 },
    )
  })

  it.each([
    { path: 't.ctmpl', open: '{{if .X}}', close: '{{end}}' },
    { path: 't.njk', open: '{% if x %}', close: '{% endif %}' },
    { path: 't.conf', open: 'a {', close: '}' },
  ])('however deep: $path', ({ path, open, close }) => {
    survives(path, open.repeat(3_000) + close.repeat(3_000))
    survives(path, open.repeat(20_000) + close.repeat(20_000))
  })

  it('templates that call each other come to an end', () => {
    const calls = Array.from(
      { length: 40 },
      (_, n) => `{{define "t${n}"}}a;{{template "t${n + 1}" .}}{{template "t${n + 1}" .}}{{end}}`,
    )
    const macros = Array.from(
      { length: 40 },
      (_, n) => `{% macro m${n}(x) %}a;{{ m${n + 1}(x) }}{{ m${n + 1}(x) }}{% endmacro %}`,
    )

    survives('t.ctmpl', `${calls.join('')}{{template "t0" .}}`)
    survives('t.njk', `${macros.join('')}{{ m0(1) }}`)
  })

  it('variables that are made of each other do, too', () => {
    const numbers = Array.from({ length: 60 }, (_, n) => n)
    const go = numbers.map(n => `{{$v${n + 1} := printf "%s%s" $v${n} $v${n}}}`)
    const nunjucks = numbers.map(n => `{% set v${n + 1} = v${n} ~ v${n} %}`)

    survives('t.ctmpl', `{{$v0 := service "x"}}${go.join('')}{{if $v60}}a {{$v60}};{{end}}`)
    survives('t.njk', `{% set v0 = sites %}${nunjucks.join('')}{% if v60 %}a {{ v60 }};{% endif %}`)
  })
})
