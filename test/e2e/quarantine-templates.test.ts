import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { answers, type CatalogScene, keepAsking, openCatalogScene, SOON_MS } from '../support/catalog-scene.ts'
import { type RealConsul, type Registration, startConsul } from '../support/consul.ts'
import { get } from '../support/http.ts'
import { freePort } from '../support/ports.ts'
import { shipped } from '../support/scene.ts'
import type { Running } from '../support/upstreamd.ts'
import { until } from '../support/wait.ts'

let consul: RealConsul

beforeAll(async () => {
  consul = await startConsul()
})
afterAll(() => consul?.stop())

/** What a user's template prints for each service, and what the good and the bad ones have registered. */
interface Line {
  readonly title: string
  readonly inServer?: string
  readonly inHttp?: string
  readonly good?: (name: string) => Partial<Registration>
  readonly bad: Partial<Registration>
  readonly says: RegExp
  readonly patience?: number // ms, where finding out takes its time
}

const note = (note: string) => ({ Meta: { note } })
const noted = () => note('fine')

/** nginx refuses it, for one service only. */
const refused: readonly Line[] = [
  {
    title: 'a value its directive does not take',
    inServer: 'client_max_body_size {{ site.meta.limit }};',
    good: () => ({ Meta: { limit: '1m' } }),
    bad: { Meta: { limit: 'abc' } },
    says: /"client_max_body_size" directive invalid value/,
  },
  {
    title: 'one line of a table',
    inHttp: 'geo $team { default 0;{% for site in sites %}\n  {{ site.meta.net }} 1;{% endfor %}\n}',
    good: () => ({ Meta: { net: '10.0.0.0/8' } }),
    bad: { Meta: { net: 'nonsense' } },
    says: /invalid network "nonsense"/,
  },
  {
    title: 'an error that nginx gives no file and line for',
    inServer: 'server_name {{ site.meta.alias | default(site.serverNames[0]) }};',
    good: name => ({ Meta: { alias: `${name}.alias` } }),
    bad: { Meta: { alias: `${'x'.repeat(60)}.${'y'.repeat(60)}` } },
    says: /could not build server_names_hash/,
  },
  {
    title: 'nothing where an argument has to be',
    inServer: 'add_header X-Note {{ site.meta.note }};',
    good: noted,
    bad: note(''),
    says: /invalid number of arguments in "add_header" directive/,
  },
  {
    title: 'more than nginx can hold in one argument',
    inServer: 'add_header X-Tags "{{ site.tags | join(" ") }}";',
    bad: { Tags: ['calico', 't'.repeat(5_120)] },
    says: /too long parameter/,
  },
  {
    title: 'a line that throws',
    inServer: '# owner: {{ site.meta.owner }}',
    good: () => ({ Meta: { owner: 'team' } }),
    bad: {},
    says: /user\.njk:\d+:\d+: site\.meta\.owner is undefined/,
  },
  {
    title: 'a host name that nginx cannot resolve',
    inServer: 'location /more { proxy_pass http://{{ site.meta.target }}; }',
    good: () => ({ Meta: { target: '127.0.0.1:1' } }),
    bad: { Meta: { target: 'nobody.invalid' } },
    says: /host not found in upstream "nobody\.invalid"/,
  },
  {
    title: 'a loop that does not end in time',
    inServer: '{% for a in range(site.meta.count) %}{% for b in range(site.meta.count) %}{% endfor %}{% endfor %}',
    good: () => ({ Meta: { count: '1' } }),
    bad: { Meta: { count: '1000000' } },
    says: /user\.njk.* did not finish rendering/,
    patience: 30_000, // each try of it takes 2 s
  },
  {
    title: 'more text than any configuration',
    inServer: '# {{ "x".repeat(site.meta.count) }}',
    good: () => ({ Meta: { count: '1' } }),
    bad: { Meta: { count: '400000000' } },
    says: /user\.njk.*(bytes|did not finish)/,
  },
]

