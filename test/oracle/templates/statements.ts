import { expression, operand } from './expressions.ts'
import { quoted } from './queries.ts'
import { deeper, elementOf, type Kind, type Scope } from './scope.ts'

const texts = [
  ...[
    '\n',
    ' ',
    '\n    ',
    'upstream x {\n',
    '}\n',
    'server ',
    ';\n',
    '# a comment\n',
    ': ',
    '"',
    'größe ',
    '\t',
    '} }',
    '{ ',
  ],
]
const printed: readonly Kind[] = ['text', 'text', 'text', 'int', 'bool', 'texts', 'any', 'map', 'dict', 'float', 'list']
const ranged: readonly Kind[] = [
  ...([
    'instances',
    'instances',
    'instances',
    'snippets',
    'snippets',
    'nodes',
    'pairs',
    'pairs',
    'texts',
    'list',
  ] as const),
  ...(['map', 'dict', 'grouped', 'nodeServices', 'checks'] as const),
]
const bound: readonly Kind[] = [
  ...printed,
  'instances',
  'snippets',
  'pairs',
  'instance',
  'catalogNode',
  'nodes',
  'pair',
]

/** A few actions and the text around them. */
export function statements(scope: Scope, most = 4): string {
  let inside = scope
  let made = ''
  for (let left = 1 + scope.chance.below(most); left > 0; left--) {
    const [text, after] = statement(inside)
    made += text
    inside = after
  }
  return made
}

/** The text, and what there is for those behind it. */
function statement(scope: Scope): [string, Scope] {
  const { chance, depth } = scope
  if (chance.isOne(4)) return [chance.pick(texts), scope]
  if (chance.isOne(6)) return declaration(scope)
  if (chance.isOne(14)) return [scratching(scope), scope]
  if (chance.isOne(40)) return [action(scope, chance.pick(['/* a comment */', '/* two\nlines */'])), scope]
  if (depth < 3 && chance.isOne(2)) return [chance.pick([condition, range, range, range, within, called])(scope), scope]
  return [action(scope, expression(chance.pick(printed), scope)), scope]
}

/** With trim markers and blanks as it comes. A comment may stand behind a delimiter only. */
function action({ chance }: Scope, text: string): string {
  const isComment = text.startsWith('/*')
  const open = chance.isOne(5) ? '{{- ' : isComment ? '{{' : chance.pick(['{{', '{{ '])
  const close = chance.isOne(5) ? ' -}}' : isComment ? '}}' : chance.pick(['}}', ' }}'])
  return open + text + close
}

function declaration(scope: Scope): [string, Scope] {
  const { chance, variables } = scope
  const known = variables.filter(({ kind }) => bound.includes(kind))
  if (known.length > 0 && chance.isOne(3)) {
    const { name, kind } = chance.pick(known)
    return [action(scope, `${name} = ${expression(kind, scope)}`), scope]
  }
  const kind = chance.pick(bound)
  const name = chance.pick(['$x', '$y', '$name', '$list', '$größe'])
  const after = { ...scope, variables: [...variables.filter(one => one.name !== name), { name, kind }] }
  return [action(scope, `${name} := ${expression(kind, scope)}`), after]
}

function scratching(scope: Scope): string {
  const { chance } = scope
  const value = operand('any', scope)
  return action(
    scope,
    chance.pick([
      `scratch.Set "a" ${value}`,
      `scratch.SetX "a" ${value}`,
      `scratch.Set "s" ${operand('text', scope)}`,
      `scratch.MapSet "m" ${operand('text', scope)} ${value}`,
      `scratch.MapSetX "m" ${operand('text', scope)} ${value}`,
      `scratch.MapValues "m"`,
      `scratch.Get "m"`,
      `range scratch.MapValues "m" }}{{ . }}{{ end`,
    ]),
  )
}

