import type { RealConsul } from '../../support/consul.ts'

/** Something of everything that templates can ask of a Consul of this age. */
export async function furnish({ call }: RealConsul): Promise<void> {
  await call('PUT', '/agent/service/register', {
    ID: 'web-1',
    Name: 'web',
    Address: '10.1.0.1',
    Port: 8080,
    Tags: ['v2', 'prod'],
    Meta: { version: '2', zone: 'a b', note: 'x;y' },
    Weights: { Passing: 10, Warning: 2 },
    TaggedAddresses: { lan: { Address: '10.1.0.1', Port: 8080 }, wan: { Address: '192.0.2.1', Port: 80 } },
    Checks: [
      { CheckID: 'web-1-alive', Name: 'alive', TTL: '1h', Status: 'passing', Notes: 'a note & <more>' },
      { CheckID: 'web-1-busy', Name: 'busy', TTL: '1h', Status: 'warning' },
    ],
    Connect: { SidecarService: { Checks: [] } },
  })
  await call('PUT', '/agent/service/register', { ID: 'web-2', Name: 'web', Port: 9090, Meta: { version: '11' } })
  await call('PUT', '/agent/service/register', {
    ID: 'web-3',
    Name: 'web',
    Port: 8080,
    Tags: ['prod'],
    Check: { CheckID: 'web-3-dead', Name: 'dead', TTL: '1h', Status: 'critical' },
  })
  await call('PUT', '/agent/service/register', { ID: 'web-4', Name: 'web', Port: 8081 })
  await call('PUT', '/agent/service/maintenance/web-4?enable=true&reason=holidays')
  await call('PUT', '/agent/service/register', { ID: 'nothing', Name: 'no-port' })
  await call('PUT', '/catalog/register', {
    Node: 'ext',
    Address: '10.9.0.1',
    TaggedAddresses: { lan: '10.9.0.1', wan: '192.0.2.9' },
    NodeMeta: { rack: 'r1', external: 'true' },
    Service: { ID: 'db-1', Service: 'db', Port: 5432, Tags: ['primary'], EnableTagOverride: true },
    Checks: [
      {
        Node: 'ext',
        CheckID: 'db-1-http',
        Name: 'answers',
        Status: 'passing',
        ServiceID: 'db-1',
        Output: 'line one\nline "two"',
        Definition: {
          HTTP: 'https://10.9.0.1/health',
          Header: { 'X-Who': ['me', 'you'] },
          Method: 'HEAD',
          TLSSkipVerify: true,
          Interval: '10s',
          Timeout: '1m30s',
          DeregisterCriticalServiceAfter: '1h',
        },
      },
    ],
  })
  const pairs = {
    'app/name': 'shop',
    'app/port': '8080',
    'app/empty': '',
    'app/umlaut': 'größer',
    'app/flags/': '',
    'app/flags/beta': 'true',
    'app/nested/a/b': 'deep',
  }
  await Promise.all(Object.entries(pairs).map(([key, value]) => put(call, key, value)))
  await put(call, 'app/binary', Buffer.from([0xff, 0x00, 0x41]))
  await put(call, 'app/flags/answer?flags=42', 'everything')
  const { ID } = (await call('PUT', '/session/create', { TTL: '3600s' })) as { ID: string }
  await put(call, `app/locked?acquire=${ID}`, 'mine')
}

/** In a transaction values are base64: what is no JSON and no UTF-8 goes through, too. */
async function put(call: RealConsul['call'], target: string, value: string | Buffer): Promise<void> {
  const [Key, options] = target.split('?')
  const [[name, detail] = []] = new URLSearchParams(options)
  const verb = name === 'acquire' ? { Verb: 'lock', Session: detail } : { Verb: 'set', Flags: Number(detail ?? 0) }
  await call('PUT', '/txn', [{ KV: { ...verb, Key, Value: Buffer.from(value).toString('base64') } }])
}

/** What Consul 1.8 does not know, as later ones answer it. */
export const newer: Readonly<Record<string, unknown>> = {
  '/v1/health/service/newer': [
    {
      Node: { ID: 'n-1', Node: 'later', Address: '10.8.0.1', Datacenter: 'dc1', Meta: null, TaggedAddresses: null },
      Service: { ID: 'newer-1', Service: 'newer', Tags: null, Address: '', Meta: null, Port: 1, PeerName: 'p' },
      Checks: [
        {
          Node: 'later',
          CheckID: 'c',
          Name: 'c',
          Status: 'warning',
          Type: 'tcp',
          ServiceTags: null,
          ExposedPort: 21500,
          Namespace: 'ns',
          Partition: 'part',
          PeerName: 'p',
          Interval: '10s',
          Definition: {
            TCP: 'x:1',
            TCPUseTLS: true,
            IntervalDuration: 2000000000,
            TimeoutDuration: '5s',
            Timeout: '9s',
          },
          CreateIndex: 11,
          ModifyIndex: 12,
        },
        { Node: 'later', CheckID: 'd', Name: 'd', Status: 'passing', Definition: {} },
      ],
    },
    { Node: { Node: 'aloner', Address: '10.8.0.2' }, Service: { ID: 'newer-2', Service: 'newer' }, Checks: [] },
  ],
  '/v1/peerings': [
    {
      ID: 'i-1',
      Name: 'another',
      State: 'PENDING',
      Meta: { a: 'b' },
      PeerServerAddresses: ['10.0.0.1:8503'],
      StreamStatus: { ImportedServices: null, ExportedServices: null, LastHeartbeat: null },
      Remote: { Partition: '', Datacenter: '' },
    },
    {
      ID: 'i-2',
      Name: 'first',
      Partition: 'default',
      State: 'ACTIVE',
      PeerID: 'theirs',
      PeerServerName: 'server.dc2',
      StreamStatus: {
        ImportedServices: ['api'],
        ExportedServices: [],
        LastHeartbeat: '2026-03-01T10:00:00.123456789Z',
        LastReceive: '2026-03-01T10:00:00Z',
      },
      Remote: { Partition: 'default', Datacenter: 'dc2' },
    },
  ],
  '/v1/partitions': [{ Name: 'zoo', Description: 'animals' }, { Name: 'default' }],
  '/v1/exported-services': [
    { Service: 'web', Partition: 'default', Consumers: { Peers: ['east', 'west'] } },
    { Service: 'api', Namespace: 'ns', Consumers: { Partitions: ['zoo'] } },
  ],
  '/v1/imported-services': [
    { Service: 'z', SourcePartition: 'zoo' },
    { Service: 'a', Namespace: 'ns', SourcePartition: 'zoo' },
  ],
}
