import fc, { type Arbitrary } from 'fast-check'
import type { Datum } from './data.ts'
import { someData, someInt, someText } from './some-data.ts'
import { field, format, literal, quoted, variable } from './some-words.ts'

/** A template, what it is run with, and how. */
export interface Case {
  readonly template: string
  readonly data: Datum
  readonly left: string
  readonly right: string
  readonly missingKey: 'default' | 'zero' | 'error'
}

interface Grammar {
  whole: string
  text: string
  int: string
  bool: string
  list_: string
  any: string
  operand: string
  call: string
  command: string
  pipeline: string
  list: string
  action: string
}

const BLANK = fc.oneof(
  { weight: 9, arbitrary: fc.constant(' ') },
  { weight: 1, arbitrary: fc.constantFrom('  ', '\t', '\n') },
)
const words = (...parts: (string | Arbitrary<string>)[]): Arbitrary<string> =>
  fc
    .tuple(...parts.map(part => (typeof part === 'string' ? fc.constant(part) : part)))
    .map(texts => texts.filter(Boolean).join(' '))
const several = (part: Arbitrary<string>, most: number): Arbitrary<string> =>
  fc.array(part, { maxLength: most }).map(parts => parts.join(' '))

const plain = fc.oneof(
  fc.constantFrom('a', ' ', '\n', ' text ', '}', '}}', '\n\n  ', 'é', '{ {.'),
  someText.map(text => text.replaceAll('{', '')),
)

