import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { aCatalog, anInstance, aService, someRules } from '../../test/support/builders.ts'
import type { Catalog, Health, Instance } from '../model/catalog.ts'
import type { Selection } from '../model/selection.ts'
import { hostNamesOf, isWanted, select, visibleServices } from './select.ts'

const rules = someRules()
const served = (selection: Selection) => selection.sites.map(({ service }) => service)
const endpoints = (selection: Selection) =>
  selection.sites.flatMap(({ upstream }) => upstream.servers.map(({ endpoint }) => endpoint))
const reasons = (selection: Selection) => selection.rejections.map(({ service, reason }) => `${service}: ${reason}`)

describe('a healthy service becomes a site', () => {
  it('with all its instances behind its own name', () => {
    const selection = select(aCatalog({ name: 'nginx-test', instances: 2 }), rules, undefined)

    expect(selection.rejections).toEqual([])
    expect(selection.sites).toMatchObject([
      {
        service: 'nginx-test',
        serverNames: ['nginx.test.flyclock.cn'],
        upstream: {
          name: 'nginx-test',
          servers: [{ endpoint: '10.0.0.1:8080' }, { endpoint: '10.0.0.2:8080' }],
        },
      },
    ])
  })

  it('with the weights it was registered with', () => {
    const selection = select(aCatalog({ instances: [{ weight: 9 }, { weight: 1 }] }), rules, undefined)

    expect(selection.sites[0]?.upstream.servers.map(({ weight }) => weight)).toEqual([9, 1])
  })

  it('by IPv6, in brackets', () => {
    const selection = select(aCatalog({ instances: [{ address: 'FD00:0:0::5', port: 80 }] }), rules, undefined)

    expect(endpoints(selection)).toEqual(['[fd00::5]:80'])
  })

  it('by a host name, with every address that stands for it', () => {
    const resolved = new Map([['db.lan', ['10.9.0.1', 'fd00::9']]])
    const selection = select(
      aCatalog({ instances: [{ address: 'DB.lan', port: 5432 }] }),
      { ...rules, resolved },
      undefined,
    )

    expect(endpoints(selection)).toEqual(['10.9.0.1:5432', '[fd00::9]:5432'])
  })

  it('beside others, sorted by name', () => {
    const services = [aService({ name: 'b' }), aService({ name: 'a' }), aService({ name: 'C' })]

    expect(served(select({ services, indexes: {} }, rules, undefined))).toEqual(['C', 'a', 'b'])
  })
})

describe('tags', () => {
  const wants = (all: string[], none: string[] = []) => someRules({ tags: { all, none } })

  it('an instance must carry all wanted tags itself: those of its neighbours do not count', () => {
    const instances = [{ tags: ['calico'] }, { tags: ['prod'] }, { tags: ['calico', 'prod'] }]

    const selection = select(aCatalog({ instances }), wants(['calico', 'prod']), undefined)

    expect(endpoints(selection)).toEqual(['10.0.0.3:8080'])
  })

  it('an instance with an unwanted tag is left out, the others are served', () => {
    const instances = [{ tags: ['calico', 'canary'] }, { tags: ['calico'] }]

    const selection = select(aCatalog({ instances }), wants(['calico'], ['canary']), undefined)

    expect(endpoints(selection)).toEqual(['10.0.0.2:8080'])
  })

  it('are compared with case', () => {
    expect(isWanted(wants(['calico']))(anInstance({ tags: ['Calico'] }))).toBe(false)
  })

  it('a service nobody selects is neither a site nor a complaint', () => {
    const selection = select(aCatalog({ name: 'bad name;}', tags: ['bridge'] }), wants(['calico']), undefined)

    expect(selection).toEqual({ sites: [], unavailable: [], rejections: [] })
  })

  it('of a site are those of its selected instances together, meta what all of them agree on', () => {
    const instances = [
      { tags: ['a', 'calico'], meta: { team: 'x', version: '1' } },
      { tags: ['b', 'calico'], meta: { team: 'x', version: '2' } },
      { tags: ['other'], meta: { team: 'y' } },
    ]

    const [site] = select(aCatalog({ instances }), wants(['calico']), undefined).sites

    expect(site?.tags).toEqual(['a', 'b', 'calico'])
    expect({ ...site?.meta }).toEqual({ team: 'x' })
  })
})

