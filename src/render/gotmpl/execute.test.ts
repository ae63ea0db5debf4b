import { describe, expect, it } from 'vitest'
import { type ExecuteOptions, execute } from './execute.ts'
import { DEEPEST } from './look-ahead.ts'
import { parse } from './parse.ts'
import { BudgetError, TemplateError } from './template-error.ts'
import { Func, fromJson, GoError, GoMap, NO_VALUE, Num, Opaque, Slice, Struct, type Value } from './values.ts'

const catalog = fromJson({ service: 'web', tags: ['calico'] })

function render(template: string, data: Value = catalog, options: Partial<ExecuteOptions> & { name?: string } = {}) {
  const { functions = new Map(), name = 'app.ctmpl', ...others } = options
  const parsed = parse(template, { name, functions })
  return execute(parsed, data, { functions, missingKey: 'zero', budget: { ms: 10_000, bytes: 1_000_000 }, ...others })
}

function thrownBy(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    return error
  }
}

const funcs = (...all: Func[]) => new Map(all.map(func => [func.name, func]))

describe('a template that fails', () => {
  it('says where, in Go’s words and in numbers; the column counts bytes', () => {
    const error = thrownBy(() => render('a\n✓{{ .service.port }}'))

    expect(error).toBeInstanceOf(TemplateError)
    expect(error).toMatchObject({
      message: `template: app.ctmpl:2:14: executing "app.ctmpl" at <.service.port>: can't evaluate field port in type interface {}`,
      line: 2,
      column: 14,
    })
  })

  it('says on which line it does not parse', () => {
    const error = thrownBy(() => render('a\n{{ if }}'))

    expect(error).toMatchObject({ message: 'template: app.ctmpl:2: missing value for if', line: 2, column: undefined })
  })

  it('keeps the cause: what a function threw', () => {
    const cause = new GoError('no such service')
    const lookup = new Func('lookup', [], () => {
      throw cause
    })

    expect(thrownBy(() => render('{{ lookup }}', null, { functions: funcs(lookup) }))).toMatchObject({ cause })
  })

  it('is not blamed for a bug in a function', () => {
    const buggy = new Func('buggy', [], () => {
      throw new TypeError('x is undefined')
    })

    expect(thrownBy(() => render('{{ buggy }}', null, { functions: funcs(buggy) }))).toBeInstanceOf(TypeError)
  })
})

describe('a template that would not end', () => {
  const numbers = new Func('numbers', [], () => new Num('int64', 2n ** 62n))

  it.each([
    ['a loop without output', '{{ range 9223372036854775807 }}{{ end }}', /app.ctmpl:1:9: .*took longer than 50 ms/],
    ['a loop over what a function gave', '{{ range numbers }}{{ end }}', /took longer than 50 ms/],
    ['loops in loops', `${'{{ range 9 }}'.repeat(30)}${'{{ end }}'.repeat(30)}`, /took longer than 50 ms/],
    [
      'a loop that calls',
      '{{ define "a" }}{{ end }}{{ range 999999999999 }}{{ template "a" }}{{ end }}',
      /longer than 50/,
    ],
    ['a loop that writes', '{{ range 9223372036854775807 }}some text{{ end }}', /writes more than 100000 bytes/],
    [
      'a text that doubles',
      '{{ $x := "text" }}{{ range 99 }}{{ $x = print $x $x }}{{ end }}',
      /texts of more than 400000 bytes/,
    ],
    [
      'a width without sense',
      '{{ range 999999 }}{{ $x := printf "%999999d" 1 }}{{ end }}',
      /texts of more than 400000 bytes/,
    ],
    [
      'escapes of escapes',
      '{{ $x := "%" }}{{ range 99 }}{{ $x = urlquery $x $x }}{{ end }}',
      /texts of more than 400000 bytes/,
    ],
  ])('is stopped: %s', (_, template, message) => {
    const error = thrownBy(() =>
      render(template, null, { functions: funcs(numbers), budget: { ms: 50, bytes: 100_000 } }),
    )

    expect(error).toBeInstanceOf(BudgetError)
    expect((error as Error).message).toMatch(message)
  })

  it('is stopped when it calls itself for ever', () => {
    const template = '{{ define "a" }}{{ template "a" }}{{ end }}{{ template "a" }}'

    expect(() => render(template)).toThrow(/executing "a" at <{{template "a"}}>: exceeded maximum template depth/)
  })

  it('is stopped when a value holds itself', () => {
    const self = new GoMap('map[string]interface {}', [])
    self.entries.set('self', self)

    expect(thrownBy(() => render('{{ . }}', self))).toBeInstanceOf(Error)
  })

  it.each([
    { opening: '{{ if 1 }}', closing: '{{ end }}' },
    { opening: '{{ range 1 }}', closing: '{{ end }}' },
    { opening: '{{ with 1 }}', closing: '{{ end }}' },
    { opening: '{{ if 0 }}{{ else }}', closing: '{{ end }}' },
    { opening: '{{ block "#" 1 }}', closing: '{{ end }}' },
    { opening: '(', closing: ')' },
    { opening: '(print ', closing: ')' },
  ])('may nest to a depth that is always the same: $opening', ({ opening, closing }) => {
    const isAction = opening.startsWith('{{')
    const nested = (depth: number) => {
      const inner = `${Array.from({ length: depth }, (_, n) => opening.replace('#', String(n))).join('')}${isAction ? 'x' : '"x"'}${closing.repeat(depth)}`
      return isAction ? inner : `{{ ${inner} }}`
    }

    expect(render(nested(DEEPEST))).toBe('x')
    for (const depth of [DEEPEST + 1, 50_000]) {
      expect(() => render(nested(depth))).toThrow('template: app.ctmpl:1: max expression depth exceeded')
    }
  })

  it('counts parentheses and blocks together, and forgets what it has left', () => {
    const half = DEEPEST / 2
    const parentheses = (depth: number) => `{{ if ${'('.repeat(depth)}1${')'.repeat(depth)} }}`
    const blocks = (depth: number) =>
      `${'{{ if 1 }}'.repeat(depth - 1)}${parentheses(half)}${'{{ end }}'.repeat(depth)}`

    expect(render(blocks(half).repeat(3))).toBe('')
    expect(() => render(blocks(half + 1))).toThrow('max expression depth exceeded')
  })

  it('shares its budget with the templates that a function runs', () => {
    const run = new Func('run', ['string'], ([name], { execute }) => execute(String(name), null))
    const template = '{{ define "a" }}{{ range 99999999999 }}{{ end }}{{ end }}{{ range 99999 }}{{ run "a" }}{{ end }}'

    const error = thrownBy(() => render(template, null, { functions: funcs(run), budget: { ms: 50, bytes: 1000 } }))

    expect((error as Error).message).toMatch(/^template: app.ctmpl:1:\d+: executing "a" .* took longer than 50 ms$/)
  })
})