const { whole: text } = fc.letrec<Grammar>((tie: fc.LetrecTypedTie<Grammar>) => {
  const operand = tie('operand')
  const pipeline = tie('pipeline')
  const body = tie('list')
  const open = fc.constantFrom('{{', '{{', '{{', '{{', '{{ ', '{{- ')
  const close = fc.constantFrom('}}', '}}', '}}', '}}', ' }}', ' -}}')
  const tag = (...parts: (string | Arbitrary<string>)[]) =>
    fc.tuple(open, words(...parts), close).map(texts => texts.join(''))
  const end = tag('end')
  const maybeElse = fc.oneof(
    { weight: 2, arbitrary: fc.constant('') },
    fc.tuple(tag('else'), body).map(texts => texts.join('')),
  )
  const branch = (word: 'if' | 'with') =>
    fc
      .tuple(
        tag(word, pipeline),
        body,
        fc.oneof(
          maybeElse,
          fc.tuple(tag('else', word, pipeline), body, maybeElse).map(texts => texts.join('')),
        ),
        end,
      )
      .map(texts => texts.join(''))
  const rangeHead = fc.oneof(
    pipeline,
    words('$x', ':=', pipeline),
    words('$x, $y', '=', pipeline),
    words('$x', '=', pipeline),
  )
  const iterable = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.constantFrom(
        '.l',
        '.w',
        '.m',
        '.d',
        '.p.Tags',
        '3',
        '(count 3)',
        'words "a b c"',
        '.i',
        '$x',
        '"abc"',
        '(index .l 0)',
        '.n',
      ),
    },
    { weight: 1, arbitrary: pipeline },
  )
  const rangeKnown = fc.oneof(
    iterable,
    words('$x', ':=', iterable),
    words('$x, $y', '=', iterable),
    words('$y', '=', iterable),
  )
  const jump = fc.oneof(
    { weight: 5, arbitrary: fc.constant('') },
    words(),
    tag('break'),
    tag('continue'),
    fc.tuple(tag('if', pipeline), tag(fc.constantFrom('break', 'continue')), end).map(texts => texts.join('')),
  )
  const elements = fc.constantFrom('', '{{.}}', '{{$x}}', '{{$y}}', '{{.Name}}', '{{printf "%T" .}},')
  const pairs = fc.constantFrom('{{$i}}={{$e}} ', '{{$i}}', '{{printf "%T %v" $i $e}}', '{{$e.Name}}')
  const loop = (head: Arbitrary<string>, first: Arbitrary<string>) =>
    fc.tuple(tag('range', head), first, body, jump, maybeElse, end).map(texts => texts.join(''))
  const range = fc.oneof(
    loop(rangeHead, elements),
    { weight: 2, arbitrary: loop(rangeKnown, elements) },
    loop(words('$i, $e', ':=', fc.oneof(iterable, pipeline)), pairs),
  )
  const define = fc
    .tuple(tag('define', fc.constantFrom('"one"', '"two"', '`one`', '"t"', 'x', '""')), body, end)
    .map(texts => texts.join(''))
  const block = fc
    .tuple(tag('block', fc.constantFrom('"three"', '"four"', '"five"', '"one"'), pipeline), body, end)
    .map(texts => texts.join(''))
  const template = tag(
    'template',
    fc.constantFrom('"one"', '"two"', '"one"', '`two`', '"three"', '"nope"'),
    fc.oneof(fc.constant(''), pipeline),
  )
  const comment = fc.constantFrom('{{/* c */}}', '{{- /* c */ -}}', '{{/* a\nb */ -}}', '{{/*\n\n*/}}')

  const inParens = (...parts: (string | Arbitrary<string>)[]) => words(...parts).map(text => `(${text})`)
  const [text, int, bool, listing, any] = [tie('text'), tie('int'), tie('bool'), tie('list_'), tie('any')]
  /** What fits together, so that not every template fails at its first action. */
  const fitting = {
    text: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      { weight: 5, arbitrary: fc.oneof(quoted, fc.constantFrom('.s', '.d.k', '.p.Name', '$.s', '"\\xff"', '`raw`')) },
      inParens('upper', text),
      inParens('printf', format, several(any, 3)),
      inParens('print', several(any, 3)),
      inParens('join', text, fc.constantFrom('.w', '.p.Tags', '(words "a b")')),
      inParens(fc.constantFrom('html', 'js', 'urlquery', 'println'), several(any, 2)),
      inParens('.p.Greet', several(text, 2)),
      inParens('slice', text, fc.constantFrom('0', '0 1', '1', '0 0')),
      inParens('run', fc.constantFrom('"one"', '"two"'), any),
      inParens(text, '|', fc.constantFrom('upper', 'html', 'js', 'printf "%q"', 'print 1', 'printf "%-8s|%x" "a"')),
    ),
    int: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      { weight: 5, arbitrary: fc.oneof(someInt.map(String), fc.constantFrom('.i', '$.i', "'a'", '0x1F', '1_000')) },
      inParens('len', fc.oneof(text, listing, fc.constantFrom('.m', '.d'))),
      inParens('sum', several(int, 3)),
      inParens(int, '|', 'sum', int),
      inParens('index', text, '0'),
    ),
    bool: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      { weight: 3, arbitrary: fc.constantFrom('true', 'false', '.b') },
      inParens('not', any),
      inParens(fc.constantFrom('eq', 'ne', 'lt', 'le', 'gt', 'ge'), int, int),
      inParens(fc.constantFrom('eq', 'ne', 'lt', 'le', 'gt', 'ge'), text, text),
      inParens('eq', text, text, text),
      inParens('both', bool, bool),
      inParens(fc.constantFrom('and', 'or'), bool, any),
      inParens('lt', '.f', fc.constantFrom('1.5', '1.0', '.f')),
      inParens(int, '|', 'eq', int),
    ),
    list_: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      { weight: 5, arbitrary: fc.constantFrom('.l', '.w', '.p.Tags', '$.w') },
      inParens('words', text),
      inParens('slice', fc.constantFrom('.l', '.w', '.p.Tags'), fc.constantFrom('', '0', '0 0')),
      inParens('or', listing, listing),
    ),
    any: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      { weight: 4, arbitrary: fc.oneof(text, int, bool, listing) },
      {
        weight: 4,
        arbitrary: fc.oneof(
          literal,
          fc.constantFrom(
            '.',
            '$',
            '$x',
            '$y',
            '.m',
            '.d',
            '.f',
            '.u',
            '.n',
            '.zz',
            '.m.a',
            '.p',
            '.p.Value',
            '(index .m "a")',
            '(index .d "k")',
            '(same nil)',
            '(nothing)',
            '(half .f)',
            '(byte 7)',
            '(long 3)',
            '(count 2)',
          ),
        ),
      },
      inParens(fc.constantFrom('and', 'or'), any, any),
      inParens(
        any,
        '|',
        fc.constantFrom('print', 'printf "%v"', 'printf "%T"', 'same', 'html', 'not', 'or', 'printf "%#v|%+v" 1'),
      ),
    ),
  }
  const inner = (expression: Arbitrary<string>) =>
    expression.map(text => (/^\([^()]*\)$/.test(text) ? text.slice(1, -1) : text))
  const known = (name: string, ...args: (string | Arbitrary<string>)[]) => words(name, ...args)
  return {
    whole: fc
      .tuple(tie('list'), fc.oneof({ weight: 9, arbitrary: fc.constant('') }, define), tie('list'))
      .map(texts => texts.join('')),
    ...fitting,
    operand: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      { weight: 4, arbitrary: literal },
      { weight: 6, arbitrary: field },
      { weight: 3, arbitrary: variable },
      { weight: 3, arbitrary: pipeline.map(text => `(${text})`) },
      {
        weight: 1,
        arbitrary: fc.tuple(pipeline, fc.constantFrom('.Name', '.a', '.x.y')).map(([text, name]) => `(${text})${name}`),
      },
      { weight: 1, arbitrary: fc.constantFrom('nothing', 'nothing.x', 'sum', 'count') },
    ),
    call: fc.oneof(
      known('printf', format, several(operand, 3)),
      known('print', several(operand, 4)),
      known('println', several(operand, 2)),
      known('len', operand),
      known('index', operand, several(operand, 2)),
      known(
        'index',
        fc.constantFrom('.l', '.w', '.m', '.d', '.s', '.p.Tags'),
        fc.constantFrom('0', '1', '-1', '5', '"a"', '"k"', 'nil', '.i', '1.5', "'a'"),
      ),
      known(
        'slice',
        fc.constantFrom('.l', '.w', '.s', '.p.Tags', '"héllo"', '.m'),
        several(fc.constantFrom('0', '1', '2', '3', '.i', '-1', 'nil'), 4),
      ),
      known('slice', operand, several(operand, 2)),
      fc.tuple(fc.constantFrom('eq', 'ne', 'lt', 'le', 'gt', 'ge'), several(operand, 3)).map(parts => parts.join(' ')),
      fc
        .tuple(
          fc.constantFrom('eq', 'lt', 'ge'),
          fc.constantFrom('.i', '.u', '.s', '.f', '.n', '.p'),
          fc.constantFrom('1', '.i', '.u', '"a"', '1.5', '.n', 'nil', '.p', '.l'),
        )
        .map(parts => parts.join(' ')),
      fc.tuple(fc.constantFrom('and', 'or'), several(operand, 3)).map(parts => parts.join(' ')),
      known('not', operand),
      fc.tuple(fc.constantFrom('html', 'js', 'urlquery'), several(operand, 2)).map(parts => parts.join(' ')),
      known('call', several(operand, 2)),
      known('upper', operand),
      known('join', operand, operand),
      known('join', '","', fc.constantFrom('.w', '.l', '.p.Tags', '(words .s)')),
      known('words', operand),
      known('sum', several(fc.oneof(operand, someInt.map(String)), 3)),
      known('half', operand),
      known('byte', operand),
      known('long', operand),
      known('both', operand, operand),
      known('same', operand),
      known('nothing'),
      known('broken', operand),
      known('size', fc.oneof(operand, fc.constantFrom('.m', '.d', '.'))),
      known('pair', fc.oneof(operand, fc.constantFrom('.p', '.n', 'nil'))),
      known('run', fc.constantFrom('"one"', '"two"', '"nope"'), several(operand, 1)),
      known('.p.Greet', several(operand, 2)),
      known('$.p.Greet', several(quoted, 2)),
    ),
    command: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      { weight: 2, arbitrary: operand },
      { weight: 2, arbitrary: tie('call') },
      { weight: 24, arbitrary: inner(fc.oneof(text, int, bool, listing, any, any)) },
      { weight: 1, arbitrary: words(operand, operand) },
    ),
    pipeline: fc
      .tuple(
        tie('command'),
        fc.oneof(
          { weight: 4, arbitrary: fc.constant<string[]>([]) },
          fc.array(
            fc.oneof(
              { weight: 1, arbitrary: tie('call') },
              {
                weight: 6,
                arbitrary: fc.constantFrom(
                  'len',
                  'print',
                  'upper',
                  'printf "%v"',
                  'printf "%q"',
                  'printf "%d"',
                  'printf "%x"',
                  'html',
                  'not',
                  'same',
                  'index .l',
                  'eq 1',
                  'join "-"',
                  'or',
                  'and 1',
                  'half',
                  'js',
                  'urlquery',
                  'println',
                  'words',
                  'printf "%s %v" 1',
                ),
              },
            ),
            { maxLength: 2 },
          ),
        ),
        BLANK,
      )
      .map(([first, rest, blank]) => [first, ...rest].join(`${blank}|${blank}`)),
    list: fc.array(tie('action'), { maxLength: 3 }).map(parts => parts.join('')),
    action: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      { weight: 4, arbitrary: plain },
      { weight: 12, arbitrary: tag(pipeline) },
      { weight: 2, arbitrary: tag(fc.constantFrom('$x', '$y'), fc.constantFrom(':=', '='), pipeline) },
      { weight: 3, arbitrary: branch('if') },
      { weight: 2, arbitrary: branch('with') },
      { weight: 4, arbitrary: range },
      { weight: 1, arbitrary: block },
      { weight: 1, arbitrary: template },
      { weight: 1, arbitrary: comment },
    ),
  }
})

