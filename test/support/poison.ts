import type { RejectionReason } from '../../src/model/selection.ts'
import type { Registration } from './consul.ts'

/**
 * Odd registrations, as teams really make them. What the real Consul (1.8.7) refuses itself is not here: an empty
 * name, the addresses 0.0.0.0 and ::, a weight for passing of 0 or above 65535, more than 64 entries of meta, keys
 * with other characters than letters, digits, - and _, values above 512 characters. Two ids that differ in case only
 * are one to it, so twins need others.
 */
export interface Poison {
  readonly title: string
  readonly services: readonly Registration[]
  /** Registered at other nodes, past their agents. */
  readonly elsewhere?: readonly Elsewhere[]
  /** What status.json has to say; everything that is not said here may be served or not. */
  readonly rejected?: readonly Named[]
  /** Host names that are answered by the backend all the same. */
  readonly served?: readonly string[]
  /** Host names that are known and have no server: 503. */
  readonly unavailable?: readonly string[]
  /** Registered over it, it is no poison any more; what can only be taken away has none. */
  readonly mended?: readonly Registration[]
}

export interface Elsewhere {
  readonly Node: string
  readonly Address: string
  readonly Service: Omit<Registration, 'Name'> & { readonly Service: string }
}

export interface Named {
  readonly service: string
  readonly reason: RejectionReason
  readonly detail: string | RegExp
}

/** `port` is where the backend answers, on every address of loopback. */
export function poisons(port: number): Poison[] {
  return [
    ...names,
    ...hostNames,
    ...ports,
    ...addresses(port),
    ...weights,
    ...texts,
    ...instances(port),
    ...nodes(port),
  ]
}

/** A name no upstream, file or host can have: the service is left out. */
const misnamed = (title: string, name: string): Poison => ({
  title: `a name with ${title}`,
  services: [{ Name: name, ID: `misnamed-${title.replaceAll(/\W/g, '-')}` }],
  rejected: [{ service: name, reason: 'invalid_service_name', detail: 'is not a name of letters' }],
})

const names: readonly Poison[] = [
  misnamed('@', 'po@ison'),
  misnamed('a blank', 'po ison'),
  misnamed('a slash', '../../etc/passwd'),
  misnamed('a semicolon', 'a; return 200 owned'),
  misnamed('a brace', 'a { }'),
  misnamed('a closing brace', 'a } server { listen 1'),
  misnamed('a newline', 'a\nserver_name b'),
  misnamed('a double quote', 'a"b'),
  misnamed('a single quote', "a'b"),
  misnamed('a variable', '$host'),
  misnamed('a comment', 'a#b'),
  misnamed('a backslash', 'a\\'),
  misnamed('NUL', 'a\0b'),
  misnamed('an escape of a terminal', '\u001b[2Jgone'),
  misnamed('Cyrillic letters', 'служба'),
  misnamed('one Cyrillic letter among Latin ones', 'p\u0430yments'),
  misnamed('Chinese letters', '服务'),
  misnamed('letters from right to left', 'a\u202egnp.exe'),
  misnamed('a picture', 'app-🚀'),
  misnamed('a percent escape', 'a%2fb'),
  misnamed('nothing but dots', '..'),
  misnamed('a dash first', '-rf'),
  misnamed('what JavaScript takes for a prototype', '__proto__'),
  misnamed('250 characters', 'n'.repeat(250)),
  { title: 'a name with a dot', services: [{ Name: 'po.int' }], served: ['po.int.test'] },
  { title: 'a name of 1 character', services: [{ Name: 'z' }], served: ['z.test'] },
  {
    title: 'a name of one part with 100 characters, which no host name can have',
    services: [{ Name: 'n'.repeat(100) }],
    rejected: [{ service: 'n'.repeat(100), reason: 'invalid_server_name', detail: 'is not a host name' }],
    mended: [{ Name: 'n'.repeat(100), Meta: { server_name: 'short.test' } }],
  },
  {
    title: 'a name with a dash at its end',
    services: [{ Name: 'trailing-' }],
    rejected: [{ service: 'trailing-', reason: 'invalid_server_name', detail: 'is not a host name' }],
  },
  {
    title: 'names that mean something in JavaScript or nginx',
    services: ['constructor', 'toString', 'localhost', 'default', 'unix', 'server', 'off', '10.1.2.3'].map(Name => ({
      Name,
    })),
    served: ['constructor', 'tostring', 'localhost', 'default', 'unix', 'server', 'off', '10.1.2.3'].map(
      name => `${name}.test`,
    ),
  },
]

