import { describe, expect, it } from 'vitest'
import {
  aCatalog,
  aSeen,
  aSelection,
  aSite,
  aView,
  someRules,
  someSurroundings,
} from '../../../test/support/builders.ts'
import { spansOf } from '../../model/generation.ts'
import type { Answer, Query } from '../../model/query.ts'
import { listChecked, listServices } from '../../select/listed.ts'
import { breakoutsIn } from '../../target/nginx/attribute.ts'
import { record } from '../asking.ts'
import { viewOf } from '../view.ts'
import { goLanguage } from './index.ts'

const path = '/etc/app.ctmpl'
const base64 = (text: string) => Buffer.from(text).toString('base64')

/** One service `web`, whose meta this is, as nginx's configuration may see it. */
function viewWith(meta: Readonly<Record<string, string>>, trustsCatalog = false) {
  const catalog = aCatalog({ name: 'web', instances: [{ meta }] })
  const listed = trustsCatalog ? listServices(catalog) : listChecked(catalog, someRules(), aSelection([]))
  return viewOf(aSeen(aSelection([]), { listed }), someSurroundings({ trustsCatalog }))
}

function run(text: string, view = viewWith({}), known: ReadonlyMap<string, Answer> = new Map()) {
  return goLanguage.compile({ path, text }).render(view, record(view, known))
}

describe('what a template makes of data', () => {
  const evil = '; } server { listen 81; '
  const of = (call: string) => `{{ range service "web" }}[{{ ${call} }}]{{ end }}`

  it.each([
    { call: '.ServiceMeta.x', x: evil },
    { call: '.ServiceMeta.x | base64Decode', x: base64(evil) },
    { call: '.ServiceMeta.x | trimPrefix "b64:" | base64Decode', x: `b64:${base64(evil)}` },
    { call: '.ServiceMeta.x | base64URLDecode', x: base64(evil) },
    { call: '.ServiceMeta.x | sprig_b64dec', x: base64(evil) },
    { call: '(.ServiceMeta.x | sprig_urlParse).path', x: `http://a/${encodeURIComponent(evil)}` },
    { call: '.ServiceMeta.x | base64Decode | toUpper', x: base64(evil) },
    { call: '.ServiceMeta.x | replaceAll "-" "+" | base64Decode', x: base64(`${evil}>>>`).replaceAll('+', '-') },
    { call: '.ServiceMeta.x | html', x: 'a<return 200 x' },
    { call: '.ServiceMeta.x | toLower', x: '~A|.' },
    { call: '.ServiceMeta.x | trimPrefix "urlprefix-"', x: 'urlprefix-~.' },
    { call: '.ServiceMeta.x | base64Decode', x: base64('/x ~*.') },
  ])('has no syntax in it: $call', ({ call, x }) => {
    expect(run(of(call), viewWith({ x })).text).toMatch(/^\[(<no value>)?\/?\]$/)
  })

  it('is shown where an operator trusts everybody', () => {
    expect(run(of('.ServiceMeta.x | base64Decode'), viewWith({ x: base64(evil) }, true)).text).toBe(`[${evil}]`)
  })

  it('is left as it is when it is harmless', () => {
    expect(run(of('.ServiceMeta.x | base64Decode'), viewWith({ x: base64('a b') })).text).toBe('[a b]')
    expect(run(of('.ServiceMeta.x'), viewWith({ x: '1.2~rc1' })).text).toBe('[1.2~rc1]')
  })

  it('has no syntax in it when it comes from elsewhere, from a service that is called as one here or from a node', () => {
    const Meta = { x: base64(evil) }
    const row = { Node: {}, Service: { Service: 'web', Address: '10.0.0.1', Port: 80, Meta }, Checks: [] }
    const known = new Map<string, Answer>([
      ['health.service(web@dc2|passing)', [row]],
      ['catalog.nodes', [{ Node: 'n', Meta }]],
    ])

    const decoded = run(
      '[{{ range service "web@dc2" }}{{ .ServiceMeta.x | base64Decode }}{{ end }}{{ range nodes }}{{ .Meta.x | base64Decode }}{{ end }}]',
      viewWith({ x: 'here' }),
      known,
    )

    expect(decoded.text).toBe('[]')
  })

  it('is the operator’s where it was decoded twice', () => {
    const known = new Map<string, Answer>([['kv.block(a)', { Key: 'a', Value: base64(base64(base64(evil))) }]])

    expect(run('{{ key "a" | base64Decode | base64Decode }}', viewWith({}), known).text).toBe(evil)
  })

  it('is the operator’s where it comes from a key', () => {
    const known = new Map<string, Answer>([['kv.block(a)', { Key: 'a', Value: base64(base64(evil)) }]])

    expect(
      run('{{ range service "web" }}{{ .Name }}{{ end }} {{ key "a" | base64Decode }}', viewWith({}), known).text,
    ).toBe(`web ${evil}`)
  })
})