describe('health', () => {
  it('only instances in a wanted state are served', () => {
    const instances = (['passing', 'warning', 'critical', 'maintenance'] as const).map(health => ({ health }))
    const serve = (...health: Health[]) => endpoints(select(aCatalog({ instances }), someRules({ health }), undefined))

    expect(serve('passing')).toEqual(['10.0.0.1:8080'])
    expect(serve('passing', 'warning')).toEqual(['10.0.0.1:8080', '10.0.0.2:8080'])
  })

  it('a service without healthy instances is unavailable under its name, and said so; the others are served', () => {
    const sick = aService({ name: 'sick', instances: [{ health: 'critical' }, { health: 'maintenance' }] })

    const selection = select(aCatalog(sick, { name: 'well' }), rules, undefined)

    expect(served(selection)).toEqual(['well'])
    expect(selection.unavailable).toEqual([{ service: 'sick', serverNames: ['sick.flyclock.cn'] }])
    expect(selection.rejections).toEqual([
      {
        service: 'sick',
        reason: 'no_healthy_instance',
        detail: 'none of its 2 instances is passing (they are: critical, maintenance)',
      },
    ])
  })

  it('an unavailable service keeps the name its sick instances state', () => {
    const meta = { server_name: 'shop.example.org' }

    const selection = select(aCatalog({ instances: [{ health: 'critical', meta }] }), rules, undefined)

    expect(selection.unavailable).toEqual([{ service: 'web', serverNames: ['shop.example.org'] }])
  })
})

describe('what cannot be served is left out with its reason, and nothing else is', () => {
  it.each([
    { title: 'port 0', instance: { port: 0 }, reason: 'invalid_port' },
    { title: 'port 65536', instance: { port: 65_536 }, reason: 'invalid_port' },
    { title: 'a negative port', instance: { port: -1 }, reason: 'invalid_port' },
    { title: 'half a port', instance: { port: 80.5 }, reason: 'invalid_port' },
    { title: 'weight 0', instance: { weight: 0 }, reason: 'invalid_value' },
    { title: 'a negative weight', instance: { weight: -3 }, reason: 'invalid_value' },
    { title: 'an empty address', instance: { address: '' }, reason: 'invalid_address' },
    { title: 'the metadata address', instance: { address: '169.254.169.254' }, reason: 'invalid_address' },
    { title: 'a unix socket', instance: { address: 'unix:/var/run/docker.sock' }, reason: 'invalid_address' },
    { title: 'a breakout', instance: { address: '10.1.1.2:80; } server { listen 81;' }, reason: 'invalid_address' },
    { title: 'a host name nobody resolves', instance: { address: 'nobody.lan' }, reason: 'unresolvable' },
    { title: 'an address served already', instance: { address: '10.0.0.2' }, reason: 'duplicate_endpoint' },
  ])('an instance with $title', ({ instance, reason }) => {
    const instances = [{ address: '10.0.0.2' }, { id: 'node-2/web-2', address: '10.0.0.3', ...instance }]

    const selection = select(aCatalog({ instances }), rules, undefined)

    expect(endpoints(selection)).toEqual(['10.0.0.2:8080'])
    expect(selection.rejections).toMatchObject([{ service: 'web', instance: 'node-2/web-2', reason }])
  })

  it('a service whose instances are all bad is unavailable, so its name does not answer 404', () => {
    const selection = select(aCatalog({ instances: [{ port: 0 }] }), rules, undefined)

    expect(selection.sites).toEqual([])
    expect(selection.unavailable).toEqual([{ service: 'web', serverNames: ['web.flyclock.cn'] }])
  })

  it('a weight nginx would not take is cut down, and said so', () => {
    const selection = select(aCatalog({ instances: [{ weight: 100_000 }] }), rules, undefined)

    expect(selection.sites[0]?.upstream.servers[0].weight).toBe(65_535)
    expect(reasons(selection)).toEqual(['web: invalid_value'])
  })

  it.each([
    'bad name',
    'a;b',
    'a}b',
    'a/b',
    'a@dc2',
    '-a',
    '.a',
    '_a',
    'a\nb',
    'a\0',
    '',
    'nginx-tést',
    'сервис',
    `${'a'.repeat(128)}`,
    '../../etc/passwd',
    '$host',
    '{{ 7 * 7 }}',
  ])('a service named %j', name => {
    const selection = select(aCatalog({ name }, { name: 'good' }), rules, undefined)

    expect(served(selection)).toEqual(['good'])
    expect(reasons(selection)).toEqual([`${name}: invalid_service_name`])
  })

  it('tags, meta, ids and nodes have no shape: templates see them as they were registered', () => {
    const poison = 'a;b}\n"$'
    const instances = [{ id: poison, node: poison, tags: [poison], meta: { [poison]: poison } }]

    const selection = select(aCatalog({ instances }), rules, undefined)

    const [site] = selection.sites
    expect(site).toMatchObject({ tags: [poison], upstream: { servers: [{ id: poison, node: poison }] } })
    expect({ ...site?.meta }).toEqual({ [poison]: poison })
    expect(reasons(selection)).toEqual([])
  })

  it('tags in any alphabet are text, and stay', () => {
    const tags = ['größe=xl', '北京', 'urlprefix-/api', 'a b']

    expect(select(aCatalog({ tags }), rules, undefined).sites[0]?.tags).toEqual([...tags].sort())
  })

  it('a host name that is none, stated by an instance; the other one it states is served', () => {
    const meta = { server_name: 'shop.org *.shop.org shop.org;}' }

    const selection = select(aCatalog({ instances: [{ meta }] }), rules, undefined)

    expect(selection.sites[0]?.serverNames).toEqual(['shop.org'])
    expect(reasons(selection).filter(reason => reason.endsWith('invalid_server_name'))).toHaveLength(2)
  })

  it('a service whose only name is too long for the surrounding nginx', () => {
    const tight = someRules({ serverName: { longest: 20 } })

    const selection = select(aCatalog({ name: 'a-rather-long-name' }, { name: 'short' }), tight, undefined)

    expect(served(selection)).toEqual(['short'])
    expect(reasons(selection)).toEqual(['a-rather-long-name: invalid_server_name'])
  })
})