const hostNames: readonly Poison[] = [
  {
    title: 'names that differ in case only: one has the host name, the other is named',
    services: [
      { Name: 'twin', ID: 'twin-1' },
      { Name: 'TWIN', ID: 'twin-2' },
    ],
    rejected: [{ service: 'TWIN', reason: 'server_name_taken', detail: 'twin.test belongs to service twin' }],
    served: ['twin.test'],
    mended: [{ Name: 'moved', ID: 'twin-1' }],
  },
  {
    title: 'names that differ in case only, with host names of their own',
    services: [
      { Name: 'pair', ID: 'pair-1', Meta: { server_name: 'small.test' } },
      { Name: 'PAIR', ID: 'pair-2', Meta: { server_name: 'large.test' } },
    ],
    served: ['small.test', 'large.test'],
  },
  {
    title: 'names that give the same host name: one has it, the other is named',
    services: [{ Name: 'a-b' }, { Name: 'a.b' }],
    rejected: [{ service: 'a.b', reason: 'server_name_taken', detail: 'a.b.test belongs to service a-b' }],
    served: ['a.b.test'],
    mended: [{ Name: 'moved', ID: 'a-b' }],
  },
  {
    title: "another team's host name",
    services: [{ Name: 'thief', Meta: { server_name: 'old.test' } }],
    rejected: [{ service: 'thief', reason: 'server_name_taken', detail: 'old.test belongs to service old' }],
    served: ['old.test'],
    mended: [{ Name: 'thief', Meta: { server_name: 'honest.test' } }],
  },
  {
    title: 'a host name that is a regular expression for all of them',
    services: [{ Name: 'greedy', Meta: { server_name: '~^.*$' } }],
    rejected: [{ service: 'greedy', reason: 'invalid_server_name', detail: '"~^.*$" is not a host name' }],
    mended: [{ Name: 'greedy' }],
  },
  {
    title: 'a host name longer than the hash of a stock nginx holds',
    services: [{ Name: `long-${'x'.repeat(60)}-${'y'.repeat(50)}` }],
    served: [`long.${'x'.repeat(60)}.${'y'.repeat(50)}.test`],
  },
]

const ports: readonly Poison[] = [
  { port: 0, says: 'port is 0' },
  { port: undefined, says: 'port is 0' },
  { port: 65_536, says: 'port is 65536' },
  { port: -1, says: 'port is -1' },
  { port: 4_294_967_376, says: 'port is 4294967376' },
].map(({ port, says }) => ({
  title: port === undefined ? 'a missing port' : `port ${port}`,
  services: [{ Name: `port${port}`.replace('-', 'm'), Port: port as number }],
  rejected: [{ service: `port${port}`.replace('-', 'm'), reason: 'invalid_port', detail: says }],
  unavailable: [`port${port}.test`.replace('-', 'm')],
  mended: [{ Name: `port${port}`.replace('-', 'm') }],
}))

