import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { rendered } from '../../../../test/support/gotmpl.ts'
import { dataFunctions } from '../data/index.ts'
import { BudgetError } from '../template-error.ts'
import type { WrittenFile } from './effects.ts'
import { functionLibrary } from './index.ts'

const path = join(import.meta.dirname, '../../../../test/fixtures/consul-template-0.42.1/names.json')
const names: readonly string[] = JSON.parse(readFileSync(path, 'utf8'))
/** What only a source of data can answer. */
const data = [
  ...[
    'caLeaf',
    'caRoots',
    'connect',
    'datacenters',
    'exportedServices',
    'file',
    'importedServices',
    'key',
    'keyExists',
  ],
  ...['keyOrDefault', 'ls', 'node', 'nodes', 'partitions', 'peerings', 'safeLs', 'safeTree', 'service', 'services'],
  'tree',
]

function aLibrary() {
  return functionLibrary({ now: () => 0, environment: new Map(), addresses: () => [], effects: {} })
}

describe('the library', () => {
  it('has every function of consul-template 0.42.1 but those that ask for data, and no other', () => {
    const ours = [...aLibrary()().keys()]

    expect([...ours, ...data].sort()).toEqual([...names].sort())
  })

  it('is asked for data by no function of its own', () => {
    const asking = dataFunctions({ ask: () => undefined, hold() {} }).map(({ name }) => name)

    expect(asking.filter(name => aLibrary()().has(name))).toEqual([])
  })

  it('forgets what a template kept when the next run begins', () => {
    const library = aLibrary()

    expect(library().get('scratch')).not.toBe(library().get('scratch'))
    expect(library().get('toUpper')).toBe(library().get('toUpper'))
  })

  it.each(['secret "a"', 'pkiCert "a"', 'nomadService "a"', 'nomadVarList "a"'])(
    'says what it does not do: %s',
    call => {
      expect(rendered(`{{ ${call} }}`).error).toMatch(/upstreamd does not read from (Vault|Nomad)$/)
      expect(rendered(`{{ if false }}{{ ${call} }}{{ end }}ok`).output).toBe('ok')
    },
  )
})

describe('the environment', () => {
  const env = { NAME: 'a=b', EMPTY: '' }

  it.each([
    { call: 'env "NAME"', output: 'a=b' },
    { call: 'env "PATH"', output: '' }, // that of the process is nobody's business
    { call: 'envOrDefault "EMPTY" "d"', output: '' },
    { call: 'envOrDefault "NONE" "d"', output: 'd' },
    { call: 'mustEnv "NAME"', output: 'a=b' },
  ])('$call is "$output"', ({ call, output }) => {
    expect(rendered(`{{ ${call} }}`, { env }).output).toBe(output)
  })

  it('has to have what a template must have', () => {
    expect(rendered('{{ mustEnv "EMPTY" }}', { env }).error).toContain('required environment variable EMPTY is empty')
  })
})

describe('what a template does to the world', () => {
  it('is refused where nobody allowed it', () => {
    expect(rendered('{{ plugin "date" }}').error).toContain('error calling plugin: plugins are not allowed')
    expect(rendered('{{ writeToFile "/x" "" "" "0644" "c" }}').error).toContain('writing files is not allowed')
    expect(rendered('[{{ spew_dump "a" }}]').output).toBe('[]')
  })

  it('runs a program with its arguments trimmed, empty ones left out', () => {
    const ran: (readonly string[])[] = []
    const run = (name: string, args: readonly string[]) => {
      ran.push([name, ...args])
      return '  out\n'
    }

    const { output } = rendered('[{{ plugin "tool" " a b\\n" "" "c" }}][{{ plugin "" }}]', { effects: { run } })

    expect(output).toBe('[out][]')
    expect(ran).toEqual([['tool', 'a b', 'c']])
  })

  it('writes a file with what is asked for, and prints nothing', () => {
    const written: WrittenFile[] = []
    const write = (file: WrittenFile) => written.push(file)

    const { output } = rendered('[{{ "c" | writeToFile "/x" "u" "g" "0640" "append,newline" }}]', {
      effects: { write },
    })
    const plain = rendered('{{ writeToFile "/y" "" "" "600" "c" }}', { effects: { write } })

    expect([output, plain.output]).toEqual(['[]', ''])
    expect(written).toEqual([
      { path: '/x', user: 'u', group: 'g', mode: 0o640, append: true, content: 'c\n' },
      { path: '/y', user: '', group: '', mode: 0o600, append: false, content: 'c' },
    ])
  })

  it('shows a value to whoever looks, beside the output', () => {
    let shown = ''
    const show = (text: string) => {
      shown += text
    }

    const { output } = rendered('[{{ spew_dump "a" 1 }}{{ spew_printf "%#v\\n" (split "," "x") }}]', {
      effects: { show },
    })

    expect(output).toBe('[]')
    expect(shown).toBe('(string) (len=1) "a"\n(int) 1\n([]string)[(string)x]\n')
  })
})