describe('a host name belongs to one service', () => {
  const rivals = aCatalog(
    { name: 'Shop', instances: [{ createIndex: '20' }] },
    { name: 'shop', instances: [{ createIndex: '3' }, { createIndex: '50' }] },
  )

  it('to the older registration; the other one is told who has it', () => {
    const selection = select(rivals, rules, undefined)

    expect(served(selection)).toEqual(['shop'])
    expect(selection.rejections).toEqual([
      { service: 'Shop', reason: 'server_name_taken', detail: 'shop.flyclock.cn belongs to service shop' },
    ])
  })

  it('to whoever has it live, also while that one is unavailable', () => {
    const only = aCatalog({ name: 'Shop', instances: [{ health: 'critical' }] })
    const live = select(only, rules, undefined)

    expect(live.unavailable.map(({ service }) => service)).toEqual(['Shop'])
    expect(served(select(rivals, rules, live))).toEqual(['Shop'])
  })

  it('an unavailable service does not lend its name to another', () => {
    const catalog = aCatalog(
      { name: 'Shop', instances: [{ createIndex: '20' }] },
      { name: 'shop', instances: [{ createIndex: '3', health: 'critical' }] },
    )

    const selection = select(catalog, rules, undefined)

    expect(selection.sites).toEqual([])
    expect(selection.unavailable.map(({ service }) => service)).toEqual(['shop'])
  })

  it('a service that loses one of two names is served under the other', () => {
    const catalog = aCatalog(
      { name: 'a', instances: [{ createIndex: '1', meta: { server_name: 'shop.org' } }] },
      { name: 'b', instances: [{ createIndex: '2', meta: { server_name: 'shop.org b.org' } }] },
    )

    const selection = select(catalog, rules, undefined)

    expect(selection.sites.map(({ serverNames }) => serverNames)).toEqual([['shop.org'], ['b.org']])
    expect(reasons(selection)).toEqual(['b: server_name_taken'])
  })

  it('is not settled where no template looks at host names', () => {
    const catalog = aCatalog(
      { name: 'orders-api' },
      { name: 'orders.api' },
      { name: '10.1.2.3', instances: [{ meta: { server_name: '~^.*$' } }] },
    )

    const selection = select(catalog, someRules({ namesHosts: false }), undefined)

    expect(served(selection)).toEqual(['10.1.2.3', 'orders-api', 'orders.api'])
    expect(reasons(selection)).toEqual([])
    expect(reasons(select(catalog, rules, undefined))).not.toEqual([])
  })
})