/** Each is more than one argument; most of it nginx would take. */
const breakouts: readonly Line[] = [
  {
    title: 'a quote that ends its argument, a server block behind it',
    inServer: 'add_header X-Note "{{ site.meta.note }}";',
    bad: note('pwn"; } server { listen 127.0.0.1:1; location /x { return 200 owned; } #'),
  },
  {
    title: 'a quote that ends its argument, with what nginx refuses behind it',
    inServer: 'add_header X-Note "{{ site.meta.note }}";',
    bad: note('pwn"; } server { listen 127.0.0.1:1; location / { return 200 owned; } } #'),
  },
  {
    title: 'a single quote that ends its argument',
    inServer: "add_header X-Note '{{ site.meta.note }}';",
    bad: note("pwn'; add_header X-Owned 'yes"),
  },
  {
    title: 'a newline that ends a comment',
    inServer: '# note: {{ site.meta.note }}',
    bad: note('pwn\nadd_header X-Owned yes;'),
  },
  {
    title: 'a semicolon without quotes',
    inServer: 'set $note {{ site.meta.note }};',
    bad: note('pwn;add_header X-Owned yes'),
  },
  {
    title: 'a blank without quotes',
    inServer: 'add_header X-Note {{ site.meta.note }};',
    bad: note('pwn always'),
  },
  {
    title: 'braces without quotes',
    inServer: 'location /{{ site.meta.note }} { return 204; }',
    bad: note('pwn{return 200 owned;}location /y'),
  },
  {
    title: 'a backslash before the closing quote',
    inServer: 'add_header X-Note "{{ site.meta.note }}"; add_header X-More "; add_header X-Owned yes; #";',
    bad: note('pwn\\'),
  },
  {
    title: 'a quote that opens an argument',
    inServer: 'add_header X-Note {{ site.meta.note }};\nadd_header X-More ";add_header X-Owned yes;#";',
    bad: note('"pwn'),
  },
  {
    title: 'a comment that swallows the rest',
    inServer: 'set $note {{ site.meta.note }};',
    bad: note('#pwn'),
  },
  {
    title: 'the name of a directive',
    inServer: '{% if site.meta.note is defined %}{{ site.meta.note }} on;{% endif %}',
    good: () => ({}),
    bad: note('sendfile'),
    says: /sendfile/,
  },
  {
    title: 'a part of the name of a directive',
    inServer: '{% if site.meta.note is defined %}proxy_{{ site.meta.note }} off;{% endif %}',
    good: () => ({}),
    bad: note('buffering'),
    says: /buffering/,
  },
  {
    title: 'NUL',
    inServer: 'add_header X-Note "{{ site.meta.note }}";',
    bad: note('pwn\0"; add_header X-Owned "yes'),
  },
].map(line => ({ says: /pwn/, good: noted, ...line }))

/** Both layouts: our own, where the user's file stands beside the shipped one, and a tree with this one file of ours. */
const layouts = [{ layout: 'our own layout' }, { layout: 'an adopted tree' }] as const

