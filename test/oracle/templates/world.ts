import type { RealConsul } from '../../support/consul.ts'
import { until } from '../../support/wait.ts'
import type { Chance } from './random.ts'

/** What a Consul is told before templates are rendered, and what templates have words for. */
export interface World {
  readonly nodes: readonly Node[]
  readonly services: readonly Service[]
  readonly pairs: Readonly<Record<string, string>>
  readonly tags: readonly string[]
  readonly metaKeys: readonly string[]
}

interface Node {
  readonly Node: string
  readonly ID?: string
  readonly Address: string
  readonly TaggedAddresses?: Readonly<Record<string, string>>
  readonly NodeMeta?: Readonly<Record<string, string>>
  readonly Checks: readonly object[]
}

interface Service {
  readonly name: string
  readonly instances: readonly { readonly node: Node; readonly service: object; readonly checks: readonly object[] }[]
}

const serviceNames = [
  ...['web', 'api', 'db', 'cache', 'auth', 'web-api', 'user_service', 'Billing', 'nginx-test', 'shop-front-end', 'a'],
  ...[
    'x1',
    '9lives',
    'redis-6379',
    'Mixed_Case-Name',
    'mail',
    'search',
    'log',
    'grafana',
    'very-long-name-of-a-service',
  ],
]
const nodeNames = ['node-1', 'node-2', 'Node_3', 'rack1.host4', 'edge', 'n5']
const tags = [
  ...['prod', 'staging', 'v1', 'v2', 'primary', 'http', 'https', 'canary', 'env=prod', 'weight:10', 'Host.Example.com'],
  ...['urlprefix-/api', 'traefik.enable=true', 'a b', 'größe', '"quoted"', 'x,y', ''],
]
const metaKeys = ['version', 'zone', 'env', 'port', 'path', 'note', 'Team-Name', 'empty', 'limits_json', 'maintainer']
const metaTexts = [
  ...['1', '2', '10', '1.2.3', 'v2.0.0-rc.1', 'true', 'false', '', 'eu-west-1', 'a b', ' padded ', 'it\'s "quoted"'],
  ...[
    'größer ü',
    '日本語',
    '😀',
    '50%',
    '<b>&amp;</b>',
    'x;y',
    'a,b,c',
    '{"a":1,"b":[1,2]}',
    '/api/v1',
    '08080',
    '-3',
    '1e3',
  ],
]
const statuses = ['passing', 'passing', 'passing', 'passing', 'warning', 'critical']
const pairs: Readonly<Record<string, readonly string[]>> = {
  'app/name': ['shop', ''],
  'app/port': ['8080', '0', 'eighty'],
  'app/enabled': ['true', 'false', 'yes', '1'],
  'app/hosts': ['a.test,b.test', 'a.test', ' a.test , b.test ', ''],
  'app/umlaut': ['größer', '日本'],
  'app/json': [
    '{"a":1,"b":{"c":[1,2.5,"x",null,true]}}',
    '[{"name":"web","port":80},{"name":"api"}]',
    '{',
    '"x"',
    '12',
  ],
  'app/yaml': ['a: 1\nb: [x, y]\n', '- 1\n- two\n', 'on: yes\n', 'a: {'],
  'app/lines': ['one\ntwo\n\nthree', '\n'],
  'app/flags/': [''],
  'app/flags/beta': ['true', 'no'],
  'app/flags/answer': ['42', '0x2A'],
  'app/nested/a/b': ['deep'],
  'app/nested/a/c': ['deeper', ''],
  'app/nested/x': ['1'],
  'nginx/upstreams/web/weight': ['10', '1'],
  'nginx/upstreams/web/path': ['/', '/web/'],
  'nginx/upstreams/api/weight': ['5'],
  'nginx/servers/1': ['web'],
  'nginx/servers/2': ['api'],
  clash: ['1'],
  'clash/inner': ['2'],
  top: ['level'],
  'with space': ['blank'],
}

export function someWorld(chance: Chance): World {
  const nodes = nodeNames.slice(0, 1 + chance.below(nodeNames.length)).map((name, at) => someNode(chance, name, at))
  const few = chance.pick([0, 1, 3, 8, 20, 60])
  const names = Array.from({ length: few }, (_, at) => serviceNames[at] ?? `${chance.pick(serviceNames)}-${at}`)
  return {
    nodes,
    services: names.map(name => ({
      name,
      instances: Array.from({ length: chance.pick([1, 1, 2, 3, 5]) }, (_, at) =>
        someInstance(chance, name, at, chance.pick(nodes)),
      ),
    })),
    pairs: Object.fromEntries(
      Object.entries(pairs).flatMap(([key, values]) => (chance.isOne(5) ? [] : [[key, chance.pick(values)]])),
    ),
    tags,
    metaKeys,
  }
}