describe('an upstream’s name', () => {
  const named = (name: string) =>
    aService({ name, instances: [{ meta: { server_name: `${name}.own.org`.toLowerCase() } }] })
  const upstreams = (selection: Selection) => selection.sites.map(({ upstream }) => upstream.name)

  it('is unique without case, because nginx compares it so', () => {
    const services = ['Web', 'web', 'WEB'].map((name, position) =>
      aService({ name, instances: [{ meta: { server_name: `site${position}.org` } }] }),
    )

    const names = upstreams(select(aCatalog(...services), rules, undefined))

    expect(names).toHaveLength(3)
    expect(new Set(names).size).toBe(3)
  })

  it('differs from what the surrounding configuration uses already', () => {
    const selection = select(aCatalog(named('web')), someRules({ reservedUpstreams: new Set(['web']) }), undefined)

    expect(upstreams(selection)).toEqual([expect.stringMatching(/^web-[0-9a-f]{8}$/)])
  })

  it('stays unique when somebody registers the very name another one would get', () => {
    const suffixed = upstreams(
      select(aCatalog(named('web')), someRules({ reservedUpstreams: new Set(['web']) }), undefined),
    )
    const services = [
      aService({ name: String(suffixed[0]).toUpperCase(), instances: [{ meta: { server_name: 'one.org' } }] }),
      aService({ name: 'Web', instances: [{ meta: { server_name: 'two.org' } }] }),
      aService({ name: 'web', instances: [{ meta: { server_name: 'three.org' } }] }),
    ]

    const names = upstreams(select(aCatalog(...services), rules, undefined))

    expect(names).toHaveLength(3)
    expect(new Set(names).size).toBe(3)
  })
})

describe('what a template sees of all services', () => {
  it('is chosen by health, whatever the tags, with the same checks on every value', () => {
    const catalog = aCatalog(
      { name: 'other', tags: ['bridge', 'odd;'], instances: [{}, { health: 'critical' }, { port: 0 }] },
      { name: 'bad name;}' },
    )

    const services = visibleServices(catalog, someRules({ tags: { all: ['calico'] } }))

    expect(services).toMatchObject([
      { name: 'other', tags: ['bridge', 'odd;'], instances: [{ endpoint: '10.0.0.1:8080', health: 'passing' }] },
    ])
  })
})

it('only host names of selected instances are looked up, unless a template looks at all services', () => {
  const catalog = aCatalog(
    { name: 'a', tags: ['calico'], instances: [{ address: 'A.lan' }, { address: '10.0.0.1' }] },
    { name: 'b', instances: [{ address: 'b.lan' }] },
  )

  const rules = someRules({ tags: { all: ['calico'] } })

  expect(hostNamesOf(catalog, rules, false)).toEqual(new Set(['a.lan']))
  expect(hostNamesOf(catalog, rules, true)).toEqual(new Set(['a.lan', 'b.lan']))
})