describe.each(layouts)("a user's template in $layout", ({ layout }) => {
  const isOwn = layout === 'our own layout'
  let scene: CatalogScene
  let path: string
  let port: number // of the user's servers
  let args: string[]

  beforeEach(async () => {
    scene = await openCatalogScene(consul)
    path = join(scene.bench.folder, 'user.njk')
    port = await freePort()
    args = isOwn
      ? [...scene.args, `-template=${shipped}:conf.d/ingress.conf`, `-template=${path}:conf.d/user.conf`]
      : [...scene.args, `-nginx-conf=${scene.tree.conf}`, `-template=${path}:${scene.tree.destination}`]
  })
  afterEach(() => scene.close())

  /** All in one file. Beside the shipped template the upstreams are its; alone it has to make them. */
  function save({ inServer = '', inHttp = '' }: Partial<Line> = {}): void {
    const upstream =
      'upstream {{ site.upstream.name }} { {% for s in site.upstream.servers %}server {{ s.endpoint }}; {% endfor %}}\n'
    writeFileSync(
      path,
      `${inHttp}
server { listen 127.0.0.1:${port} default_server; server_name _; return 404; }
{% for site in sites %}
${isOwn ? '' : upstream}server {
  listen 127.0.0.1:${port};
  server_name {{ site.serverNames | join(" ") }};
  ${inServer}
  location / { proxy_pass http://{{ site.upstream.name }}; }
}
{% endfor %}
{% for missing in unavailable %}
server { listen 127.0.0.1:${port}; server_name {{ missing.serverNames | join(" ") }}; return 503; }
{% endfor %}
`,
    )
  }
  const live = () =>
    isOwn
      ? readFileSync(join(scene.bench.state, 'nginx/current/conf.d/user.conf'), 'utf8')
      : readFileSync(scene.tree.destination, 'utf8')
  const quarantined = (service: string) =>
    scene.rejectionsOf(service).filter(({ reason }) => reason === 'quarantined' || reason === 'untested')
  const nobodyIsQuarantined = () =>
    scene.status().rejected.every(({ reason }) => reason !== 'quarantined' && reason !== 'untested')

  async function isNamed(service: string, says: RegExp, ms = SOON_MS): Promise<void> {
    await until(
      `${service} is quarantined, because ${says}`,
      () => quarantined(service).some(({ reason, detail }) => reason === 'quarantined' && says.test(detail)),
      ms,
    ).catch(error => {
      throw new Error(`${error.message}; said is ${JSON.stringify(scene.status().rejected)}`)
    })
  }
  async function isBack(service: string, running: Running): Promise<void> {
    await until(`${service} is no longer rejected`, () => scene.rejectionsOf(service).length === 0)
    await running.saw('selection.accepted', ({ rejection }) => rejection.service === service)
  }
  async function started(...services: readonly Registration[]): Promise<Running> {
    await scene.register(...services)
    const running = scene.bench.start(args)
    await running.saw('daemon.ready')
    for (const { Name } of services) await answers(port, `${Name}.test`)
    return running
  }

  describe.each([
    { kind: 'refused by nginx or by the template', lines: refused },
    { kind: 'more than an argument', lines: breakouts },
  ])('a line that for one service is $kind', ({ lines }) => {
    // What is found does not depend on the layout, only how it is staged: there, a few of each kind are enough.
    it.each(lines.slice(0, isOwn ? undefined : 4).map(line => [line.title, line] as const))(
      '%s: the good ones are served, the culprit is named with what was found, and mended it is back',
      async (_title, line) => {
        const good = (Name: string) => ({ Name, ...line.good?.(Name) })
        save(line)
        const running = await started(good('old'))
        const traffic = keepAsking(port, ['old.test'])

        await Promise.all([scene.register({ Name: 'bad', ...line.bad }), scene.register(good('fresh'))])

        await answers(port, 'fresh.test', line.patience)
        await isNamed('bad', line.says, line.patience)
        expect((await get(port, 'bad.test')).status).not.toBe(200)
        expect(quarantined('old')).toEqual([])
        // On a machine that is busy it may wait for its turn a moment longer than others.
        await until('nobody else is left out', () => quarantined('fresh').length === 0)
        expect(scene.acceptedByNginx()).toBe(true)
        expect(live()).not.toMatch(/owned/)

        await scene.register(good('bad'))
        await answers(port, 'bad.test')
        await isBack('bad', running)
        expect(await traffic.stop()).toEqual([])
      },
    )

    it.each(
      lines
        .filter(({ patience }) => patience === undefined)
        .slice(0, isOwn ? 6 : 2)
        .map(line => [line.title, line] as const),
    )('%s: one that was live before goes on as it was, and is named', async (_title, line) => {
      const good = (Name: string) => ({ Name, ...line.good?.(Name) })
      save(line)
      const running = await started(good('old'), good('other'))
      const traffic = keepAsking(port, ['old.test', 'other.test'])

      await scene.register({ Name: 'old', ...line.bad })
      await isNamed('old', line.says, line.patience)
      await scene.register(good('fresh'))
      await answers(port, 'fresh.test', line.patience)

      expect(scene.acceptedByNginx()).toBe(true)
      await scene.register(good('old'))
      await isBack('old', running)
      expect(await traffic.stop()).toEqual([])
    })
  })

  it('a variable of nginx in the data is never read as one: no request shows what it holds', async () => {
    save({ inServer: 'add_header X-Note "{{ site.meta.note }}";' })
    await started({ Name: 'old', Meta: { note: 'fine' } })

    await Promise.all([
      scene.register({ Name: 'bad', Meta: { note: 'is $remote_addr and $host' } }),
      scene.register({ Name: 'worse', Meta: { note: 'is $nope' } }),
      scene.register({ Name: 'fresh', Meta: { note: 'fine' } }),
    ])

    await answers(port, 'fresh.test')
    await answers(port, 'old.test')
    await until('worse is named, or served', () =>
      quarantined('worse').length > 0 ? true : get(port, 'worse.test').then(({ status }) => status === 200),
    )
    const { headers } = await get(port, 'bad.test')
    expect(headers['x-note'] ?? '').not.toMatch(/127\.0\.0\.1|bad\.test/)
  })

  it('twenty bad ones and five good ones at once: the good ones are served within the usual time', async () => {
    save({ inServer: 'client_max_body_size {{ site.meta.limit }};' })
    await started({ Name: 'old', Meta: { limit: '1m' } })
    const traffic = keepAsking(port, ['old.test'])
    const many = (name: string, count: number, limit: string) =>
      Array.from({ length: count }, (_, at) => ({ Name: `${name}${at}`, Meta: { limit } }))
    const [bad, good] = [many('bad', 20, 'abc'), many('good', 5, '1m')]

    await Promise.all([...bad, ...good].map(service => scene.register(service)))

    for (const { Name } of good) await answers(port, `${Name}.test`)
    for (const { Name } of bad) await isNamed(Name, /"client_max_body_size" directive invalid value/)
    expect(scene.acceptedByNginx()).toBe(true)
    await Promise.all(bad.map(({ Name }) => scene.register({ Name, Meta: { limit: '2m' } })))
    for (const { Name } of bad) await answers(port, `${Name}.test`)
    await until('nobody is rejected', () => scene.status().rejected.length === 0)
    expect(await traffic.stop()).toEqual([])
  })

  it('twenty bad ones that nginx gives no line for, and five good ones: the good ones go live, each bad one is named', async () => {
    save({ inServer: '{% if site.meta.alias is defined %}server_name {{ site.meta.alias }};{% endif %}' })
    await started({ Name: 'old' })
    const traffic = keepAsking(port, ['old.test'])
    const alias = 'x'.repeat(90)
    const bad = Array.from({ length: 20 }, (_, at) => ({ Name: `bad${at}`, Meta: { alias: `${alias}${at}` } }))
    const good = Array.from({ length: 5 }, (_, at) => ({ Name: `good${at}` }))

    await Promise.all([...bad, ...good].map(service => scene.register(service)))

    for (const { Name } of good) await answers(port, `${Name}.test`)
    for (const { Name } of bad) {
      await until(`${Name} is named`, () => quarantined(Name).length > 0, 30_000)
    }
    expect(scene.acceptedByNginx()).toBe(true)
    expect(await traffic.stop()).toEqual([])
  })

  it('two hundred bad ones at once: while they are looked into, good ones that come meanwhile are served', async () => {
    save({ inServer: 'client_max_body_size {{ site.meta.limit }};' })
    const fine = { limit: '1m' }
    await started({ Name: 'old', Meta: fine })
    const traffic = keepAsking(port, ['old.test'])
    const bad = Array.from({ length: 200 }, (_, at) => ({ Name: `bad${at}`, Meta: { limit: 'abc' } }))

    await scene.register(...bad)

    for (const name of ['good1', 'good2', 'good3']) {
      await scene.register({ Name: name, Meta: fine })
      await answers(port, `${name}.test`, 60_000)
    }
    await until('each is named', () => bad.every(({ Name }) => quarantined(Name).length > 0), 60_000)
    expect(await traffic.stop()).toEqual([])
  }, 180_000)

  it('two that are only bad together: one goes on, the other is named', async () => {
    save({
      inHttp:
        '{% for site in sites %}{% if site.meta.zone is defined %}limit_req_zone $binary_remote_addr zone={{ site.meta.zone }}:1m rate=1r/s;\n{% endif %}{% endfor %}',
    })
    await started({ Name: 'old' })
    const twin = (Name: string) => ({ Name, Meta: { zone: 'shared' } })

    await Promise.all([twin('twin1'), twin('twin2'), { Name: 'fresh' }].map(service => scene.register(service)))

    await answers(port, 'fresh.test')
    const named = await until(
      'one of the two is named',
      () => ['twin1', 'twin2'].find(name => quarantined(name).length > 0),
      SOON_MS,
    )
    const other = named === 'twin1' ? 'twin2' : 'twin1'
    await answers(port, `${other}.test`)
    await until('only one of them is named', () => quarantined(other).length === 0)
    expect(quarantined(named)[0]?.detail).toMatch(/shared/)
    expect(scene.acceptedByNginx()).toBe(true)

    await scene.consul.deregister(other)
    await answers(port, `${named}.test`) // nobody is in its way any more
  })

  it('one that is only bad together with one that is live is the one that is named', async () => {
    save({
      inHttp:
        '{% for site in sites %}{% if site.meta.zone is defined %}limit_req_zone $binary_remote_addr zone={{ site.meta.zone }}:1m rate=1r/s;\n{% endif %}{% endfor %}',
    })
    await started({ Name: 'old', Meta: { zone: 'shared' } })
    const traffic = keepAsking(port, ['old.test'])

    await Promise.all([scene.register({ Name: 'aaa', Meta: { zone: 'shared' } }), scene.register({ Name: 'fresh' })])

    await answers(port, 'fresh.test')
    await isNamed('aaa', /shared/)
    expect(quarantined('old')).toEqual([])
    expect(await traffic.stop()).toEqual([])
  })

  it('broken for all of them from the start: the verdict is the template, and nobody is quarantined', async () => {
    save({ inServer: 'no_such_directive on;' })
    await scene.register({ Name: 'a' }, { Name: 'b' }, { Name: 'c' })

    const running = scene.bench.start(args)

    await running.saw('generation.invalid', ({ diagnostics }) =>
      diagnostics.some(({ message }) => message.includes('no_such_directive')),
    )
    await until('the problem is shown', () => scene.status().problem?.includes('no_such_directive'))
    expect(nobodyIsQuarantined()).toBe(true)

    save()
    for (const name of ['a', 'b', 'c']) await answers(port, `${name}.test`)
    expect(running.events().filter(({ type }) => type === 'selection.rejected')).toEqual([])
  })

  it('broken for all of them, with nobody registered at the start: the verdict is the template when they come', async () => {
    save({ inServer: 'no_such_directive on;' })
    const running = scene.bench.start(args)
    await running.saw('daemon.ready')

    await scene.register(...['a', 'b', 'c', 'd'].map(Name => ({ Name })))
    await until('the problem is shown', () => JSON.stringify(scene.status()).includes('no_such_directive'))
    await until('the problem is told of the template', () => scene.status().problem?.includes('no_such_directive'))
    expect(nobodyIsQuarantined()).toBe(true)

    save()
    for (const name of ['a', 'b', 'c', 'd']) await answers(port, `${name}.test`)
  })

  it('a culprit keeps no host name from others: whoever else wants it is served', async () => {
    save({ inServer: 'client_max_body_size {{ site.meta.limit }};' })
    await started({ Name: 'old', Meta: { limit: '1m' } })
    await scene.register({ Name: 'aaa', Meta: { limit: 'abc', server_name: 'shop.test' } })
    await isNamed('aaa', /client_max_body_size/)

    await scene.register({ Name: 'shop', Meta: { limit: '1m' } })

    await answers(port, 'shop.test')
  })

  it('a port that another process has, wanted by one service: the good ones are served', async () => {
    save({
      inServer: '{% if site.meta.port is defined %}listen 127.0.0.1:{{ site.meta.port }};{% endif %}',
    })
    await started({ Name: 'old' })
    const traffic = keepAsking(port, ['old.test'])

    await scene.register({ Name: 'greedy', Meta: { port: scene.consul.address.split(':')[1] ?? '' } })
    await until(
      'greedy is named, or the refusal is shown',
      () => JSON.stringify(scene.status()).includes('Address already in use'),
      SOON_MS,
    )
    await scene.register({ Name: 'fresh' })

    await answers(port, 'fresh.test')
    expect(await traffic.stop()).toEqual([])
  })

  it('one that was live moves to other addresses with data that is refused: the others go on, it is named', async () => {
    save({ inServer: 'client_max_body_size {{ site.meta.limit }};' })
    const fine = { limit: '1m' }
    await started({ Name: 'old', Meta: fine }, { Name: 'moving', Address: '127.0.0.5', Meta: fine })
    const traffic = keepAsking(port, ['old.test'])

    await scene.register(
      { Name: 'moving', Address: '127.0.0.6', Meta: { limit: 'abc' } },
      { Name: 'fresh', Meta: fine },
    )
    await answers(port, 'fresh.test')
    await isNamed('moving', /client_max_body_size/)

    expect(scene.acceptedByNginx()).toBe(true)
    await scene.register({ Name: 'moving', Address: '127.0.0.6', Meta: fine })
    await answers(port, 'moving.test')
    expect(await traffic.stop()).toEqual([])
  })

  it('all kinds of culprits at once, each found by another net, and some only behind others', async () => {
    save({
      inHttp:
        '{% for site in sites %}{% if site.meta.zone is defined %}limit_req_zone $binary_remote_addr zone={{ site.meta.zone }}:1m rate=1r/s;\n{% endif %}{% endfor %}',
      inServer: [
        'client_max_body_size {{ site.meta.limit }};',
        'add_header X-Note "{{ site.meta.note }}";',
        'server_name {{ site.meta.alias | default(site.serverNames[0]) }};',
      ].join('\n  '),
    })
    const fine = { limit: '1m', note: 'fine' }
    await started({ Name: 'old', Meta: fine })
    const traffic = keepAsking(port, ['old.test'])
    const bad: readonly (readonly [string, Registration['Meta'] & {}])[] = [
      ['limitless', { note: 'fine' }],
      ['noteless', { limit: '1m' }],
      ['refused', { ...fine, limit: 'abc' }],
      ['breakout', { ...fine, note: 'pwn"; return 200 owned; #' }],
      ['newline', { ...fine, note: 'pwn\n' }],
      ['unplaced', { ...fine, alias: 'x'.repeat(100) }],
      ['first', { ...fine, zone: 'shared' }],
      ['second', { ...fine, zone: 'shared' }],
      ['variable', { ...fine, note: '$nope' }],
      ['twice', { limit: 'abc', note: 'pwn"; #' }],
    ]

    await Promise.all([
      ...bad.map(([Name, Meta]) => scene.register({ Name, Meta })),
      ...Array.from({ length: 5 }, (_, at) => scene.register({ Name: `good${at}`, Meta: fine })),
    ])

    for (let at = 0; at < 5; at += 1) await answers(port, `good${at}.test`)
    for (const [name] of bad) {
      if (name !== 'first' && name !== 'second') await until(`${name} is named`, () => quarantined(name).length > 0)
    }
    await until(
      'one of the two that clash is named',
      () => [...quarantined('first'), ...quarantined('second')].length > 0,
    )
    expect(scene.acceptedByNginx()).toBe(true)
    await Promise.all(bad.map(([Name]) => scene.register({ Name, Meta: { ...fine, zone: `own-${Name}` } })))
    for (const [name] of bad) await answers(port, `${name}.test`)
    await until('nobody is rejected', () => scene.status().rejected.length === 0)
    expect(await traffic.stop()).toEqual([])
  })

  it.each([
    { how: 'nginx refuses it', line: 'no_such_directive on;', event: 'template.set_aside', says: 'no_such_directive' },
    { how: 'it throws', line: '# {{ site.nosuch }}', event: 'template.failed', says: 'site.nosuch is undefined' },
  ] as const)(
    'saved while it runs and broken for all ($how): the verdict is the template, what is live stays, the catalog goes on',
    async ({ line, event, says }) => {
      save()
      const running = await started({ Name: 'a' }, { Name: 'b' }, { Name: 'c' })
      const traffic = keepAsking(port, ['a.test', 'b.test', 'c.test'])

      save({ inServer: line })
      const verdict = await running.saw(event)
      expect(JSON.stringify(verdict)).toContain(says)
      await scene.register({ Name: 'fresh' })
      await answers(port, 'fresh.test')

      expect(nobodyIsQuarantined()).toBe(true)
      expect(running.events().filter(({ type }) => type === 'selection.rejected')).toEqual([])
      expect(Object.keys(scene.status().templates)).toEqual([path])
      expect(scene.acceptedByNginx()).toBe(true)
      expect(await traffic.stop()).toEqual([])
    },
  )

  it('saved while it runs and broken for one of those that are live: that one goes on as it was, the rest with the new text', async () => {
    save()
    const running = await started({ Name: 'a', Meta: { limit: '1m' } }, { Name: 'b', Meta: { limit: 'abc' } })
    const traffic = keepAsking(port, ['a.test', 'b.test'])
    const from = running.events().length

    save({ inServer: 'client_max_body_size {{ site.meta.limit }};' })
    await running.saw('template.loaded', undefined, from)
    await until(
      'b is named, or the template',
      () => quarantined('b').length > 0 || path in scene.status().templates,
      SOON_MS,
    )
    await scene.register({ Name: 'fresh', Meta: { limit: '1m' } })
    await answers(port, 'fresh.test')

    expect(scene.acceptedByNginx()).toBe(true)
    expect(quarantined('a')).toEqual([])
    expect(await traffic.stop()).toEqual([])
  })

  it.each([{ signal: 'SIGTERM' }, { signal: 'SIGKILL' }] as const)(
    'upstreamd is restarted ($signal) with the culprit still registered: the good ones are served at once, the culprit stays out',
    async ({ signal }) => {
      const line = 'add_header X-Note "{{ site.meta.note }}";\n  client_max_body_size {{ site.meta.limit }};'
      const fine = { note: 'fine', limit: '1m' }
      save({ inServer: line })
      const first = await started({ Name: 'old', Meta: fine })
      await scene.register(
        { Name: 'refused', Meta: { note: 'fine', limit: 'abc' } },
        { Name: 'breakout', Meta: { note: 'pwn"; return 200 owned; #', limit: '1m' } },
        { Name: 'fresh', Meta: fine },
      )
      await answers(port, 'fresh.test')
      await isNamed('refused', /client_max_body_size/)
      await isNamed('breakout', /pwn/)
      await first.stop(signal)

      const second = scene.bench.start(args)
      await second.saw('daemon.ready')

      for (const host of ['old.test', 'fresh.test']) expect((await get(port, host)).status).toBe(200)
      await scene.register({ Name: 'later', Meta: fine })
      await answers(port, 'later.test')
      await isNamed('refused', /client_max_body_size/)
      await isNamed('breakout', /pwn/)
      for (const host of ['refused.test', 'breakout.test']) expect((await get(port, host)).status).not.toBe(200)
      expect(scene.acceptedByNginx()).toBe(true)

      await scene.register({ Name: 'refused', Meta: fine })
      await answers(port, 'refused.test')
    },
  )

  it('one that goes on as it was, because its new data is refused, does so through a restart, too', async () => {
    save({ inServer: 'client_max_body_size {{ site.meta.limit }};' })
    const first = await started({ Name: 'old', Meta: { limit: '1m' } }, { Name: 'other', Meta: { limit: '1m' } })
    await scene.register({ Name: 'old', Meta: { limit: 'abc' } })
    await isNamed('old', /client_max_body_size/)
    await first.stop()

    const second = scene.bench.start(args)
    await second.saw('daemon.ready')
    await scene.register({ Name: 'fresh', Meta: { limit: '1m' } })
    await answers(port, 'fresh.test')
    await isNamed('old', /client_max_body_size/)

    for (const host of ['old.test', 'other.test']) expect((await get(port, host)).status).toBe(200)
    expect(scene.acceptedByNginx()).toBe(true)
  })

  it('the first start of all, with the culprits among the good ones: the good ones are served, the culprits named', async () => {
    save({ inServer: 'add_header X-Note "{{ site.meta.note }}";\n  client_max_body_size {{ site.meta.limit }};' })
    await scene.register(
      { Name: 'a', Meta: { note: 'fine', limit: '1m' } },
      { Name: 'b', Meta: { note: 'pwn"; return 200 owned; #', limit: '1m' } },
      { Name: 'c', Meta: { note: 'fine', limit: 'abc' } },
      { Name: 'd', Meta: { note: 'fine' } },
      { Name: 'e', Meta: { note: 'fine', limit: '1m' } },
    )

    scene.bench.start(args)

    await answers(port, 'a.test')
    await answers(port, 'e.test')
    await isNamed('b', /pwn/)
    await isNamed('c', /client_max_body_size/)
    await isNamed('d', /site\.meta\.limit is undefined/)
    expect(scene.acceptedByNginx()).toBe(true)
  })

  it('every culprit is gone from status.json when it is deregistered', async () => {
    save({ inServer: 'client_max_body_size {{ site.meta.limit }};' })
    const running = await started({ Name: 'old', Meta: { limit: '1m' } })
    await scene.register({ Name: 'bad', Meta: { limit: 'abc' } })
    await isNamed('bad', /client_max_body_size/)

    await scene.consul.deregister('bad')

    await isBack('bad', running)
    await answers(port, 'old.test')
  })

  it('a quiet catalog with a culprit in it: nothing is rendered, validated or said again and again', async () => {
    save({ inServer: 'client_max_body_size {{ site.meta.limit }};' })
    const running = await started({ Name: 'old', Meta: { limit: '1m' } })
    await scene.register({ Name: 'bad', Meta: { limit: 'abc' } })
    await isNamed('bad', /client_max_body_size/)
    await scene.register({ Name: 'fresh', Meta: { limit: '1m' } })
    await answers(port, 'fresh.test')
    const reloads = () => running.events().filter(({ type }) => type === 'generation.activated').length
    const before = reloads()
    await scene.register({ Name: 'bad', Meta: { limit: 'abc' }, Tags: ['calico', 'another'] })
    await scene.register({ Name: 'next', Meta: { limit: '1m' } })
    await answers(port, 'next.test')

    expect(reloads()).toBeLessThanOrEqual(before + 2)
    const said = running
      .events()
      .filter(event => event.type === 'selection.rejected' && event.rejection.service === 'bad')
    expect(said).toHaveLength(1)
  })
})

