import { describe, expect, it } from 'vitest'
import { type Code, isOf, type UpstreamdError } from '../../src/errors.ts'
import { languageOf, languages } from '../../src/render/registry.ts'
import { origin, type View } from '../../src/render/view.ts'
import { aServer, aSite, aView } from '../support/builders.ts'

/** How each language says the same things. One that says nothing here fails the first test below. */
interface Phrases {
  /** Every service: its name, and its servers with weights. */
  readonly everything: string
  readonly prints: string
  /** What of the view it looks at for that. */
  readonly looksAt: keyof View
  /** Uses a name that is not there, on line 2. */
  readonly undefinedName: string
  /** Uses a field that is not there of a value that is, on line 3. */
  readonly undefinedField: string
  /** Cannot be read, on line 2. */
  readonly broken: string
  /** Tries to change what it sees, or what it has seen. */
  readonly meddling: readonly string[]
  /** Tries to reach the program that renders it. */
  readonly escaping: readonly string[]
}

const phrases: Readonly<Record<string, Phrases>> = {
  nunjucks: {
    everything:
      '{% for s in sites %}{{ s.service }} {{ s.serverNames | join(",") }}' +
      '{% for u in s.upstream.servers %} {{ u.endpoint }}/{{ u.weight }}{% endfor %}\n{% endfor %}',
    prints: 'api api.flyclock.cn 10.0.0.1:8080/5 [fd00::5]:80/1\nweb web.flyclock.cn,shop.org 10.0.0.1:8080/1\n',
    looksAt: 'sites',
    undefinedName: 'a\n{{ nobody }}',
    undefinedField: 'a\nb\n{{ nginx.nothing }}',
    broken: 'a\n{% for %}',
    meddling: [
      '{{ sites.reverse() | length }}',
      '{{ sites.pop() | length }}',
      '{{ sites.push(1) }}',
      '{{ sites[0].upstream.servers.sort() | length }}',
      '{% set sites = [] %}{{ sites | length }}',
      '{% set domain = "other" %}{{ domain }}',
    ],
    escaping: [
      '{{ "".constructor.constructor("return process")() }}',
      '{{ range.constructor("return process")() }}',
      '{{ sites.__proto__ }}',
      '{{ process.env }}',
      '{{ env.__proto__.x }}',
      '{{ globalThis }}',
      '{{ require("node:fs") }}',
    ],
  },
  gotmpl: {
    everything:
      '{{ range services }}{{ .Name }}{{ range service .Name }} {{ .Address }}:{{ .Port }}/{{ .Weights.Passing }}{{ end }}\n{{ end }}',
    prints: 'api 10.0.0.1:8080/5 [fd00::5]:80/1\nweb 10.0.0.1:8080/1\n',
    looksAt: 'listed',
    undefinedName: 'a\n{{ nobody }}',
    undefinedField: 'a\nb\n{{ range services }}{{ .Nothing }}{{ end }}',
    broken: 'a\n{{ range }}',
    meddling: [
      '{{ range services }}{{ sprig_set .Tags "a" "b" }}{{ end }}',
      '{{ range service "api" }}{{ sprig_set .ServiceMeta "a" "b" }}{{ end }}',
      '{{ sprig_reverse services }}{{ sprig_sortAlpha (index services 0).Tags }}',
      '{{ sprig_append services 1 | len }}',
      '{{ scratch.Set "services" 1 }}',
      '{{ define "services" }}{{ end }}',
    ],
    escaping: [
      '{{ plugin "id" }}',
      '{{ writeToFile "/tmp/upstreamd-escaped" "" "" "0644" "text" }}',
      '{{ (index services 0).constructor }}',
      '{{ services.__proto__ }}',
      '{{ (index services 0).Name.constructor }}',
      '{{ constructor }}',
      '{{ call print.call }}',
      '{{ key "a" | executeTemplate "nobody" }}',
    ],
  },
}

