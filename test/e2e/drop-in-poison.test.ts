import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { RejectionReason } from '../../src/model/selection.ts'
import { answers, type CatalogScene, keepAsking, openCatalogScene } from '../support/catalog-scene.ts'
import { type RealConsul, startConsul, TTL } from '../support/consul.ts'
import { type Container, openContainer, userSetup, whyNoContainer } from '../support/container.ts'
import { roomy } from '../support/drop-in.ts'
import { get } from '../support/http.ts'
import { type Poison, poisons } from '../support/poison.ts'
import type { Running } from '../support/upstreamd.ts'
import { until } from '../support/wait.ts'

/** Of these one is named, and the reason contains this. */
interface Named {
  readonly oneOf: readonly string[]
  readonly reason: RejectionReason
  readonly detail: string | RegExp
}

/** What becomes of a poison with app.ctmpl. */
interface Fate {
  readonly named: readonly Named[]
  readonly served: readonly string[] // services whose host is answered by a backend
  readonly unserved: readonly string[] // services whose host is not
  readonly isCurable: boolean
}

/**
 * Where app.ctmpl makes something else of them than the shipped template: it calls the upstream as the service is called,
 * makes the host name of that, too, knows no meta and no weights, and asks for what is passing. So what is said of names
 * is said by nginx, in its words; whoever had a name first keeps it. Nothing else that is bad reaches it.
 */
const otherwise: Readonly<Record<string, Partial<Fate>>> = {
  'a name of one part with 100 characters, which no host name can have': {
    named: [{ oneOf: ['n'.repeat(100)], reason: 'quarantined', detail: 'could not build server_names_hash' }],
    isCurable: false,
  },
  'a name with a dash at its end': {
    named: [{ oneOf: ['trailing-'], reason: 'quarantined', detail: 'invalid server name or wildcard "trailing..' }],
  },
  'a host name longer than the hash of a stock nginx holds': {
    named: [{ oneOf: [longest()], reason: 'quarantined', detail: 'could not build server_names_hash' }],
    served: [],
    unserved: [longest()],
  },
  'names that differ in case only: one has the host name, the other is named': {
    named: [{ oneOf: ['twin', 'TWIN'], reason: 'quarantined', detail: /duplicate upstream "twin"/i }],
    served: ['twin'],
  },
  // With host names of their own, of which app.ctmpl knows nothing.
  'names that differ in case only, with host names of their own': {
    named: [{ oneOf: ['pair', 'PAIR'], reason: 'quarantined', detail: /duplicate upstream "pair"/i }],
    served: ['pair'],
  },
  'names that give the same host name: one has it, the other is named': {
    named: [{ oneOf: ['a-b', 'a.b'], reason: 'quarantined', detail: 'conflicting server name "a.b.flyclock.cn"' }],
    served: ['a-b'],
  },
  "another team's host name": { named: [], served: ['thief', 'old'] },
  'a host name that is a regular expression for all of them': { named: [], served: ['greedy'] },
  'weight 0': {
    named: [{ oneOf: ['weightless'], reason: 'no_healthy_instance', detail: 'warning' }],
    isCurable: false, // its check stays
  },
  '500 instances of one service': {
    named: [{ oneOf: ['crowd'], reason: 'quarantined', detail: 'no memory in upstream zone "upstream-crowd"' }],
    served: [], // or those few that came first, and fit
  },
}