describe('what is printed as it is registered', () => {
  const view = aView([aSite('web', 1)])

  it('is marked with its service; what the template says itself, or makes of it, is not', () => {
    const { text, pieces } = run(
      '{{ range services }}{{ range service .Name }}{{ .Name }} {{ .Node }} {{ "8080" }} {{ .Port }} {{ printf "%s;" .Address }}{{ end }}{{ end }}',
      view,
    )

    expect(text).toBe('web node-1 8080 8080 10.0.0.1;')
    expect(spansOf(pieces).map(({ start, end, service }) => [text.slice(start, end), service])).toEqual([
      ['web', 'web'],
      ['node-1', 'web'],
    ])
  })

  it('and would be a directive, is found', () => {
    const printed = run('{{ range service "web" }}{{ .ServiceMeta.x }} on;{{ end }}', viewWith({ x: 'gzip' }))

    expect(breakoutsIn([{ path: 'a.conf', ...printed }])).toMatchObject([{ service: 'web' }])
  })
})

describe('rendering again', () => {
  const answer = (text: string): Answer => ({ Key: 'a', Value: base64(text) })

  it('gives the same object while all answers are the same, and another when one is not', () => {
    const view = viewWith({})
    const one = answer('one')
    const template = goLanguage.compile({ path, text: '{{ key "a" }}{{ len (service "web") }}' })
    const render = (known: Answer) => template.render(view, record(view, new Map([['kv.block(a)', known]])))
    const first = render(one)

    expect(render(one)).toBe(first)
    expect(render(answer('two')).text).toBe('two1')
  })

  it('holds again what it waits for', () => {
    const view = viewWith({})
    const template = goLanguage.compile({ path, text: '{{ key "a" }}' })
    const heldBy = () => {
      const asking = record(view, new Map([['kv.block(a)', null]]))
      template.render(view, asking)
      return [...asking.held.keys()]
    }

    expect([heldBy(), heldBy()]).toEqual([['kv.block(a)'], ['kv.block(a)']])
  })

  it('looks at the environment', () => {
    const view = (X: string) => viewOf(aSeen(aSelection([])), someSurroundings({ env: { X } }))
    const template = goLanguage.compile({ path, text: '{{ env "X" }}' })

    expect(['1', '2'].map(text => template.render(view(text)).text)).toEqual(['1', '2'])
  })

  it('is done each time for what changes by itself', () => {
    const template = goLanguage.compile({
      path,
      text: '{{ timestamp "2006-01-02T15:04:05.000000Z" }}{{ sprig_randInt 0 1000000000 }}',
    })

    expect(template.render(aView()).text).not.toBe(template.render(aView()).text)
  })
})

it('the queries of a template are those it comes to', () => {
  const text = '{{ if eq (key "a") "x" }}{{ key "b" }}{{ else }}{{ key "c" }}{{ end }}'
  const asked = (value: string) => {
    const view = viewWith({})
    const asking = record(view, new Map<string, Answer>([['kv.block(a)', { Key: 'a', Value: base64(value) }]]))
    goLanguage.compile({ path, text }).render(view, asking)
    return [...asking.wanted.values()].map((query: Query) => (query.kind === 'key' ? query.key : ''))
  }

  expect([asked('x'), asked('y')]).toEqual([
    ['a', 'b'],
    ['a', 'c'],
  ])
})

describe('what checks say', () => {
  it.each([
    { text: '{{ range service "web" }}{{ .Address }} {{ .Status }}{{ end }}', looks: false },
    { text: '{{ range service "web" }}{{ range .Checks }}{{ .Output }}{{ end }}{{ end }}', looks: true },
    { text: '{{ range service "web" }}{{ (index .Checks 0).Name }}{{ end }}', looks: true },
    { text: '{{ service "web" | toJSON }}', looks: true },
    { text: '{{ key "a" | parseJSON }}', looks: false },
  ])('$text looks at it: $looks', ({ text, looks }) => {
    expect(goLanguage.compile({ path, text }).uses('checks')).toBe(looks)
  })
})
