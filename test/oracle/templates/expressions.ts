import { key, nodeName, prefix, quoted, serviceName, serviceQuery } from './queries.ts'
import { deeper, elementOf, fields, type Kind, type Scope } from './scope.ts'

type Makes = (scope: Scope) => string

/** What stands in `{{ }}`. */
export function expression(kind: Kind, scope: Scope): string {
  const { chance } = scope
  // Now and then something of another kind: people err, too.
  const wanted = chance.isOne(150) ? chance.pick(kinds) : kind
  const named = chance.isOne(2) ? named_(wanted, scope) : undefined
  if (named !== undefined) return named
  const makers = scope.depth > 3 ? simple[wanted] : [...simple[wanted], ...composed[wanted]]
  return chance.pick(makers)(deeper(scope))
}

/** The same where it is an argument. */
export function operand(kind: Kind, scope: Scope): string {
  const text = expression(kind, scope)
  return /^(?:"(?:[^"\\]|\\.)*"|`[^`]*`|[$.\w-]+)$/s.test(text) ? text : `(${text})`
}

/** A variable, the dot, or a field of theirs. */
function named_(kind: Kind, { variables, dot, chance }: Scope): string | undefined {
  const holders = [
    ...variables.map(({ name, kind }) => ({ path: name, kind })),
    ...(dot === undefined ? [] : [{ path: '.', kind: dot }]),
  ]
  const paths = holders.flatMap(holder => {
    const below = Object.entries(fields[holder.kind] ?? {}).filter(([, held]) => held === kind || kind === 'any')
    const start = holder.path === '.' ? '' : holder.path
    return [
      ...(holder.kind === kind || kind === 'any' ? [holder.path] : []),
      ...below.map(([name]) => `${start}.${name}`),
    ]
  })
  return paths.length === 0 ? undefined : chance.pick(paths)
}

/** A name with what it is given: `$.$` would read no better. */
const call =
  (name: string, ...kinds: Kind[]): Makes =>
  scope =>
    [name, ...kinds.map(kind => operand(kind, scope))].join(' ')
const piped =
  (kind: Kind, ...rest: string[]): Makes =>
  scope =>
    `${expression(kind, scope)} | ${scope.chance.pick(rest)}`
const text =
  (make: Makes): Makes =>
  scope =>
    quoted(make(scope), scope)
const calling =
  (name: string, make: Makes): Makes =>
  scope =>
    `${name} ${quoted(make(scope), scope)}`
const one =
  (...texts: string[]): Makes =>
  ({ chance }) =>
    chance.pick(texts)
const words = one(
  ...[
    '"a"',
    '"web"',
    '"8080"',
    '"a,b,c"',
    '" padded "',
    '""',
    '"größe"',
    '"v1.2.3"',
    '"a/b/c"',
    '"x=1;y=2"',
    '"UPPER"',
  ],
  ...['"it\'s"', '"<b>&"', '"10.0.0.1"', '`raw\\n`', '"line1\\nline2"', '"{\\"a\\":1}"', '"true"', '"%d"', '"\\u00e9"'],
)
const patterns = one(
  ...Array(4).fill('"[a-z]+"'),
  '"^web"',
  '"(\\\\w+)-(\\\\w+)"',
  '`\\d+`',
  '"a|b"',
  '"("',
  '"(?i)PROD"',
  '"^$"',
  '"."',
)
const separators = one('","', '"-"', '"/"', '"."', '" "', '"\\n"', '""')
const kinds: readonly Kind[] = [
  'text',
  'int',
  'float',
  'bool',
  'texts',
  'list',
  'map',
  'dict',
  'instances',
  'pairs',
  'any',
]