describe('whatever the catalog says', () => {
  const nasty = fc.oneof(
    fc.constantFrom(
      '',
      'a',
      'web',
      'Web',
      'WEB',
      'a.b',
      'a-b',
      'a_b',
      'web.flyclock.cn',
      'x;}',
      '$host',
      '"',
      "'",
      '\\',
      '#',
      '`',
      '{{ 1 }}',
      '\n',
      '\0',
      '\u202e',
      '\ud800',
      'ä',
      'constructor',
      '__proto__',
      'toString',
      'x'.repeat(200),
    ),
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.string({ maxLength: 8 }),
  )
  const address = fc.oneof(
    fc.constantFrom(
      '10.0.0.1',
      '10.0.0.2',
      '::1',
      'fd00::1',
      '0:0::1',
      'db.lan',
      'nobody.lan',
      '169.254.1.1',
      '10.0.0.1;',
    ),
    fc.ipV4(),
    fc.ipV6(),
    nasty,
  )
  const instance: fc.Arbitrary<Omit<Instance, 'id'>> = fc.record({
    node: nasty,
    address,
    port: fc.oneof(fc.constantFrom(80, 8080, 65_535), fc.integer({ min: -2, max: 70_000 }), fc.double()),
    tags: fc.array(fc.oneof(fc.constantFrom('calico', 'canary'), nasty), { maxLength: 3 }),
    meta: fc.dictionary(fc.oneof(fc.constant('server_name'), nasty), nasty, { maxKeys: 3 }),
    weight: fc.oneof(fc.constantFrom(1, 5), fc.integer({ min: -1, max: 100_000 }), fc.double()),
    health: fc.constantFrom<Health>('passing', 'passing', 'warning', 'critical', 'maintenance'),
    createIndex: fc.bigInt(0n, 10n ** 20n).map(String),
  })
  const service = fc
    .record({ name: nasty, instances: fc.array(instance, { maxLength: 4 }) })
    .map(({ name, instances }) => ({
      name,
      source: 'consul',
      tags: [],
      instances: instances.map((given, position): Instance => ({ ...given, id: `${given.node}/${position}` })),
    }))
  const catalogs: fc.Arbitrary<Catalog> = fc
    .uniqueArray(service, { selector: ({ name }) => name, maxLength: 6 })
    .map(services => ({ services, indexes: {} }))
  const choice = someRules({
    tags: { none: ['canary'] },
    resolved: new Map([
      ['db.lan', ['10.7.0.1', 'fd00::7']],
      ['a', ['10.7.0.2']],
    ]),
  })
  const shuffled = (catalog: Catalog) =>
    fc
      .tuple(
        fc.shuffledSubarray([...catalog.services], { minLength: catalog.services.length }),
        fc.infiniteStream(fc.nat()),
      )
      .map(([services, keys]): Catalog => {
        const mixed = services.map(found => {
          const marked = found.instances.map(item => ({ item, key: keys.next().value ?? 0 }))
          return { ...found, instances: marked.sort((a, b) => a.key - b.key).map(({ item }) => item) }
        })
        return { services: mixed, indexes: {} }
      })

  it('every value with a shape has it, whatever was registered', () => {
    const text = /^[^\p{C}\p{Zl}\p{Zp};{}"'\\$#`]*$/u

    fc.assert(
      fc.property(catalogs, catalog => {
        const { sites, unavailable } = select(catalog, choice, undefined)

        for (const { service, serverNames } of [...sites, ...unavailable]) {
          expect(service).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]*$/)
          expect(serverNames.length).toBeGreaterThan(0)
          for (const name of serverNames) expect(name).toMatch(/^[a-z0-9._-]{1,253}$/)
        }
        for (const { upstream } of sites) {
          expect(upstream.name).toMatch(/^[a-z0-9][a-z0-9._-]*$/)
          expect(upstream.servers.length).toBeGreaterThan(0)
          for (const server of upstream.servers) {
            expect(server.endpoint).toMatch(/^(\d+(\.\d+){3}|\[[0-9a-f:]+\]):\d+$/)
            expect([server.port, server.weight].every(n => Number.isInteger(n) && n >= 1 && n <= 65_535)).toBe(true)
          }
        }
        for (const { name, instances } of visibleServices(catalog, choice)) {
          for (const value of [name, ...instances.map(({ endpoint }) => endpoint)]) expect(value).toMatch(text)
        }
      }),
    )
  })

  it('no two sites share an upstream’s name, nor a host name', () => {
    fc.assert(
      fc.property(catalogs, catalog => {
        const { sites, unavailable } = select(catalog, choice, undefined)

        const upstreams = sites.map(({ upstream }) => upstream.name.toLowerCase())
        const names = [...sites, ...unavailable].flatMap(({ serverNames }) => serverNames)
        expect(new Set(upstreams).size).toBe(upstreams.length)
        expect(new Set(names).size).toBe(names.length)
      }),
    )
  })

  it('nothing that is selected disappears without a word', () => {
    fc.assert(
      fc.property(catalogs, catalog => {
        const { sites, unavailable, rejections } = select(catalog, choice, undefined)

        for (const { name, instances } of catalog.services) {
          const wanted = instances.filter(isWanted(choice))
          const site = sites.find(({ service }) => service === name)
          const said = rejections.filter(({ service }) => service === name)
          if (wanted.length === 0) expect([site, said]).toEqual([undefined, []])
          else if (site === undefined) expect(said.length).toBeGreaterThan(0)
          if (unavailable.some(({ service }) => service === name)) expect(site).toBeUndefined()
          if (site === undefined) continue
          const healthy = wanted.filter(({ health }) => health === 'passing')
          const missing = healthy.filter(({ id }) => said.every(rejection => rejection.instance !== id))
          expect(site.upstream.servers.length).toBeGreaterThanOrEqual(missing.length)
        }
      }),
    )
  })

  it('the order in which it is told does not matter', () => {
    const given = catalogs.chain(catalog => fc.record({ catalog: fc.constant(catalog), other: shuffled(catalog) }))

    fc.assert(
      fc.property(given, ({ catalog, other }) => {
        const live = select(catalog, choice, undefined)

        expect(select(other, choice, undefined)).toEqual(live)
        expect(select(other, choice, live)).toEqual(live)
      }),
    )
  })
})