const view: View = aView(
  [
    aSite('api', [aServer({ weight: 5 }), aServer({ address: 'fd00::5', port: 80 })]),
    aSite('web', 1, { serverNames: ['web.flyclock.cn', 'shop.org'] }),
  ],
  { env: { HOME: '/root' } },
)

it('every language that is registered has to keep these promises', () => {
  expect(Object.keys(phrases).sort()).toEqual(languages.map(({ name }) => name).sort())
})

it('no two languages claim the same extension, and each is found by its own', () => {
  const extensions = languages.flatMap(language => language.extensions)

  expect(new Set(extensions).size).toBe(extensions.length)
  for (const language of languages) {
    for (const extension of language.extensions) {
      expect(extension).toMatch(/^\.\w+$/)
      expect(languageOf(`/etc/app.conf${extension}`)).toBe(language)
    }
  }
})

describe.each(languages.map(language => ({ language, name: language.name })))(
  'language $name',
  ({ language, name }) => {
    const path = `/etc/app.conf${language.extensions[0]}`
    const compile = (text: string) => language.compile({ path, text })
    const said = phrases[name] as Phrases

    function thrown(task: () => unknown): UpstreamdError {
      try {
        task()
      } catch (error) {
        if (isOf('template', error)) return error
        throw error
      }
      throw new Error('nothing was thrown')
    }

    it('a template sees services and servers', () => {
      expect(compile(said.everything).render(view).text).toBe(said.prints)
    })

    it('the same view gives the same text, from one template and from two', () => {
      const template = compile(said.everything)
      const first = template.render(view).text

      expect(template.render(view).text).toBe(first)
      expect(compile(said.everything).render(structuredView()).text).toBe(first)
    })

    it('a text without anything to fill in is given as it is', () => {
      const text = 'server { return 200 "$host \\n"; }\n# ünï\n\n'

      expect(compile(text).render(view).text).toBe(text)
    })

    it('a template keeps the text it was made of', () => {
      expect(compile(said.everything).source).toEqual({ path, text: said.everything })
    })

    it.each<{ title: string; phrase: keyof Phrases; code: Code; line: number }>([
      { title: 'a name', phrase: 'undefinedName', code: 'TEMPLATE_UNDEFINED', line: 2 },
      { title: 'a field', phrase: 'undefinedField', code: 'TEMPLATE_UNDEFINED', line: 3 },
    ])('$title that is not there is an error with its place', ({ phrase, code, line }) => {
      const error = thrown(() => compile(said[phrase] as string).render(view))

      expect(error.code).toBe(code)
      expect(error.message).toMatch(new RegExp(`^${path}:${line}:\\d+: `))
    })

    it('what cannot be read is an error with its place, before anything is rendered', () => {
      const error = thrown(() => compile(said.broken))

      expect(error.code).toBe('TEMPLATE_SYNTAX')
      expect(error.message).toMatch(new RegExp(`^${path}:2:\\d+: `))
    })

    it('after an error the template can be rendered again', () => {
      const template = compile(said.undefinedField)

      const first = thrown(() => template.render(view)).message

      expect(thrown(() => template.render(view)).message).toBe(first)
    })

    it.each(said.meddling)('a template changes nothing for the next one: %s', text => {
      const before = compile(said.everything).render(view).text

      try {
        compile(text).render(view)
      } catch (error) {
        expect(isOf('template', error)).toBe(true)
      }

      expect(compile(said.everything).render(view).text).toBe(before)
    })

    it.each(said.escaping)('a template does not reach the program: %s', text => {
      expect(thrown(() => compile(text).render(view)).message).toMatch(new RegExp(`^${path}:1:\\d+: `))
    })

    it('it is known which parts of the view a template looks at', () => {
      expect(compile(said.everything).uses(said.looksAt)).toBe(true)
      expect(compile(said.everything).uses('services')).toBe(false)
      expect(compile('sites services').uses(said.looksAt)).toBe(false)
    })
  },
)

/** The same view, made of other objects. */
function structuredView(): View {
  const { service, ...data } = view
  return { ...structuredClone({ ...data, services: [] }), service, [origin]: view[origin] }
}