describe('a template that looks beyond what is selected by tag', () => {
  let scene: CatalogScene
  let path: string
  beforeEach(async () => {
    scene = await openCatalogScene(consul)
    path = join(scene.bench.folder, 'beyond.njk')
  })
  afterEach(() => scene.close())

  it.each([
    {
      title: 'services',
      text: '{% for s in services %}{% for i in s.instances %}{% if i.meta.note is defined %}# {{ i.meta.note }}\n{% endif %}{% endfor %}{% endfor %}',
    },
    {
      title: 'service(name)',
      text: 'map $host $note { default "";{% for i in service("stranger") %} {{ i.meta.key }} "{{ i.meta.note }}";{% endfor %} }',
    },
  ])('$title: a poisonous one among them is named, all selected ones are served', async ({ text }) => {
    writeFileSync(path, text)
    await scene.register({ Name: 'old' })
    const stranger = { Name: 'stranger', Tags: ['bridge'] }
    await scene.register({ ...stranger, Meta: { note: 'fine', key: 'x' } })
    const running = scene.bench.start([
      ...scene.args,
      `-template=${shipped}:conf.d/ingress.conf`,
      `-template=${path}:conf.d/beyond.conf`,
    ])
    await answers(scene.port, 'old.test')
    await running.saw('daemon.ready')
    const traffic = keepAsking(scene.port, ['old.test'])

    const poison = 'pwn"; } server { listen 127.0.0.1:1; }\nserver { return 200 owned; } map $host $b { #'
    await Promise.all([
      scene.register({ ...stranger, Meta: { note: poison, key: 'x' } }),
      scene.register({ Name: 'fresh' }),
    ])

    await answers(scene.port, 'fresh.test')
    await until(
      'the stranger is named',
      () => scene.rejectionsOf('stranger').some(({ reason, detail }) => reason === 'quarantined' && /pwn/.test(detail)),
      SOON_MS,
    )
    expect(scene.acceptedByNginx()).toBe(true)
    expect(readFileSync(join(scene.bench.state, 'nginx/current/conf.d/beyond.conf'), 'utf8')).not.toMatch(/owned/)

    await scene.register({ ...stranger, Meta: { note: 'mended', key: 'x' } })
    await until('the stranger is back', () =>
      readFileSync(join(scene.bench.state, 'nginx/current/conf.d/beyond.conf'), 'utf8').includes('mended'),
    )
    await until('it is no longer rejected', () => scene.rejectionsOf('stranger').length === 0)
    expect(await traffic.stop()).toEqual([])
  })
})

