import fc, { type Arbitrary } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isOf } from '../../src/errors.ts'
import type { Answer, Answers, Kind, Query } from '../../src/model/query.ts'
import { dataFunctions } from '../../src/render/gotmpl/data/index.ts'
import { functionLibrary } from '../../src/render/gotmpl/functions/index.ts'
import { goLanguage } from '../../src/render/gotmpl/index.ts'
import type { Func } from '../../src/render/gotmpl/values.ts'
import type { Asking } from '../../src/render/language.ts'
import { chances } from '../oracle/templates/random.ts'
import { damaged, someTemplate } from '../oracle/templates/template.ts'
import { someWorld } from '../oracle/templates/world.ts'
import { aView } from '../support/builders.ts'
import { answerOf } from '../support/gotmpl-data.ts'

// A run that fails prints its seed and path; they are kept here, so that it is run again for ever.
const kept: readonly { readonly seed: number }[] = [{ seed: 1 }]

/** Of each kind, twice; `TIMES=20000 npx vitest run --project fuzz go-templates` takes a minute. */
const TIMES = Number(process.env.TIMES ?? 800)
/** Far more than any budget; what does not look at its budget takes for ever. */
const PATIENCE_MS = 15_000

/** Slow on purpose, or not for templates alone to call. */
const left = /^(sprig_(gen\w+|bcrypt|htpasswd|derivePassword|buildCustomCert)|plugin|writeToFile|file)$/
const library = functionLibrary({ now: () => 0, environment: new Map(), addresses: () => [], effects: {} })
const asked = dataFunctions({ ask: () => undefined, hold: () => {} })
const functions: readonly Pick<Func, 'name' | 'params'>[] = [
  ...[...library().values(), ...asked].filter(({ name }) => !left.test(name)),
  { name: 'printf', params: ['string', '...interface {}'] },
  ...['print', 'html', 'js', 'and', 'or', 'eq', 'lt', 'index', 'slice'].map(name => ({
    name,
    params: ['...interface {}'],
  })),
  { name: 'len', params: ['interface {}'] },
]
const oneOf = (...texts: readonly string[]): Arbitrary<string> => fc.constantFrom(...texts)

/** What fits, but for its size. */
const fitting: Readonly<Record<string, Arbitrary<string>>> = {
  string: fc.oneof(
    oneOf(
      '""',
      '"a"',
      '"web"',
      '"app"',
      '"a,b"',
      '"%999999999d"',
      '"%v %*d"',
      '"(a*)*$"',
      '"[1,{}]"',
      '"a: &x [*x]"',
      '"\\xff"',
    ),
    fc.string({ maxLength: 6 }).map(text => JSON.stringify(text)),
  ),
  int: oneOf('0', '1', '-1', '2', '3', '99999', '999999999', '9223372036854775807', '-9223372036854775808', "'a'"),
  float64: oneOf('0.0', '1.5', '-1e300', '1e-300', '9e99'),
  bool: oneOf('true', 'false'),
  '[]string': oneOf('(split "," "a,b")', 'datacenters', '(split "" "abcdef")', '(sprig_splitList "," "")'),
  '[]interface {}': oneOf('(sprig_list 1 "a" nil)', '$list', '(sprig_list)', '(parseJSON "[1,[2]]")'),
  'map[string]interface {}': oneOf('(sprig_dict "a" 1)', '$map', 'sprig_dict', '(parseJSON "{\\"a/b\\":{}}")'),
}
const anything = fc.oneof(
  ...Object.values(fitting),
  oneOf('nil', '.', '$', '$x', 'services', '(service "web")', '(tree "app")', 'scratch', '1i', '.Name', '$x.Tags'),
)

const { pipeline } = fc.letrec<{ pipeline: string; call: readonly string[] }>(tie => ({
  // All but the first one get their last argument from the one before.
  pipeline: fc
    .array(tie('call'), { minLength: 1, maxLength: 3 })
    .map(calls => calls.map((words, at) => words.slice(0, at === 0 ? undefined : -1).join(' ') || 'len').join(' | ')),
  call: fc.constantFrom(...functions).chain(({ name, params }) => {
    const more = params.at(-1)?.startsWith('...') ? params.slice(-1) : []
    const operands = [...params, ...more].map(type =>
      fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        { weight: 12, arbitrary: fitting[type.replace('...', '')] ?? anything },
        { weight: 1, arbitrary: anything },
        { weight: 2, arbitrary: tie('pipeline').map(text => `(${text})`) },
      ),
    )
    return fc.tuple(fc.constant(name), ...operands)
  }),
}))