function someNode(chance: Chance, Node: string, at: number): Node {
  const Address = chance.pick([`10.0.0.${at + 1}`, `10.0.0.${at + 1}`, `fd00::${at + 1}`, `host-${at}.test`])
  return {
    Node,
    Address,
    ...(chance.isOne(2) && { ID: `00000000-0000-4000-8000-00000000000${at}` }),
    ...(chance.isOne(2) && { TaggedAddresses: { lan: Address, wan: `192.0.2.${at + 1}` } }),
    ...(chance.isOne(2) && { NodeMeta: someMeta(chance) }),
    Checks: [
      ...(chance.isOne(2) ? [{ CheckID: 'serfHealth', Name: 'Serf', Status: chance.pick(statuses) }] : []),
      ...(chance.isOne(8) ? [{ CheckID: '_node_maintenance', Name: 'Node Maintenance Mode', Status: 'critical' }] : []),
    ],
  }
}

function someInstance(chance: Chance, name: string, at: number, node: Node) {
  const ID = chance.isOne(6) ? `${name}:${at}/x` : `${name}-${at + 1}`
  const Address = chance.pick(['', `10.1.0.${at + 1}`, `10.1.0.${at + 1}`, 'fd00:1::5', 'backend.test'])
  const check = (CheckID: string, Status: string) => ({
    CheckID,
    Name: chance.pick(['alive', 'http', 'Disk & <more>']),
    Status,
    ServiceID: ID,
    ...(chance.isOne(2) && { Output: chance.pick(['OK', 'line one\nline "two"', 'größer', '']) }),
    ...(chance.isOne(3) && { Notes: chance.pick(['a note', "it's"]) }),
    ...(chance.isOne(4) && {
      Definition: { HTTP: 'http://10.1.0.1/health', Interval: '10s', Timeout: '1m30s', Header: { 'X-Who': ['me'] } },
    }),
  })
  return {
    node,
    service: {
      ID,
      Service: name,
      Address,
      Port: chance.pick([0, 80, 443, 8080, 8080, 9090, 65535]),
      Tags: chance.several(tags, 4),
      ...(chance.isOne(2) && { Meta: someMeta(chance) }),
      ...(chance.isOne(3) && { Weights: { Passing: chance.pick([1, 10, 100]), Warning: chance.pick([0, 1, 5]) } }),
      ...(chance.isOne(3) && {
        TaggedAddresses: { lan: { Address: '10.1.0.9', Port: 8080 }, wan_ipv4: { Address: '192.0.2.9', Port: 80 } },
      }),
      ...(chance.isOne(8) && { EnableTagOverride: true }),
    },
    checks: [
      ...Array.from({ length: chance.below(3) }, (_, one) => check(`${ID}-${one}`, chance.pick(statuses))),
      ...(chance.isOne(10) ? [check(`_service_maintenance:${ID}`, 'critical')] : []),
    ],
  }
}

function someMeta(chance: Chance): Record<string, string> {
  return Object.fromEntries(chance.several(metaKeys, 4).map(key => [key, chance.pick(metaTexts)]))
}

export async function furnish({ call }: RealConsul, { nodes, services, pairs }: World): Promise<void> {
  for (const { Checks, ...node } of nodes) {
    await call('PUT', '/catalog/register', { ...node, Checks: Checks.map(check => ({ Node: node.Node, ...check })) })
  }
  for (const { instances } of services) {
    for (const { node, service, checks } of instances) {
      const { Node, Address } = node
      const Checks = checks.map(check => ({ Node, ...check }))
      await call('PUT', '/catalog/register', { Node, Address, SkipNodeUpdate: true, Service: service, Checks })
    }
  }
  for (const [Key, value] of Object.entries(pairs)) {
    await call('PUT', '/txn', [{ KV: { Verb: 'set', Key, Value: Buffer.from(value).toString('base64') } }])
  }
  // The agent tells the addresses of its own node a moment after it has started.
  await until('a catalog that does not change any more', async () => {
    const nodes = (await call('GET', '/catalog/nodes')) as readonly { Node: string; Meta: object | null }[]
    return nodes.some(({ Node, Meta }) => Node === 'test' && Meta !== null)
  })
}