const simple: Readonly<Record<Kind, readonly Makes[]>> = {
  text: [
    words,
    words,
    text(serviceName),
    text(key),
    calling('key', key),
    scope => `keyOrDefault ${quoted(key(scope), scope)} ${words(scope)}`,
    scope => `keyOrDefault ${quoted(key(scope), scope)} ${words(scope)}`,
    one('env "ZONE"', 'env "NOPE"', 'envOrDefault "NOPE" "d"', 'envOrDefault "EMPTY" "d"', 'mustEnv "ZONE"'),
    one('scratch.Get "s" | printf "%v"', '""', '"b"'),
  ],
  int: [
    one('0', '1', '2', '3', '-1', '8080', '0x1F', "'a'", '1_000'),
    one('1', '2', '10'),
    one('(env "PORT" | parseInt)'),
  ],
  float: [one('0.5', '1.5', '-2.25', '1e6', '3.0'), one('parseFloat "2.5"')],
  bool: [
    one('true', 'false'),
    calling('keyExists', key),
    one('env "ENABLED" | parseBool', 'parseBool "1"', 'scratch.Key "a"', 'not true'),
  ],
  texts: [
    one('split "," "a,b,c"', '"a b c" | split " "', 'env "LIST" | split ","', 'split "," ""'),
    one('datacenters'),
  ],
  list: [
    one(
      'parseJSON "[1,2.5,\\"a\\",null]"',
      'sprig_list 1 "a" true',
      'sprig_list',
      'sprig_until 3',
      'sprig_tuple "a" 1',
    ),
    scope => `parseJSON (keyOrDefault ${quoted('app/json', scope)} "[]")`,
    one('scratch.MapValues "m"'),
  ],
  map: [one('splitToMap "," ":" "a:1,b:2"', 'splitToMap ";" "=" "x=1;y=2;z"')],
  dict: [
    one('parseJSON "{\\"a\\":1,\\"b\\":{\\"c\\":[1]}}"', 'sprig_dict "a" 1 "b" "x"', 'sprig_dict', '"" | parseJSON'),
    one('parseJSON "{\\"a/b\\":1,\\"a/c\\":{\\"x\\":null}}"', 'sprig_dict "k" (sprig_list 1 "a")', 'sprig_dict'),
  ],
  instance: [],
  instances: [
    calling('service', serviceQuery),
    calling('service', serviceQuery),
    calling('service', serviceQuery),
    scope => `service ${quoted(serviceName(scope), scope)} "any"`,
    calling('connect', serviceName),
  ],
  snippet: [],
  snippets: [one(...Array(12).fill('services'), 'services "@dc1"', 'services "x"')],
  node: [],
  nodes: [one(...Array(12).fill('nodes'), 'nodes "@dc1"', 'nodes "x"')],
  catalogNode: [calling('node', nodeName), calling('node', nodeName), one('node')],
  nodeService: [],
  nodeServices: [],
  check: [],
  checks: [],
  pair: [],
  pairs: [
    calling('ls', prefix),
    calling('tree', prefix),
    calling('tree', prefix),
    calling('tree', prefix),
    calling('safeTree', prefix),
  ],
  grouped: [
    one('services | byTag'),
    scope => `service ${quoted(serviceQuery(scope), scope)} | byTag`,
    scope => `service ${quoted(serviceQuery(scope), scope)} | byPort`,
    scope =>
      `service ${quoted(serviceQuery(scope), scope)} | byMeta ${one('"version"', '"zone,env"', '"port|int"', '"nope"', '"version|int,zone"')(scope)}`,
  ],
  any: [one('nil', '.', '$', '1', '"a"', 'true', '1.5', 'scratch.Get "a"')],
}
for (const kind of ['instance', 'snippet', 'node', 'nodeService', 'check', 'pair'] as const) {
  const list = (Object.keys(elementOf) as Kind[]).find(list => elementOf[list] === kind) as Kind
  const first: Makes = scope => {
    const held = operand(list, scope)
    return scope.chance.isOne(4) ? `index ${held} 0` : `sprig_first ${held}`
  }
  Object.assign(simple, { [kind]: [first] })
}
Object.assign(simple, {
  nodeServices: [(scope: Scope) => `(${expression('catalogNode', scope)}).Services`],
  checks: [(scope: Scope) => `(${expression('instance', scope)}).Checks`],
})