const word = fc.oneof(
  anything,
  pipeline,
  oneOf(
    '{{',
    '}}',
    '{{- ',
    ' -}}',
    '|',
    '(',
    ')',
    ':=',
    '=',
    ',',
    '/*',
    '*/',
    '"',
    '`',
    '\\',
    '\n',
    '\0',
    'é',
    '😀',
    '\ud800',
  ),
  oneOf(
    'if',
    'else',
    'end',
    'range',
    'with',
    'define',
    'template',
    'block',
    'break',
    'continue',
    '"t"',
    'executeTemplate',
  ),
)

const soup = fc
  .array(
    fc.oneof(
      word,
      pipeline.map(text => `{{ ${text} }}`),
      pipeline.map(text => `{{ $x = ${text} }}`),
    ),
    { maxLength: 12 },
  )
  .map(words => words.join(' '))

/** What calls may name. */
const before =
  '{{ $x := 1 }}{{ $list := sprig_list 1 }}{{ $map := sprig_dict "a" 1 }}{{ $_ := sprig_set $map "self" $map }}'

/** What fits together, and repeats and grows. */
const grown = fc
  .tuple(pipeline, pipeline, oneOf('if', 'with', 'range', 'range $i, $x :=', 'range $x =', 'block "u"', 'template "t"'))
  .map(
    ([first, second, head]) =>
      `{{ define "t" }}${before}{{ ${first} }}{{ template "t" . }}{{ end }}{{ ${head} ${second} }}{{ ${first} }}{{ end }}`,
  )

const mutated = fc.tuple(fc.nat(), fc.nat({ max: 4 })).map(([seed, times]) => {
  const chance = chances(seed)
  const template = someTemplate(someWorld(chance), chance)
  return Array.from({ length: times }).reduce((text: string) => damaged(text, chance), template)
})

const held = {
  services: [{ Name: 'web', Tags: ['a', 'b'] }, { Name: 'api' }],
  service: ['web', 'web|any', 'api', 'a'].map(query => ({
    query,
    entries: [
      { Node: 'n1', Address: '10.0.0.1', Port: 80, ID: 'web-1', Name: 'web', Tags: ['a'], ServiceMeta: { v: '1' } },
    ],
  })),
  connect: [],
  nodes: [{ Node: 'n1', Address: '10.0.0.1' }],
  node: { '': { Node: { Node: 'n1' }, Services: [{ ID: 'web-1', Service: 'web' }] } },
  kv: { 'app/name': 'shop', 'app/json': '{"a":[1,2.5,null]}', a: 'b', 'app/yaml': 'a: &x [1]\nb: *x' },
  datacenters: ['dc1'],
}
const asking: Asking = {
  ask: <K extends Kind>(query: Query & { readonly kind: K }) =>
    answerOf(query, held) as Answer | undefined as Answers[K] | undefined,
  hold: () => {},
}
const view = aView()

describe('a template, whatever stands in it', () => {
  it.each([
    { what: 'words of the language in any order', templates: soup },
    {
      what: 'any calls with any arguments, in loops and in itself',
      templates: grown,
      times: Number(process.env.TIMES ?? 400),
    },
    { what: 'a template as people write it, damaged', templates: mutated },
  ])('gives a text, or an error of the template, and ends: $what', ({ templates }) => {
    const isFine = (text: string) => {
      const began = performance.now()
      const failure = failureOf(text)
      expect(failure === undefined || isOf('template', failure) ? 'fine' : failure).toBe('fine')
      expect(performance.now() - began).toBeLessThan(PATIENCE_MS)
    }

    for (const parameters of [...kept, {}]) fc.assert(fc.property(templates, isFine), { ...parameters, numRuns: TIMES })
  })
})

function failureOf(text: string): unknown {
  try {
    goLanguage.compile({ path: 'app.ctmpl', text: before + text }).render(view, asking)
    return undefined
  } catch (error) {
    return error
  }
}
