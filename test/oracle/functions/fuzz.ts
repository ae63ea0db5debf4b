/**
 * Calls every function with random arguments of roughly the right types, here and in consul-template, and compares:
 *
 *     node test/oracle/functions/fuzz.ts [calls] [seed]
 *
 * What is known to differ is left out below, with its reason.
 */
import { functionLibrary } from '../../../src/render/gotmpl/functions/index.ts'
import { seeded } from '../../soak/random.ts'
import { rendered } from '../../support/gotmpl.ts'
import { answersOf } from './oracle.ts'

const [calls = 5_000, start = 1] = process.argv.slice(2).map(Number)

const left = [
  /^(timestamp|sprig_ago|sprig_durationRound|sprig_toDate)$/, // another clock, another zone
  /^(sockaddr|env|mustEnv|envOrDefault|plugin|writeToFile|scratch|executeTemplate)$/, // another machine
  /^sprig_(shuffle|randInt|bcrypt|htpasswd|encryptAES|gen\w+|buildCustomCert|derivePassword|keys|values)$/, // chance
  /^(spew_\w+|secret|secrets|pkiCert|nomad\w+)$/, // not meant to be the same
  /^parseYAML$/, // says in other words what is wrong with a document
]

const words = [
  ...['a', 'web', 'foo-bar', 'Foo Bar', 'HTTPServer2x', 'a,b,c', 'a:1,b:2', 'x=1;y=2', ' padded ', 'é', 'ß', '日本'],
  ...['ǆ', '😀', 'one two  three', 'a/b/c', '../x/./y//z', '10.0.0.1', '1.2.3', 'v1.2.3-beta.1+m', '>=1.0, <2', '^0.1'],
  ...['~1.2', '1.x || 2', 'true', '1', '-5', '0x1F', '1e3', '0.5', '', '{"a":1,"b":[1,"x",null]}', '[1,2.5,"a"]'],
  ...[
    'YWJj',
    'NBSWY3DP',
    '(a)(b)',
    '[a-z]+',
    'a*',
    '(?i)A',
    '$1-$0',
    '\x24{1}x',
    '\\d+',
    'http://u:p@h:8/p?q=1#f',
    '-',
    '_',
  ],
  ...[',', '.', '\t\n', 'line1\nline2\n\nline4', '"q"', "it's", '<&>', '%v %d', 'null', '2020-01-02', '2006-01-02'],
  ...['1h30m', '-90s', 'camelCaseString', 'snake_case_str', 'Title Case HERE', 'abcdefghijklmnopqrstuvwxyz'],
]
const lists = [
  ...['(sprig_list 1 "a" nil 2.5)', '(sprig_list)', '(parseJSON "[1,2,\\"a\\",[1]]")', '(sprig_list "b" "a" "b")'],
  ...['(sprig_list 3 1 2 1)', '(sprig_list (sprig_list 1) (sprig_dict "a" 1))'],
]
const texts = ['(split "," "a,b,c")', '(split "," "")', '(sprig_splitList "," "x,,y,x")']
const dicts = [
  ...['(parseJSON "{}")', '(parseJSON "{\\"a\\":1,\\"b\\":{\\"c\\":\\"x\\"}}")', '(sprig_dict "a" "x" "n" nil)'],
  ...['(sprig_dict "a" (sprig_list 1 2) "b" 0)', '(explodeMap (parseJSON "{\\"a/b\\":1,\\"a/c\\":2}"))'],
]
const integers = ['0', '1', '2', '3', '-1', '-3', '5', '7', '10', '100']
const floats = ['0.5', '1.5', '-2.25', '3.0', '1e6', '1e-7']
const others = ['true', 'false', 'nil', '(parseInt "7")', '(parseUint "8")', '(splitToMap "," ":" "a:1,b:2")', "'x'"]

const random = seeded(start).next
const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
const library = functionLibrary({ now: () => 0, environment: new Map(), addresses: () => [], effects: {} })()
const functions = [...library.values()].filter(({ name }) => !left.some(pattern => pattern.test(name)))

function word(): string {
  return JSON.stringify(pick(words) + (random() < 0.2 ? pick(words) : ''))
}

function argument(type: string, depth: number): string {
  const isStrange = random() < 0.04
  if (type === 'string' && !isStrange) return depth < 2 && random() < 0.1 ? `(${call(depth + 1)})` : word()
  if (type === 'int' && !isStrange) return pick(integers)
  if (type === 'bool' && !isStrange) return pick(['true', 'false'])
  if (type === 'float64' && !isStrange) return pick(floats)
  if (type === '[]string' && !isStrange) return pick(texts)
  if (type === '[]interface {}' && !isStrange) return pick(lists)
  if (type === 'map[string]interface {}' && !isStrange) return pick(dicts)
  return pick([word(), pick(integers), pick(floats), pick(lists), pick(texts), pick(dicts), pick(others)])
}

function call(depth = 0): string {
  const { name, params } = pick(functions)
  const args = params.flatMap(type => {
    if (!type.startsWith('...')) return [argument(type, depth)]
    return Array.from({ length: Math.floor(random() * 4) }, () => argument(type.slice(3), depth))
  })
  return [name, ...args].join(' ')
}

const templates = Array.from({ length: calls }, () =>
  random() < 0.25 ? `{{ ${call()} | toJSON }}` : `{{ ${call()} }}`,
)
const answers = answersOf(templates.map(template => ({ template })))
const differing = templates.filter((template, at) => {
  const { output, error = '' } = answers[at] ?? {}
  const expected = output ?? error.replace(/^(parse|execute): /, '')
  const answer = rendered(template)
  const ours = answer.output ?? answer.error ?? ''
  // What is no UTF-8 does not survive the pipe.
  if (expected.toWellFormed() === ours.toWellFormed()) return false
  console.log(`${template}\n  theirs: ${expected}\n  ours:   ${ours}\n`)
  return true
})
console.log(`${calls} calls, ${differing.length} differ (seed ${start})`)
process.exitCode = differing.length > 0 ? 1 : 0