function addresses(port: number): Poison[] {
  const refused = (
    Name: string,
    Address: string,
    detail: string | RegExp,
    title = `the address ${Address}`,
  ): Poison => ({
    title,
    services: [{ Name, Address, Port: port }],
    rejected: [{ service: Name, reason: 'invalid_address', detail }],
    unavailable: [`${Name}.test`],
    mended: [{ Name }],
  })
  return [
    refused('metadata', '169.254.169.254', 'is link-local'),
    refused('linklocal', 'fe80::1', 'is link-local'),
    refused('mappedlocal', '::ffff:169.254.169.254', 'is link-local'),
    refused('multicast', '224.0.0.1', 'is multicast'),
    refused('multicast6', 'ff02::1', 'is multicast'),
    refused('unspecified', '0.0.0.1', 'is unspecified'),
    refused('unspecified6', '0:0:0:0:0:0:0:0', 'is unspecified'),
    refused('broadcast', '255.255.255.255', 'is reserved'),
    refused('socket', 'unix:/run/docker.sock', 'is neither an IP address nor a host name'),
    refused('octal', '010.0.0.1', 'is neither an IP address nor a host name'),
    refused('withport', '127.0.0.1:80', 'is neither an IP address nor a host name'),
    refused(
      'breakout',
      '10.1.1.2:80; } server { listen 1; } upstream z { server 10.0.0.1',
      'is neither an IP address nor a host name',
      'an address that closes one block and opens another',
    ),
    {
      title: 'a host name nobody resolves',
      services: [{ Name: 'nowhere', Address: 'nobody.invalid' }],
      rejected: [{ service: 'nowhere', reason: 'unresolvable', detail: 'nobody.invalid' }],
      unavailable: ['nowhere.test'],
      mended: [{ Name: 'nowhere' }],
    },
    {
      title: 'a host name that resolves',
      services: [{ Name: 'byname', Address: 'localhost' }],
      served: ['byname.test'],
    },
    {
      title: 'an IPv6 address',
      services: [{ Name: 'six', Address: '0:0::1' }],
      served: ['six.test'],
    },
    {
      title: 'an IPv4 address in the clothes of IPv6',
      services: [{ Name: 'mapped', Address: '::ffff:127.0.0.1' }],
      served: ['mapped.test'],
    },
    { title: 'no address: that of its node', services: [{ Name: 'homeless', Address: '' }], served: ['homeless.test'] },
  ]
}

const warning = { TTL: '1h', Status: 'warning' }

// With -health=passing,warning; Consul takes a weight of 0 for the state of warning only.
const weights: readonly Poison[] = [
  {
    title: 'weight 0',
    services: [{ Name: 'weightless', Weights: { Passing: 1, Warning: 0 }, Check: warning }],
    rejected: [{ service: 'weightless', reason: 'invalid_value', detail: 'weight is 0' }],
    unavailable: ['weightless.test'],
    mended: [{ Name: 'weightless' }],
  },
  {
    title: 'the largest weight',
    services: [{ Name: 'heavy', Weights: { Passing: 65_535, Warning: 65_535 } }],
    served: ['heavy.test'],
  },
]

/** Every printable character of ASCII, all the control characters, and some that only look like others. */
export const everyCharacter = `${Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)).join('')}\u0080\u00a0\u200b\u202e\u2028\ufeff\uff1b｛🚀`

// The shipped template prints neither tags nor meta, so nobody is hurt by what they hold.
const texts: readonly Poison[] = [
  {
    title: 'a tag of 5 KB',
    services: [{ Name: 'talkative', Tags: ['calico', 't'.repeat(5_120)] }],
    served: ['talkative.test'],
  },
  {
    title: 'a tag that closes one block and opens another',
    services: [{ Name: 'tagged', Tags: ['calico', 'x"; } } server { listen 1; #', 'a\nb', ''] }],
    served: ['tagged.test'],
  },
  {
    title: 'a tag of one blank, which is also what stands between two host names',
    services: [{ Name: 'blank', Tags: ['calico', ' '], Meta: { server_name: 'blank1.test blank2.test', note: ' ' } }],
    served: ['blank1.test', 'blank2.test'],
  },
  {
    title: 'two host names of one service, written as nginx lists them',
    services: [{ Name: 'both', Meta: { server_name: 'both1.test both2.test' } }],
    served: ['both1.test', 'both2.test'],
  },
  {
    title: 'meta with every printable and many an unprintable character',
    services: [{ Name: 'motley', Meta: { note: everyCharacter, more: everyCharacter.slice(32) } }],
    served: ['motley.test'],
  },
  {
    title: 'as much meta as Consul takes, with keys that mean something in JavaScript',
    services: [
      {
        Name: 'verbose',
        Meta: {
          ...Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`key${at}`, '"; } {$'.repeat(70)])),
          constructor: 'x',
          toString: 'y',
          length: '-1',
        },
      },
    ],
    served: ['verbose.test'],
  },
  {
    title: 'an id with syntax in it',
    services: [{ Name: 'ided', ID: 'x; } server { listen 1; # "' }],
    served: ['ided.test'],
  },
]