const composed: Readonly<Record<Kind, readonly Makes[]>> = {
  text: [
    piped(
      'text',
      'toUpper',
      'toLower',
      'toTitle',
      'trimSpace',
      'trim " "',
      'replaceAll "a" "b"',
      'regexReplaceAll "[aeiou]" "$0_"',
    ),
    piped(
      'text',
      'sprig_upper',
      'sprig_quote',
      'sprig_squote',
      'sprig_trunc 3',
      'sprig_replace "-" "_"',
      'sprig_default "d"',
      'sprig_nospace',
    ),
    piped(
      'text',
      'printf "%q"',
      'printf "%-8s|"',
      'printf "%s"',
      'html',
      'js',
      'urlquery',
      'print',
      'base64Encode',
      'md5sum',
      'sha256Hex',
    ),
    piped(
      'text',
      'trimPrefix "a"',
      'trimSuffix "b"',
      'indent 4',
      'sprig_indent 2',
      'sprig_nindent 2',
      'sprig_camelcase',
      'sprig_snakecase',
      'sprig_kebabcase',
    ),
    piped(
      'text',
      'base64Encode | base64Decode',
      'base64Decode',
      'sprig_b64enc',
      'sprig_sha1sum',
      'toJSON',
      'sprig_toJson',
      'sprig_abbrev 8',
      'sprig_title',
    ),
    piped(
      'any',
      'toJSON',
      'toJSON',
      'toJSONPretty',
      'toYAML',
      'toTOML',
      'toUnescapedJSON',
      'printf "%v"',
      'printf "%T"',
      'printf "%+v"',
      'printf "%#v"',
      'print',
      'sprig_toString',
      'sprig_typeOf',
      'sprig_kindOf',
    ),
    piped('dict', 'toJSON', 'toYAML', 'toJSONPretty', 'toTOML', 'printf "%v"', 'toUnescapedJSONPretty'),
    scope => `${expression('texts', scope)} | join ${separators(scope)}`,
    scope => `join ${separators(scope)} ${operand('texts', scope)}`,
    scope => `${expression('list', scope)} | sprig_join ${separators(scope)}`,
    scope =>
      `printf ${one('"%s:%d"', '"%s=%v"', '"%v %v"', '"%5s|%-5d|"', '"%q %x"')(scope)} ${operand('text', scope)} ${operand('int', scope)}`,
    scope =>
      `printf ${one('"%s"', '"%d"', '"%05d"', '"%v-%v"', '"%t"', '"%.2f"', '"%x"', '"%!"', '"%s %s"')(scope)} ${operand('any', scope)}`,
    scope => `print ${operand('any', scope)} ${operand('any', scope)}`,
    call('sprig_cat', 'text', 'text'),
    scope => `index ${operand('map', scope)} ${quoted(scope.chance.pick(scope.world.metaKeys), scope)}`,
    scope => `index ${operand('texts', scope)} ${scope.chance.pick(['0', '0', '0', '1'])}`,
    scope => `${operand('map', scope)}.${scope.chance.pick(scope.world.metaKeys).replace('-', '')}`,
    call('sprig_ternary', 'text', 'text', 'bool'),
    call('or', 'text', 'text'),
    call('and', 'bool', 'text'),
    scope => `slice ${operand('text', scope)} ${scope.chance.pick(['0 1', '0', '0 0', '1'])}`,
    scope =>
      scope.templates.length === 0
        ? '""'
        : `executeTemplate ${quoted(scope.chance.pick(scope.templates), scope)} ${operand('any', scope)}`,
    scope =>
      `regexReplaceAll ${patterns(scope)} ${one('"$1"', '"x"', `"$\{1}_"`, '""')(scope)} ${operand('text', scope)}`,
    scope => `sprig_regexFind ${patterns(scope)} ${operand('text', scope)}`,
    scope => `replaceAll ${words(scope)} ${words(scope)} ${operand('text', scope)}`,
    scope => `sprig_get ${operand('dict', scope)} "a"`,
    scope => `sprig_repeat 2 ${operand('text', scope)}`,
    scope => `hmacSHA256Hex ${words(scope)} ${words(scope)}`,
  ],
  int: [
    scope =>
      `len ${operand(scope.chance.pick(['text', 'texts', 'list', 'map', 'dict', 'instances', 'snippets', 'pairs', 'nodes', 'checks']), scope)}`,
    call('add', 'int', 'int'),
    call('subtract', 'int', 'int'),
    call('multiply', 'int', 'int'),
    scope => `${one('divide', 'modulo')(scope)} ${one('1', '2', '3', '-2', '0x10')(scope)} ${operand('int', scope)}`,
    call('maximum', 'int', 'int'),
    call('minimum', 'int', 'int'),
    scope => `sprig_add ${operand('int', scope)} ${operand('int', scope)} | sprig_int`,
    call('sprig_max', 'int', 'int'),
    piped('text', 'parseInt', 'sprig_atoi', 'sprig_int', 'len', 'parseUint'),
  ],
  float: [
    call('add', 'float', 'int'),
    call('divide', 'float', 'float'),
    piped('text', 'parseFloat', 'sprig_float64'),
    call('sprig_addf', 'float', 'float'),
    piped('float', 'sprig_ceil', 'sprig_floor'),
  ],
  bool: [
    call('eq', 'text', 'text'),
    call('ne', 'text', 'text'),
    call('eq', 'int', 'int'),
    call('lt', 'int', 'int'),
    call('gt', 'int', 'int'),
    call('le', 'text', 'text'),
    call('and', 'bool', 'bool'),
    call('or', 'bool', 'bool'),
    call('not', 'any'),
    scope => `in ${operand('texts', scope)} ${quoted(scope.chance.pick(scope.world.tags), scope)}`,
    scope => `${expression('texts', scope)} | contains ${quoted(scope.chance.pick(scope.world.tags), scope)}`,
    scope =>
      `${one('containsAny', 'containsAll', 'containsNone', 'containsNotAll')(scope)} ${operand('list', scope)} ${operand('texts', scope)}`,
    scope => `${one('containsAny', 'containsAll')(scope)} (sprig_list "prod" "v1") ${operand('texts', scope)}`,
    call('in', 'list', 'any'),
    call('in', 'text', 'text'),
    scope => `regexMatch ${patterns(scope)} ${operand('text', scope)}`,
    call('sprig_hasPrefix', 'text', 'text'),
    call('sprig_contains', 'text', 'text'),
    call('sprig_has', 'any', 'list'),
    call('sprig_hasKey', 'dict', 'text'),
    call('sprig_empty', 'any'),
    scope => `sprig_semverCompare ${one('">=1.0"', '"^2"', '"~1.2"', '"x"')(scope)} ${operand('text', scope)}`,
    piped('text', 'parseBool'),
    call('eq', 'any', 'any'),
    call('sprig_deepEqual', 'any', 'any'),
  ],
  texts: [
    scope => `${expression('text', scope)} | split ${separators(scope)}`,
    scope => `split ${separators(scope)} ${operand('text', scope)}`,
    scope => `sprig_without ${operand('texts', scope)} "a" | sprig_sortAlpha`,
    piped('texts', 'sprig_sortAlpha', 'sprig_uniq | sprig_sortAlpha', 'sprig_reverse | sprig_sortAlpha'),
    scope => `sprig_splitList ${separators(scope)} ${operand('text', scope)}`,
    scope => `sprig_keys ${operand(scope.chance.pick(['dict', 'dict', 'map']), scope)} | sprig_sortAlpha`,
  ],
  list: [
    piped('list', 'sprig_reverse', 'sprig_uniq', 'sprig_rest', 'sprig_initial', 'sprig_compact', 'toJSON | parseJSON'),
    call('sprig_list', 'any', 'any'),
    call('sprig_append', 'list', 'any'),
    call('sprig_concat', 'list', 'texts'),
    scope => `${expression('instances', scope)} | toJSON | parseJSON`,
    scope => `slice ${operand('list', scope)} ${one('0 1', '1', '0')(scope)}`,
  ],
  map: [scope => `splitToMap "," ":" ${operand('text', scope)}`],
  dict: [
    scope => `${expression('pairs', scope)} | explode`,
    scope => `${expression('pairs', scope)} | explode`,
    call('sprig_merge', 'dict', 'dict'),
    call('mergeMap', 'dict', 'dict'),
    call('mergeMapWithOverride', 'dict', 'dict'),
    scope => `${operand('dict', scope)} | toJSON | parseJSON`,
    scope => `explodeMap ${operand('dict', scope)}`,
    scope => `sprig_dict "k" ${operand('any', scope)}`,
    scope => `sprig_set ${operand('dict', scope)} "n" ${operand('any', scope)}`,
    scope => `sprig_omit ${operand('dict', scope)} "a"`,
    scope => `sprig_pick ${operand('dict', scope)} "a" "b"`,
    scope => `${expression('dict', scope)} | toJSON | parseJSON`,
  ],
  instance: [],
  instances: [
    scope => `service ${operand('text', scope)}`,
    scope => `service (printf "%s|any" ${operand('text', scope)})`,
  ],
  snippet: [],
  snippets: [],
  node: [],
  nodes: [],
  catalogNode: [scope => `node ${operand('text', scope)}`],
  nodeService: [],
  nodeServices: [],
  check: [],
  checks: [],
  pair: [],
  pairs: [scope => `tree (print "app" ${operand('text', scope)})`, scope => `ls ${operand('text', scope)}`],
  grouped: [
    scope => `${expression('instances', scope)} | byTag`,
    scope => `${expression('instances', scope)} | byPort`,
  ],
  any: [
    scope => `${expression('text', scope)} | parseJSON`,
    scope => `${expression('text', scope)} | parseYAML`,
    scope => `${expression('pairs', scope)} | byKey`,
    one('scratch.Get "m"', 'parseJSON (keyOrDefault "app/json" "{}")', 'keyOrDefault "app/yaml" "" | parseYAML'),
    ...kinds
      .filter(kind => kind !== 'any')
      .map(
        (kind): Makes =>
          scope =>
            expression(kind, scope),
      ),
  ],
}