describe('the time', () => {
  it.each([
    { call: 'timestamp', output: '2026-11-20T12:00:00Z' },
    { call: 'timestamp "unix"', output: '1795176000' },
    { call: 'timestamp "Mon Jan _2 15:04:05.000 MST 2006"', output: 'Fri Nov 20 12:00:00.000 UTC 2026' },
    { call: 'sprig_ago (sprig_int64 1795172399)', output: '1h0m1s' },
  ])('$call is $output', ({ call, output }) => {
    expect(rendered(`{{ ${call} }}`).output).toBe(output)
  })
})

describe('a document with something behind it', () => {
  it.each(['"a" @', '"a" "b', '"a" - b', 'a: "b" c', '{a: 1'])('%s is refused where that is no YAML', document => {
    const { error } = rendered(`{{ parseYAML ${JSON.stringify(document)} }}`)

    expect(error).toContain('error calling parseYAML: yaml: ')
  })
})

describe('a map that holds itself', () => {
  it.each([
    ...['sprig_deepCopy $a', 'toJSON $a', 'toYAML $a', 'toTOML $a', 'toTOML (sprig_list 1 $a)', 'mergeMap $a $a'],
    ...['sprig_deepEqual $a $a', 'add 1 $a', 'sprig_uniq (sprig_list $a $a)'],
  ])('is an error of the template: %s', call => {
    const { error } = rendered(`{{ $a := sprig_dict }}{{ $b := sprig_set $a "self" $a }}{{ ${call} }}`)

    expect(error).toMatch(/error calling \w+: .*(too deep or too large|encountered a cycle)/)
  })
})

describe('a template that would make too much', () => {
  it.each([
    '{{ sprig_repeat 100000000000 "x" }}',
    '{{ sprig_until 100000000000 }}',
    '{{ sprig_seq 1 100000000000 }}',
    '{{ indent 100000000000 "a" }}',
    '{{ sprig_nindent 100000000000 "a" }}',
    '{{ $a := sprig_repeat 100000 "a" }}{{ replaceAll "a" $a $a }}',
    '{{ $a := sprig_repeat 100000 "a" }}{{ regexReplaceAll "a" $a $a }}',
    '{{ $a := sprig_repeat 100000 "a" }}{{ join $a (split "" $a) }}',
    '{{ $a := sprig_repeat 100000 "a" }}{{ sprig_wrapWith 1 $a $a }}',
    '{{ range loop 1000000000000 }}x{{ end }}',
    ...[
      ...['toJSON $a', 'toYAML $a', 'toTOML $a', 'sprig_toJson $a', 'sprig_deepCopy $a', 'spew_sdump $a', 'add $a 1'],
      ...['sprig_deepEqual $a $b', 'sprig_toString $a', 'spew_sprintf "%#v" $a', 'sprig_has $a (sprig_list $b)'],
      'sprig_genSelfSignedCert "x" (sprig_list $a) nil 1',
    ].map(call => {
      // The same list twice, and that twice, and so on: small to keep, but endless to walk through.
      const grow = '{{ range loop 60 }}{{ $a = sprig_list $a $a }}{{ $b = sprig_list $b $b }}{{ end }}'
      return `{{ $a := 1 }}{{ $b := 1 }}${grow}{{ ${call} }}`
    }),
  ])('is stopped before it does: %s', template => {
    expect(() => rendered(template, { budget: { ms: 1_000, bytes: 100_000 } })).toThrow(BudgetError)
  })
})
