import { describe, expect, it } from 'vitest'
import type { Directive } from './directives.ts'
import { readTemplate } from './read.ts'
import { isHole, type Skeleton, skeletonOf, withEqualHoles } from './skeleton.ts'
import type { LanguageName } from './template.ts'
import type { Value } from './value.ts'

const read = (language: LanguageName, text: string) =>
  skeletonOf('t', text, language, readTemplate('t', text, language))
/** Each directive as `line name args`, `…` for what is printed. */
const listed = (file: Skeleton) =>
  file.allDirectives.map(({ name, args, start }) =>
    [file.lineAt(start), name || '…', ...args.map(({ text }) => withEqualHoles(text).replaceAll('\ue000', '…'))].join(
      ' ',
    ),
  )
const all = (file: Skeleton, name: string) => file.named(name)
const armsOf = (file: Skeleton, { start }: Directive) =>
  file.armsAt(start).map(({ branch, isElse }) => `${isElse ? 'else of ' : ''}${branch.how} ${written(branch.value)}`)

function written(value: Value): string {
  switch (value.kind) {
    case 'text':
      return JSON.stringify(value.text)
    case 'view':
      return value.name
    case 'field':
      return `${written(value.of)}.${value.name}`
    case 'item':
    case 'key':
      return `${value.kind}(${written(value.of)})`
    case 'call':
      return `${value.name}(${value.args.map(written).join(', ')})`
    case 'unsure':
      return '?'
  }
}

describe('directives stand in the lines of the source', () => {
  it('of a Go template, whatever is trimmed', () => {
    const file = read(
      'gotmpl',
      '{{- /* c */ -}}\n\n{{range services -}}\n\n  upstream {{.Name}} {\n  server a;{{end}}\n}\nlast on;',
    )

    expect(listed(file)).toEqual(['5 upstream …', '6 server a', '8 last on'])
  })

  it('of a Nunjucks template, whatever is trimmed', () => {
    const file = read(
      'nunjucks',
      '{#- c -#}\n\n{% for s in sites -%}\n\n  upstream {{ s.service }} {\n  server a;{%- endfor %}\n}\nlast on;',
    )

    expect(listed(file)).toEqual(['5 upstream …', '6 server a', '8 last on'])
  })

  it('of a template or macro that is called, where it is written', () => {
    expect(listed(read('gotmpl', 'a 1;\n{{template "u" .}}\n{{define "u"}}b {{.X}};{{end}}'))).toEqual([
      '1 a 1',
      '3 b …',
    ])
    expect(listed(read('nunjucks', '{% macro t(x) %}b {{ x }};{% endmacro %}\na 1;\n{{ t("y") }}'))).toEqual([
      '2 a 1',
      '1 b …',
    ])
  })
})

describe('what is printed', () => {
  it('alone on a line may be directives of any kind', () => {
    expect(listed(read('gotmpl', 'server {\n{{key "more"}}\nlisten 80;\n{{key "rest"}}\n}'))).toEqual([
      '1 server',
      '2 …',
      '3 listen 80',
      '4 …',
    ])
  })

  it('is a part of a word, and known by what it is, through variables and loops', () => {
    const file = read(
      'gotmpl',
      '{{range services}}{{$s := service .Name}}{{range $i, $x := $s}}server {{$x.Address}}:{{.Port}};{{end}}{{end}}',
    )
    const [server] = all(file, 'server')

    expect(server?.args[0] && file.holesIn(server.args[0]).map(written)).toEqual([
      'item(service(item(services()).Name)).Address',
      'item(service(item(services()).Name)).Port',
    ])
    expect(isHole(server?.args[0]?.text ?? '')).toBe(false)
  })

  it('is not guessed when a variable is set anew', () => {
    const go = read('gotmpl', '{{$n := 0}}{{range services}}{{$n = 1}}{{end}}a {{$n}};')
    const nunjucks = read('nunjucks', '{% set n = 0 %}{% for s in sites %}{% set n = 1 %}{% endfor %}a {{ n }};')

    for (const file of [go, nunjucks]) {
      expect(all(file, 'a').flatMap(({ args }) => args.flatMap(arg => file.holesIn(arg).map(written)))).toEqual(['?'])
    }
  })
})

describe('conditions and loops', () => {
  it('stand around what they hold', () => {
    const go = read('gotmpl', '{{with service "x"}}a;{{range .}}b;{{else}}c;{{end}}{{else}}{{if .X}}d;{{end}}{{end}}')

    expect(['a', 'b', 'c', 'd'].map(name => all(go, name).flatMap(one => armsOf(go, one)))).toEqual([
      ['with service("x")'],
      ['with service("x")', 'loop service("x")'],
      ['with service("x")', 'else of loop service("x")'],
      ['else of with service("x")', 'if $.X'],
    ])
  })

  it('in Nunjucks as well', () => {
    const file = read(
      'nunjucks',
      '{% for s in sites %}a;{% if "x" in s.tags and not s.y %}b;{% elif s.z | length > 1 %}c;{% endif %}{% endfor %}',
    )

    expect(['a', 'b', 'c'].map(name => all(file, name).flatMap(one => armsOf(file, one).slice(1)))).toEqual([
      [],
      ['if and(contains("x", item(sites).tags), not(item(sites).y))'],
      ['else of if and(contains("x", item(sites).tags), not(item(sites).y))', 'if >(length(item(sites).z), "1")'],
    ])
  })

  it('whose two ways open the same block do not open it twice', () => {
    const file = read(
      'gotmpl',
      '{{if .X}}server { listen 1;{{else}}server { listen 2;{{end}} server_name a; }\nlast on;',
    )

    expect(file.directives.map(({ name }) => name)).toEqual(['server', 'last'])
  })
})

describe('a template that cannot be read', () => {
  it.each([
    { language: 'gotmpl', text: 'a;\n{{range services}}', says: /^t:2:1: .*unexpected EOF$/ },
    { language: 'gotmpl', text: 'a;\n  {{if}}', says: /^t:2:1: .*missing value for if$/ },
    { language: 'gotmpl', text: 'a;\n  {{nope}}', says: /^t:2:1: .*function "nope" not defined$/ },
    { language: 'nunjucks', text: 'a;\n{% for x in y %}', says: /^t:2:\d+: / },
    { language: 'nunjucks', text: 'a;\n  {{ x | nope }}', says: 't:2:10: filter nope is undefined' },
  ] as const)('says where: $text', ({ language, text, says }) => {
    expect(() => read(language, text)).toThrow(says)
  })
})