describe('a plain file beside nginx', () => {
  it('throws for one service: it is written without that one, which nginx serves all the same', async () => {
    const scene = await openCatalogScene(consul)
    onTestFinished(() => scene.close())
    const path = join(scene.bench.folder, 'list.njk')
    const list = join(scene.bench.folder, 'list.txt')
    writeFileSync(path, '{% for site in sites %}{{ site.service }} {{ site.meta.owner }}\n{% endfor %}')
    await scene.register({ Name: 'old', Meta: { owner: 'team' } })
    scene.bench.start([...scene.args, `-template=${shipped}:conf.d/ingress.conf`, `-template=${path}:${list}`])
    await answers(scene.port, 'old.test')

    await scene.register({ Name: 'ownerless' }, { Name: 'fresh', Meta: { owner: 'team; } {' } })

    await answers(scene.port, 'fresh.test')
    await answers(scene.port, 'ownerless.test')
    await until('the list is written', () => readFileSync(list, 'utf8') === 'fresh team; } {\nold team\n', SOON_MS)
    await until('it is named', () =>
      scene
        .rejectionsOf('ownerless')
        .some(({ detail }) => /list\.njk:1:\d+: site\.meta\.owner is undefined/.test(detail)),
    )
    await scene.register({ Name: 'ownerless', Meta: { owner: 'somebody' } })
    await until('it is back', () => readFileSync(list, 'utf8').includes('ownerless somebody'))
    await until('it is no longer rejected', () => scene.rejectionsOf('ownerless').length === 0)
  })
})