const whole = fc
  .tuple(
    fc.oneof(
      {
        weight: 8,
        arbitrary: fc
          .tuple(fc.constantFrom('.i', '.l', '1', '"q"', '.m'), fc.constantFrom('.p', '.s', '2.5', '.w'))
          .map(([x, y]) => `{{$x := ${x}}}{{$y := ${y}}}`),
      },
      { weight: 0, arbitrary: fc.constant('') },
    ),
    fc.oneof(
      { weight: 1, arbitrary: fc.constant('') },
      {
        weight: 9,
        arbitrary: fc.constantFrom(
          '{{define "one"}}[{{.}}]{{end}}{{define "two"}}{{with .}}{{.}};{{else}}none{{end}}{{end}}',
          '{{define "one"}}{{printf "%T" .}}{{end}}{{define "two"}}{{$x := .}}{{$x}}{{template "one" $x}}{{end}}',
          '{{define "one"}}[{{.}}]{{end}}{{define "two"}}{{range $i, $e := .}}{{$i}}:{{$e}};{{else}}none{{end}}{{end}}',
        ),
      },
    ),
    text,
  )
  .map(parts => parts.join(''))

/** A template with something taken out or put in: what a slip of the finger makes of it. */
const damaged = fc
  .tuple(
    whole,
    fc.nat(),
    fc.nat({ max: 3 }),
    fc.constantFrom(
      '',
      '',
      '{{',
      '}}',
      '(',
      ')',
      '|',
      '"',
      '`',
      "'",
      '.',
      '$',
      ':=',
      '=',
      ',',
      '{{end}}',
      '{{else}}',
      '-',
      ' -}}',
      '{{- ',
      '%',
      '\\',
      '0x',
      '1e',
      '{{if',
      '\xff',
      '@',
      '{{/*',
      '*/}}',
      '😀',
      '\n',
      '{{range}}',
      '{{break}}',
      '?',
    ),
  )
  .map(([text, place, cut, added]) => {
    const chars = Array.from(text)
    chars.splice(place % (chars.length + 1), cut, added)
    return chars.join('')
  })

export const someCase: Arbitrary<Case> = fc
  .tuple(
    fc.oneof(
      { weight: 5, arbitrary: whole },
      { weight: 2, arbitrary: damaged },
      {
        weight: 2,
        arbitrary: fc
          .tuple(format, fc.array(fc.oneof(field, literal), { maxLength: 3 }))
          .map(([text, args]) => `{{printf ${text} ${args.join(' ')}}}`),
      },
    ),
    someData,
    fc.oneof(
      { weight: 12, arbitrary: fc.constant(['{{', '}}'] as const) },
      fc.constantFrom(
        ['<<', '>>'] as const,
        ['[[', ']]'] as const,
        ['<%', '%>'] as const,
        ['', ''] as const,
        ['{%', '%}'] as const,
        ['|', '|'] as const,
      ),
    ),
    fc.constantFrom('default', 'default', 'zero', 'error'),
  )
  .map(([text, value, [left, right], missingKey]) => ({
    template: left === '' ? text : text.replaceAll('{{', left).replaceAll('}}', right),
    data: value,
    left,
    right,
    missingKey: missingKey as Case['missingKey'],
  }))