/** The lines that app.ctmpl prints for somebody whose name is a name, and whose servers are here. */
const harmless = [
  /^upstream [\w.-]+ \{$/,
  /^zone upstream-[\w.-]+ 64k;$/,
  /^ server (127(\.\d+){3}|\[::1\]):\d{4,5} max_fails=3 fail_timeout=60 weight=1;$/,
  /^server_name [\w.-]+\.flyclock\.cn;$/,
  /^access_log \/var\/log\/nginx\/[\w.-]+\.log;$/,
  /^proxy_pass http:\/\/[\w.-]+;$/,
]
const itsOwn = new Set(readFileSync(join(userSetup, 'app.ctmpl'), 'utf8').split('\n'))

const why = whyNoContainer()

describe.skipIf(why !== undefined)(`poison, with app.ctmpl in a tree as users have it${why ?? ''}`, () => {
  let consul: RealConsul
  let scene: CatalogScene
  let container: Container
  let running: Running

  beforeAll(async () => {
    consul = await startConsul(roomy)
  })
  beforeEach(async () => {
    scene = await openCatalogScene(consul)
    container = await openContainer(scene.bench, scene.consul.address, scene.backend.port)
  })
  afterEach(async () => {
    await container?.close()
    await scene?.close()
  })
  afterAll(() => consul?.stop())

  /** With these registered, and served. */
  async function started(names: readonly string[], ...more: readonly string[]): Promise<void> {
    for (const Name of names) await scene.register({ Name, Check: TTL })
    running = await container.start([
      `-consul-addr=${scene.consul.address}`,
      `-template=${container.template}`,
      '-reload-interval=0s', // one change comes after the other
      ...more,
    ])
    for (const name of names) await isServed(name)
  }
  const isServed = (service: string) => answers(container.door, hostOf(service))
  const written = () => readFileSync(container.destination, 'utf8')
  const strangeLines = () =>
    written()
      .split('\n')
      .filter(line => !itsOwn.has(line) && !harmless.some(pattern => pattern.test(line)))
  const ask = async (service: string) => (await get(container.door, hostOf(service))).text
  const neighbours = (...names: readonly string[]) => keepAsking(container.door, names.map(hostOf))
  const rejections = (services: readonly string[]) => services.flatMap(scene.rejectionsOf)

  async function isNamed({ oneOf, reason, detail }: Named): Promise<void> {
    await until(`${oneOf.join(' or ')} is named as ${reason}`, () =>
      rejections(oneOf).some(one => one.reason === reason && fits(one.detail, detail)),
    ).catch(error => {
      throw new Error(`${error.message}; said is ${JSON.stringify(rejections(oneOf))}`)
    })
  }

  it('every odd registration at once with a good one: the good ones are served, the odd ones named; mended, they are back', async () => {
    const list = poisons(scene.backend.port)
    await started(['old'], '-max-loss=100%')
    const traffic = neighbours('old')

    await Promise.all([
      ...list.map(async ({ services, elsewhere = [] }) => {
        await scene.register(...services)
        await scene.registerElsewhere(...elsewhere)
      }),
      scene.register({ Name: 'good' }),
    ])

    await isServed('good')
    for (const fate of list.map(fateOf)) {
      for (const named of fate.named) await isNamed(named)
      for (const service of fate.served) await isServed(service)
      for (const service of fate.unserved) if (isAsked(service)) expect(await ask(service), service).not.toBe('one')
    }
    expect(container.acceptedByNginx()).toBe(true)
    expect(strangeLines()).toEqual([])
    expect(scene.status()).toMatchObject({ ready: true, templates: {} })

    const curable = list.filter(poison => fateOf(poison).isCurable)
    await Promise.all(curable.map(({ mended = [] }) => scene.register(...mended)))
    for (const { named, unserved } of curable.map(fateOf)) {
      for (const { oneOf } of named) {
        await until(`${oneOf} is no longer rejected`, () => rejections(oneOf).length === 0)
      }
      for (const service of unserved) await isServed(service)
    }
    await scene.clear('old')
    await until('nothing is rejected any more', () => scene.status().rejected.length === 0)
    expect(await traffic.stop()).toEqual([])
    expect(running.child.exitCode).toBe(null)
  })

  it.each([
    { how: 'sorts before it, so that nginx would read it first', live: 'orders-api', late: 'Orders.api' },
    { how: 'is written otherwise', live: 'orders.api', late: 'orders-api' },
  ])('a name that gives the host of one that is live and $how: who has it keeps it, until it is gone', async one => {
    await started([one.live])
    const traffic = neighbours(one.live)

    await scene.register({ Name: one.late, Address: '127.0.0.2', Port: 9 }, { Name: 'good' }) // nobody listens there

    await isServed('good')
    await isNamed({
      oneOf: [one.late],
      reason: 'quarantined',
      detail: 'conflicting server name "orders.api.flyclock.cn"',
    })
    expect(await traffic.stop()).toEqual([])
    await scene.register({ Name: one.late })
    await scene.consul.deregister(one.live)
    await until('the other one has it', () => written().includes(`upstream ${one.late} {`))
    await isServed(one.late)
    await until('nobody is rejected', () => scene.status().rejected.length === 0)
  })

  it('two hundred bad ones beside fifty good ones, at once: the good ones are served, each bad one is named', async () => {
    await started(['old'], '-max-loss=100%')
    const traffic = neighbours('old')
    const good = Array.from({ length: 50 }, (_, at) => ({ Name: `good-${at}` }))
    const address = '10.1.1.2:80; } server { listen 1; } upstream z { server 10.0.0.1'
    const bad = Array.from({ length: 25 }, (_, at) => [
      { Name: `bad-${at}-${'x'.repeat(70)}` }, // 78 characters and more: nginx refuses it, and says not where
      { Name: `bad-${at}-` }, // nginx refuses it
      { Name: `GOOD-${at}`, ID: `upper-${at}` }, // nginx refuses it beside a good one
      ...[0, 1, 2, 3].map(which => ({ Name: `bad${at}-${which}`, Address: address })),
      { Name: `bad ${at}` },
    ]).flat()

    await Promise.all([...good, ...bad].map(one => scene.register(one)))

    // 6 to 12 s on two cores; each trial is an nginx that reads all of it, and others run tests beside this one.
    for (const { Name } of good) await answers(container.door, hostOf(Name), 90_000)
    for (const { Name } of bad) {
      const twins = Name.startsWith('GOOD') ? [Name, Name.toLowerCase()] : [Name]
      await until(`${Name} is named`, () => rejections(twins).length > 0, 60_000)
    }
    expect(container.acceptedByNginx()).toBe(true)
    expect(strangeLines()).toEqual([])
    expect(await traffic.stop()).toEqual([])
  }, 180_000)

  it('one that is live and turns bad goes on as it was, whatever else turns up with it', async () => {
    await started(['old', 'TWIN', 'crowd'], '-max-loss=100%', '-wait=1s')
    const traffic = neighbours('old', 'TWIN', 'crowd')
    const more = Array.from({ length: 300 }, (_, at) => ({
      Name: 'crowd',
      ID: `crowd-${at}`,
      Address: `127.0.${1 + (at >> 7)}.${1 + (at % 128)}`,
    }))

    await scene.register(...more, { Name: 'twin', ID: 'other' }, { Name: 'trailing-' }, { Name: 'good' })

    await isServed('good')
    await isNamed({ oneOf: ['crowd'], reason: 'quarantined', detail: 'no memory in upstream zone' })
    await isNamed({ oneOf: ['twin'], reason: 'quarantined', detail: 'duplicate upstream' })
    await isNamed({ oneOf: ['trailing-'], reason: 'quarantined', detail: 'invalid server name' })
    expect(await traffic.stop()).toEqual([])
    await isServed('crowd')
  })

  it('all checks of one service fail: its last servers are kept; one that never was well is left out, without a word of nginx', async () => {
    await started(['old', 'sick', 'other'])
    const traffic = neighbours('old', 'sick')
    const before = written()

    await scene.consul.setCheck('sick', 'critical')
    await scene.register({ Name: 'stillborn', Check: { TTL: '1h', Status: 'critical' } })

    await isNamed({ oneOf: ['sick'], reason: 'no_healthy_instance', detail: 'critical' })
    await isNamed({ oneOf: ['stillborn'], reason: 'no_healthy_instance', detail: 'critical' })
    await scene.register({ Name: 'good' })
    await isServed('good')
    await running.saw('generation.activated', ({ added }) => added.some(server => server.startsWith('good')))
    const events = running.events()
    expect(events.filter(({ type }) => type === 'generation.activated')).toHaveLength(2) // the first, and the good one
    expect(events.filter(({ type }) => type === 'generation.invalid' || type === 'template.set_aside')).toEqual([])
    expect(rejections(['sick', 'stillborn']).map(({ reason }) => reason)).not.toContain('quarantined')
    expect(written()).toContain(before.slice(before.indexOf('upstream sick')))
    expect(written()).not.toContain('stillborn')
    expect(await traffic.stop()).toEqual([])

    await scene.consul.deregister('sick')
    await until('it is gone with its last registration', () => !written().includes('upstream sick'))
  })

  it('all checks of everything fail at once: everything is served on, also through a restart', async () => {
    const names = ['a', 'b', 'c', 'd']
    await started(names)
    const traffic = neighbours(...names)
    const before = written()

    await Promise.all(names.map(name => scene.consul.setCheck(name, 'critical')))
    for (const name of names) await isNamed({ oneOf: [name], reason: 'no_healthy_instance', detail: 'critical' })
    await scene.register({ Name: 'fresh' })
    await isServed('fresh')

    expect(written()).toContain(before.trimEnd())
    expect(await traffic.stop()).toEqual([])
    await running.stop()
    running = await container.start([`-consul-addr=${scene.consul.address}`, `-template=${container.template}`])
    for (const name of names) await isServed(name)
    await running.saw('daemon.ready')
    expect(written()).toContain(before.trimEnd())
  })

  it('everything but one is deregistered at once: it is held and named, until an operator believes it', async () => {
    const names = ['a', 'b', 'c', 'd']
    await started([...names, 'e'])
    const traffic = neighbours(...names)

    await Promise.all(names.map(name => scene.consul.deregister(name)))
    await until('they are held', () => names.every(name => scene.status().held.includes(name)))
    await scene.register({ Name: 'fresh' })
    await isServed('fresh')

    expect(await traffic.stop()).toEqual([])
    process.kill(running.pid, 'SIGUSR1')
    await until('they are gone', () => names.every(name => !written().includes(`upstream ${name} {`)))
    await isServed('e')
  })

  it('all that the template prints is deregistered at once, and is few among what is registered: it is held, also through a restart', async () => {
    const names = ['a', 'b', 'c', 'd']
    for (let at = 0; at < 8; at += 1) {
      await scene.register({ Name: `bridge-${at}`, Address: '172.17.0.2', Port: 8_000 + at, Tags: ['bridge'] })
    }
    await started(names, '-hold=1s')
    const traffic = neighbours(...names)

    await Promise.all(names.map(name => scene.consul.deregister(name)))
    await until('they are held', () => names.every(name => scene.status().held.includes(name)))
    await scene.register({ Name: 'elsewhere', Address: '172.17.0.3', Tags: ['bridge'] })
    await running.saw('selection.changed', ({ sites }) => sites === 13) // with the others, and those that are held

    expect(await traffic.stop()).toEqual([])
    await running.stop()
    await started([], '-hold=1s')
    for (const name of names) await isServed(name)
    await running.saw('selection.held', ({ services }) => services.length === 4)
    process.kill(running.pid, 'SIGUSR1')
    await until('they are gone', () => !written().includes('upstream'))
  })

  it('-trust-catalog shows all that is registered; what nginx refuses, or data that is syntax, hurts only the bad ones', async () => {
    await started(['old'], '-max-loss=100%', '-trust-catalog')
    const traffic = neighbours('old')

    await scene.register(
      { Name: 'metadata', Address: '169.254.169.254' }, // refused where nobody is trusted
      { Name: 'six', Address: '::1' }, // nginx wants brackets
      { Name: 'portless', Port: 0 },
      { Name: 'breakout', Address: '10.1.1.2:80; } server { listen 1; } upstream z { server 10.0.0.1' },
      { Name: 'bla nk' },
      { Name: 'good' },
    )

    await isServed('good')
    await until('the raw catalog is seen', () => written().includes('server 169.254.169.254:'))
    for (const name of ['six', 'portless', 'breakout', 'bla nk']) {
      await isNamed({ oneOf: [name], reason: 'quarantined', detail: /./ })
    }
    expect(container.acceptedByNginx()).toBe(true)
    expect(written()).not.toContain('listen 1;')
    expect(await traffic.stop()).toEqual([])
  })
})

function fateOf(poison: Poison): Fate {
  const { title, services, elsewhere = [], rejected = [], served = [], unavailable = [], mended } = poison
  const names = [...new Set([...services.map(({ Name }) => Name), ...elsewhere.map(({ Service }) => Service.Service)])]
  const named = rejected.map(({ service, reason, detail }) => ({ oneOf: [service], reason, detail }))
  const isServed = served.length > 0 && unavailable.length === 0
  return {
    named,
    served: isServed ? names : [],
    unserved: isServed || otherwise[title]?.served !== undefined ? [] : names,
    isCurable: mended !== undefined,
    ...otherwise[title],
  }
}

/** As app.ctmpl makes it. */
function hostOf(service: string): string {
  return `${service.toLowerCase().split('-').join('.')}.flyclock.cn`
}

/** Can anybody ask for a host of this name at all? */
function isAsked(service: string): boolean {
  return /^[\w.-]+$/.test(service)
}

function longest(): string {
  return `long-${'x'.repeat(60)}-${'y'.repeat(50)}`
}

function fits(text: string, part: string | RegExp): boolean {
  return typeof part === 'string' ? text.includes(part) : part.test(text)
}