describe('a run that ends by itself (-once)', () => {
  it('writes the same bytes with the check of the output and without it', async () => {
    const scene = await openCatalogScene(consul)
    onTestFinished(() => scene.close())
    const path = join(scene.bench.folder, 'once.njk')
    writeFileSync(
      path,
      '{% for site in sites %}# {{ site.meta.note | upper }}\nserver { listen 127.0.0.1:8; server_name {{ site.serverNames | join(" ") }}; add_header X "{{ site.meta.note }}"; return 204; }\n{% endfor %}',
    )
    const meta = { note: 'ünï ;{}# \u200b 🚀', server_name: 'a.test, b.test' }
    await scene.register({ Name: 'good', Meta: meta }, { Name: 'plain', Meta: { note: 'x' } })
    await until('both are registered', async () => {
      const known = (await consul.call('GET', '/catalog/services')) as Record<string, unknown>
      return 'good' in known && 'plain' in known
    })
    const once = async (...more: readonly string[]) => {
      const { code } = await scene.bench.run([
        ...scene.args,
        '-once',
        `-nginx-conf=${scene.tree.conf}`,
        `-template=${path}:${scene.tree.destination}`,
        ...more,
      ])
      expect(code).toBe(0)
      return readFileSync(scene.tree.destination, 'utf8')
    }

    const checked = await once()
    const unchecked = await once('-check-output=false')

    expect(checked).toContain('server_name a.test b.test;')
    expect(unchecked).toBe(checked)
  })

  it('writes the good ones, names the culprit and succeeds', async () => {
    const scene = await openCatalogScene(consul)
    onTestFinished(() => scene.close())
    const path = join(scene.bench.folder, 'once.njk')
    writeFileSync(
      path,
      '{% for site in sites %}server { listen 127.0.0.1:8; server_name {{ site.serverNames[0] }}; client_max_body_size {{ site.meta.limit }}; return 204; }\n{% endfor %}',
    )
    await scene.register({ Name: 'good', Meta: { limit: '1m' } }, { Name: 'bad', Meta: { limit: 'abc' } })
    await until('both are registered', async () => {
      const known = (await consul.call('GET', '/catalog/services')) as Record<string, unknown>
      return 'good' in known && 'bad' in known
    })

    const { code, stderr } = await scene.bench.run([
      ...scene.args,
      '-once',
      '-log-format=json',
      `-nginx-conf=${scene.tree.conf}`,
      `-template=${path}:${scene.tree.destination}`,
    ])

    expect(stderr).toMatch(/"quarantined".*client_max_body_size/)
    expect(existsSync(scene.tree.destination)).toBe(true)
    expect(readFileSync(scene.tree.destination, 'utf8')).toMatch(/good\.test/)
    expect(readFileSync(scene.tree.destination, 'utf8')).not.toMatch(/bad\.test/)
    expect(code).toBe(0)
  })
})
