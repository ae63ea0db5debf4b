import type { Chance } from './random.ts'
import { recipes } from './recipes.ts'
import type { Scope } from './scope.ts'
import { definitions, statements } from './statements.ts'
import type { World } from './world.ts'

export function someTemplate(world: World, chance: Chance): string {
  const scope: Scope = { world, chance, dot: undefined, variables: [], templates: [], depth: 0, isLooping: false }
  const whole = chance.isOne(3) ? chance.pick(recipes)(scope) : written(scope)
  return chance.isOne(8) ? damaged(whole, chance) : whole
}

function written(scope: Scope): string {
  const defined = definitions(scope)
  const body = statements({ ...scope, templates: defined.map(({ name }) => name) }, 6)
  const parts = [...defined.map(({ text }) => text), body]
  return (scope.chance.isOne(2) ? parts : parts.reverse()).join('')
}

const splinters = [
  ...[
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
    '-',
    ' -}}',
    '{{- ',
    '%',
    '\\',
    '0x',
    '1e',
    '@',
  ],
  ...[
    '{{end}}',
    '{{ end }}',
    '{{else}}',
    '{{if',
    '{{range}}',
    '{{break}}',
    '{{/*',
    '*/}}',
    '😀',
    '\n',
    '?',
    ' nil ',
    'nope',
  ],
  ...[
    '{{ nope }}',
    '{{ .Nope }}',
    '{{ $nope }}',
    '{{ key_or_default "a" "b" }}',
    '{{ template "nope" }}',
    '{{ define "part" }}x{{ end }}',
  ],
  ...[
    '{{ service "a" "b" "c" }}',
    '{{ join "," 1 }}',
    '{{ 1 | 2 }}',
    '{{ len 3 }}',
    '{{ index 1 2 }}',
    '{{ "a" "b" }}',
    '{{ nil }}',
  ],
]

/** With something taken out or put in: what a slip of the finger makes of it. */
export function damaged(text: string, chance: Chance): string {
  const chars = Array.from(text)
  chars.splice(chance.below(chars.length + 1), chance.isOne(2) ? chance.below(4) : 0, chance.pick(['', ...splinters]))
  return chars.join('')
}