function condition(scope: Scope): string {
  const { chance } = scope
  const kind: Kind = chance.isOne(3) ? chance.pick(bound) : 'bool'
  const inside = deeper(scope)
  const more = chance.isOne(5) ? action(scope, `else if ${expression('bool', scope)}`) + statements(inside, 2) : ''
  const otherwise = chance.isOne(3) ? action(scope, 'else') + statements(inside, 2) : ''
  return (
    action(scope, `if ${expression(kind, scope)}`) + statements(inside, 3) + more + otherwise + action(scope, 'end')
  )
}

function within(scope: Scope): string {
  const { chance } = scope
  const kind = chance.pick(bound)
  const name = chance.isOne(3) ? chance.pick(['$w', '$x']) : undefined
  const variables = name === undefined ? scope.variables : [...scope.variables, { name, kind }]
  const inside = { ...deeper(scope), dot: kind, variables }
  const head = `with ${name === undefined ? '' : `${name} := `}${expression(kind, scope)}`
  const more = chance.isOne(8) ? action(scope, `else with ${expression('text', scope)}`) + statements(scope, 1) : ''
  const otherwise = chance.isOne(3) ? action(scope, 'else') + statements(deeper(scope), 2) : ''
  return action(scope, head) + statements(inside) + more + otherwise + action(scope, 'end')
}

function range(scope: Scope): string {
  const { chance } = scope
  const isCounting = chance.isOne(10)
  const kind = chance.pick(ranged)
  const element: Kind = isCounting ? 'int' : (elementOf[kind] ?? 'any')
  const over = isCounting
    ? chance.pick(['loop 3', 'loop 1 4', '3', `loop (len ${operand('texts', scope)})`, 'sprig_until 3'])
    : expression(kind, scope)
  const form = chance.below(4)
  const index: Kind = kind === 'map' || kind === 'dict' || kind === 'grouped' ? 'text' : 'int'
  const added = [
    [],
    [],
    [{ name: '$e', kind: element }],
    [
      { name: '$i', kind: index },
      { name: '$e', kind: element },
    ],
  ][form] as { name: string; kind: Kind }[]
  const head = added.length === 0 ? '' : `${added.map(({ name }) => name).join(', ')} := `
  const inside = { ...deeper(scope), dot: element, variables: [...scope.variables, ...added], isLooping: true }
  const jump = chance.isOne(8)
    ? action(scope, `if ${expression('bool', inside)}`) +
      action(scope, chance.pick(['break', 'continue'])) +
      action(scope, 'end')
    : ''
  const comma = form === 3 && chance.isOne(4) ? '{{ if $i }}, {{ end }}' : ''
  const otherwise = chance.isOne(5) ? action(scope, 'else') + statements(deeper(scope), 2) : ''
  return action(scope, `range ${head}${over}`) + comma + statements(inside) + jump + otherwise + action(scope, 'end')
}

function called(scope: Scope): string {
  const { chance, templates } = scope
  if (templates.length === 0 || chance.isOne(4)) {
    const kind = chance.pick(bound)
    const inside = { ...deeper(scope), dot: kind, variables: [] }
    const name = chance.pick(['"blocked"', '"second block"', '"third"', '`fourth`', '"fifth"', '"sixth"'])
    return action(scope, `block ${name} ${expression(kind, scope)}`) + statements(inside, 3) + action(scope, 'end')
  }
  const name = chance.isOne(25) ? 'nowhere' : chance.pick(templates)
  return action(scope, `template ${quoted(name, scope)} ${chance.isOne(3) ? '' : expression('any', scope)}`)
}

/** Templates of other names, for the whole template to call. */
export function definitions(scope: Scope): readonly { readonly name: string; readonly text: string }[] {
  return ['part', 'another part'].slice(0, scope.chance.pick([0, 0, 1, 2])).map(name => {
    const inside: Scope = { ...deeper(scope), dot: 'any', variables: [], templates: [] }
    return { name, text: action(scope, `define "${name}"`) + statements(inside, 3) + action(scope, 'end') }
  })
}