describe('what is printed', () => {
  it('passes through one place: values do, the template’s own text does not', () => {
    const seen: unknown[] = []
    const printed = (...place: unknown[]) => void seen.push(place)

    const text = render('name {{ .service }} {{ 1.5 }}{{ .none }}{{ $x := 1 }} end', catalog, { printed })

    expect(text).toBe('name web 1.5<no value> end')
    expect(seen).toEqual([
      [5, 8, 'web'],
      [9, 12, '1.5'],
      [12, 22, '<no value>'],
    ])
  })

  it('takes a type with a life of its own as it prints itself, and for what it is made of', () => {
    class Duration extends Opaque {
      readonly goType = 'time.Duration'
      print() {
        return '1.5s'
      }
      override underlying() {
        return new Num('int64', 1_500_000_000n)
      }
      override method(name: string) {
        return name === 'Seconds' ? new Func('Seconds', [], () => 1.5) : undefined
      }
    }
    const template = '{{ . }} {{ printf "%s %5v %d %T" . . . . }} {{ .Seconds }} {{ gt . 3 }} {{ if . }}yes{{ end }}'

    expect(render(template, new Duration())).toBe('1.5s 1.5s  1.5s 1500000000 time.Duration 1.5 true yes')
  })

  it('puts a character together that was cut apart', () => {
    expect(render('{{ slice "é" 0 1 }}{{ slice "é" 1 2 }}')).toBe('é')
  })
})

describe('values as consul-template has them', () => {
  it('gives a missing entry of a map of structs the struct’s zero value', () => {
    const zero = new Struct(
      'api.ServiceAddress',
      new Map<string, Value>([
        ['Address', ''],
        ['Port', 0n],
      ]),
    )
    const addresses = new GoMap('map[string]api.ServiceAddress', [], false, zero)

    expect(render('[{{ .lan.Address }}]{{ .lan.Port }}{{ (index . "wan").Port }}', addresses)).toBe('[]00')
  })

  it('runs a method with its arguments, the piped one last', () => {
    const greet = new Func('Greet', ['string', 'string'], ([one, other]) => `${String(one)} ${String(other)}`)
    const node = new Struct('*dependency.Node', new Map(), { methods: new Map([['Greet', greet]]) })

    expect(render('{{ "b" | .Greet "a" }}', node)).toBe('a b')
  })

  it('lets a function of the library stand in for a builtin', () => {
    const index = new Func('index', ['interface {}'], () => 'mine')

    expect(render('{{ index 1 }}', null, { functions: funcs(index) })).toBe('mine')
  })

  it('knows nothing where the data is nothing', () => {
    expect(render('{{ . }} {{ .a.b }}', NO_VALUE)).toBe('<no value> <no value>')
    expect(() => render('{{ .a }}', null, { missingKey: 'error' })).toThrow('nil data; no entry for key "a"')
  })

  it('hands a function its arguments in the types it asked for', () => {
    const seen: Value[][] = []
    const take = new Func('take', ['float64', 'uint8', '[]string', '...interface {}'], args => {
      seen.push(args)
      return ''
    })

    render("{{ take 1 'a' nil 1 .none }}", catalog, { functions: funcs(take) })

    expect(seen).toEqual([[1, new Num('uint8', 97n), new Slice('[]string', [], true), 1n, null]])
  })
})