function instances(port: number): Poison[] {
  return [
    {
      title: 'no passing instance',
      services: [{ Name: 'sick', Check: { TTL: '1h', Status: 'critical' } }],
      rejected: [{ service: 'sick', reason: 'no_healthy_instance', detail: 'critical' }],
      unavailable: ['sick.test'],
      mended: [{ Name: 'sick', ID: 'sick-2' }],
    },
    {
      title: 'the same address and port under two services: both are served',
      services: [
        { Name: 'alias', Address: '127.0.0.9' },
        { Name: 'other', Address: '127.0.0.9' },
      ],
      served: ['alias.test', 'other.test'],
    },
    {
      title: 'the same address and port twice in one service',
      services: [
        { Name: 'double', ID: 'double-1', Address: '127.0.0.9' },
        { Name: 'double', ID: 'double-2', Address: '127.0.0.9' },
      ],
      rejected: [{ service: 'double', reason: 'duplicate_endpoint', detail: `127.0.0.9:${port} is already served` }],
      served: ['double.test'],
      mended: [{ Name: 'double', ID: 'double-2', Address: '127.0.0.10' }],
    },
    {
      title: 'one bad instance beside a good one',
      services: [
        { Name: 'mixed', ID: 'mixed-1' },
        { Name: 'mixed', ID: 'mixed-2', Address: '169.254.169.254' },
        { Name: 'mixed', ID: 'mixed-3', Port: 0 },
      ],
      rejected: [
        { service: 'mixed', reason: 'invalid_address', detail: 'is link-local' },
        { service: 'mixed', reason: 'invalid_port', detail: 'port is 0' },
      ],
      served: ['mixed.test'],
      mended: [
        { Name: 'mixed', ID: 'mixed-2', Address: '127.0.0.2' },
        { Name: 'mixed', ID: 'mixed-3', Address: '127.0.0.3' },
      ],
    },
    {
      title: '500 instances of one service',
      services: Array.from({ length: 500 }, (_, at) => ({
        Name: 'crowd',
        ID: `crowd-${at}`,
        Address: `127.0.${1 + Math.floor(at / 250)}.${1 + (at % 250)}`,
      })),
      served: ['crowd.test'],
    },
  ]
}

function nodes(port: number): Poison[] {
  return [
    {
      title: 'the same instance on two nodes',
      services: [{ Name: 'ubiquitous', ID: 'here', Address: '127.0.0.9' }],
      elsewhere: [
        {
          Node: 'second',
          Address: '127.0.0.1',
          Service: { Service: 'ubiquitous', ID: 'here', Address: '127.0.0.9', Port: port, Tags: ['calico'] },
        },
      ],
      rejected: [{ service: 'ubiquitous', reason: 'duplicate_endpoint', detail: 'is already served as' }],
      served: ['ubiquitous.test'],
    },
    {
      title: 'a node whose address closes one block and opens another',
      services: [],
      elsewhere: [
        {
          Node: 'bad-address',
          Address: '10.0.0.1; } server { listen 1',
          Service: { Service: 'stray', ID: 'stray', Port: port, Tags: ['calico'] },
        },
      ],
      rejected: [{ service: 'stray', reason: 'invalid_address', detail: 'is neither an IP address nor a host name' }],
      unavailable: ['stray.test'],
    },
    {
      title: 'nodes with syntax in their names',
      services: [],
      elsewhere: ['n; } server { listen 1; #', 'a/b', '50%', 'what?', 'узел'].map((Node, at) => ({
        Node,
        Address: '127.0.0.1',
        Service: { Service: `guest-${at}`, ID: 'guest', Port: port, Tags: ['calico'] },
      })),
      served: [0, 1, 2, 3, 4].map(at => `guest.${at}.test`),
    },
  ]
}
