import { availableParallelism, loadavg } from 'node:os'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Snapshot } from '../../src/model/catalog.ts'
import type { Event } from '../../src/observe/event.ts'
import type { Question } from '../../src/source/consul/answer.ts'
import { connect } from '../../src/source/consul/client.ts'
import { ConsulConfig } from '../../src/source/consul/config.ts'
import * as questions from '../../src/source/consul/questions.ts'
import { createReader } from '../../src/source/consul/reader.ts'
import { Tables } from '../../src/source/consul/tables.ts'
import { sources } from '../../src/source/registry.ts'
import { type Random, seeded } from '../soak/random.ts'
import { aRuntime } from '../support/builders.ts'
import { askConsul, type Change, changes, drop, find, type Place, put, readAnew } from '../support/changes.ts'
import { type RealConsul, startConsul, TTL } from '../support/consul.ts'
import { startFakeConsul } from '../support/fake-consul.ts'
import { agentNode, type Changer, foreignNode, sickNode } from '../support/storm.ts'
import { until } from '../support/wait.ts'

/**
 * No change may take longer to arrive, from the return of the write on; on a machine with much more to do than it has
 * cores for, so much longer.
 */
const soon = () => 1_000 * Math.max(1, (loadavg()[0] ?? 0) / availableParallelism() / 2)
/** More nodes than are asked for nothing; the more there are, the more an answer for nothing costs. */
const NODES = 12
const SEED = Number(process.env.SEED ?? 20_261_120)
const CHANGES = Number(process.env.CHANGES ?? 1_500) // in each way
const EPOCHS = 6

/** There may be many others, whose nodes are not to be read for the sake of a few. */
const isOurs = (name: string) => !name.startsWith('theirs')

interface Following {
  readonly seen: readonly { readonly at: number; readonly snapshot: Snapshot }[]
  readonly events: readonly Event[]
  asked(): number
  /** Milliseconds from `since` to the first snapshot that fits. */
  arrival(what: string, since: number, fits: (snapshot: Snapshot) => boolean): Promise<number>
  end(): Promise<void>
}

/** One attempt of the source, from its first snapshot on. It may not end: contact is not lost here. */
async function follow(consul: RealConsul): Promise<Following> {
  const { runtime, events, abort } = aRuntime()
  const source = sources.create({ type: 'consul', address: consul.address } as never, runtime)
  const ending = new AbortController()
  const seen: { at: number; snapshot: Snapshot }[] = []
  let failure: unknown
  async function read(): Promise<void> {
    for await (const snapshot of source.snapshots(isOurs, ending.signal)) {
      seen.push({ at: performance.now(), snapshot })
    }
  }
  const reading = read().catch(error => {
    failure = error
  })
  await until('the first snapshot', () => seen.length > 0)

  return {
    seen,
    events,
    asked: () => source.asked?.() ?? 0,
    async arrival(what, since, fits) {
      let next = Math.max(
        0,
        seen.findLastIndex(({ at }) => at <= since),
      ) // what was known then may be it
      const { at } = await until(what, () => {
        if (failure !== undefined) throw failure
        for (; next < seen.length; next += 1) {
          const one = seen[next]
          if (one !== undefined && fits(one.snapshot)) return one
        }
        return undefined
      })
      return Math.max(0, at - since)
    },
    async end() {
      ending.abort()
      await reading
      abort()
      if (failure !== undefined) throw failure
    },
  }
}

describe.each([
  { way: 'node by node', theirs: 0 },
  { way: 'by the names of few among many', theirs: 100 },
])('read $way:', ({ theirs }) => {
  let consul: RealConsul
  let following: Following
  beforeAll(async () => {
    consul = await startConsul()
    for (let n = 0; n < NODES; n += 1) {
      await put({ consul, node: `quiet-${n}` }, { Service: { ID: 'q', Service: 'quiet', Port: 80 } })
    }
    for (let n = 0; n < theirs; n += 1) {
      await put({ consul, node: `theirs-${n}` }, { Service: { ID: 't', Service: `theirs-${n}`, Port: 80 } })
    }
    following = await follow(consul)
  })
  afterAll(async () => {
    await following?.end()
    await consul?.stop()
  })

  let places = 0
  /** Applies one change at a place of its own, and says how long it took to arrive. */
  async function arrivalOf({ title, given, write, seen, isOfAgent }: Change): Promise<number> {
    places += 1
    const place: Place = {
      consul,
      node: isOfAgent ? 'test' : `place-${places}`,
      id: `p${places}`,
      service: `place-${places}`,
    }
    if (given !== undefined) {
      await given(place)
      await following.arrival(`what was before ${title}`, 0, snapshot => {
        const found = find(snapshot, place)
        return found !== undefined && !seen(found)
      })
    }
    await write(place)
    const ms = await following.arrival(title, performance.now(), snapshot => seen(find(snapshot, place)))
    if (isOfAgent)
      await consul.deregister(place.id).catch(() => {}) // it may be gone
    else await drop(place)
    return ms
  }

  describe('every kind of change is seen within a second', () => {
    it.each(changes)('$title', async change => {
      expect(await arrivalOf(change)).toBeLessThan(soon())
    })
  })

  describe('a change is seen within a second', () => {
    const place = (number: number): Place => ({ consul, node: `quiet-${number}`, id: 'q', service: 'quiet' })
    let port = 1_000
    /** How long it takes until the port of an instance is seen that nothing else happens to. */
    async function arrivalOfPort(): Promise<number> {
      port += 1
      const mine = port
      await put(place(0), { Service: { ID: 'q', Service: 'quiet', Port: mine } })
      return await following.arrival('a port', performance.now(), seen => find(seen, place(0))?.port === mine)
    }

    it('after others that the check table told of before the service table could', async () => {
      const arrivals: number[] = []
      for (let number = 0; number < 12; number += 1) {
        const id = `told-${number}`
        await put(place(1), {
          Service: { ID: id, Service: 'quiet', Port: 80 },
          Check: { CheckID: id, Name: 'c', ServiceID: id, Status: 'critical' },
        })
        const at = performance.now()
        await following.arrival('an instance', at, seen => find(seen, { ...place(1), id })?.health === 'critical')
        await new Promise(resolve => setTimeout(resolve, 150)) // who was woken for nothing goes to rest
        arrivals.push(await arrivalOfPort())
      }

      expect(Math.max(...arrivals)).toBeLessThan(soon())
    })

    it('after one that was taken back before it was seen', async () => {
      await put(place(1), { Service: { ID: 'brief', Service: 'quiet', Port: 80 } })
      await drop(place(1), { ServiceID: 'brief' })
      await new Promise(resolve => setTimeout(resolve, 150)) // who was woken for nothing goes to rest

      expect(await arrivalOfPort()).toBeLessThan(soon())
    })

    it('while checks come and go elsewhere, without a pause', async () => {
      let isOver = false
      async function churn(): Promise<void> {
        for (let number = 0; !isOver; number += 1) {
          const CheckID = `come-${number % 10}`
          await put(place(2), { Check: { CheckID, Name: 'c', Status: 'passing' } })
          await drop(place(2), { CheckID })
        }
      }
      const churning = Promise.all([churn(), churn()])
      const arrivals: number[] = []
      try {
        for (let number = 0; number < 10; number += 1) arrivals.push(await arrivalOfPort())
      } finally {
        isOver = true
        await churning
      }

      expect(Math.max(...arrivals)).toBeLessThan(soon())
    })

    it('while nodes leave and come back, which is not said to be trouble', async () => {
      const nodes = [4, 5, 6, 7, 8].map(place)
      const areAll = (isThere: boolean) => (seen: Snapshot) =>
        nodes.every(node => (find(seen, node) !== undefined) === isThere)
      const arrivals: number[] = []
      for (let round = 0; round < 3; round += 1) {
        await Promise.all(nodes.map(node => drop(node)))
        arrivals.push(
          await following.arrival('they have left', performance.now(), areAll(false)),
          await arrivalOfPort(),
        )
        await Promise.all(nodes.map(node => put(node, { Service: { ID: 'q', Service: 'quiet', Port: 80 } })))
        arrivals.push(await following.arrival('they are back', performance.now(), areAll(true)), await arrivalOfPort())
      }

      expect(Math.max(...arrivals)).toBeLessThan(soon())
      expect(following.events).toEqual([])
    })
  })

  describe('in a storm', () => {
    const CANARIES = [1, 2, 3]
    const foreign = ['s-0', 'S-1', 's 2', 'sü-3', 'rack/4', 's.5', 's_6', 's-7']

    /** So many changes, as fast as Consul takes them, with pauses. */
    async function storm(workers: readonly Worker[], count: number, tally: Map<string, number>): Promise<void> {
      let left = count
      await Promise.all(
        workers.map(async ({ change, random }) => {
          while (left > 0) {
            left -= 1
            const kind = await change(random)
            tally.set(kind, (tally.get(kind) ?? 0) + 1)
            if (random.next() < 0.3) await new Promise(resolve => setTimeout(resolve, random.between(1, 200)))
          }
        }),
      )
    }

    /** One change after the other, at places of their own, as long as the storm lasts. */
    async function canary(random: Random, isOver: () => boolean): Promise<Arrival[]> {
      // The agent's node is put into maintenance by the storm.
      const mine = changes.filter(({ isOfAgent }) => !isOfAgent) as [Change, ...Change[]]
      const arrivals: Arrival[] = []
      while (!isOver()) {
        const change = random.pick(mine)
        arrivals.push({ title: change.title, ms: await arrivalOf(change) })
      }
      return arrivals
    }

    /** By somebody who has only just begun, and reads all there is. */
    async function readOurs(): Promise<Snapshot['services']> {
      return (await readAnew(consul)).services.filter(({ name }) => isOurs(name))
    }

    /** What the agent was told has come to the catalog: that is between the two of them. */
    async function agentIsInStep(): Promise<boolean> {
      const [services, checks, node, nodeChecks] = (await Promise.all(
        ['/agent/services', '/agent/checks', '/catalog/node-services/test', '/health/node/test'].map(path =>
          consul.call('GET', path),
        ),
      )) as [Record<string, AgentService>, Record<string, Check>, { Services: AgentService[] }, Check[]]
      const ofServices = (list: AgentService[]) =>
        list
          .filter(({ ID }) => ID !== 'consul')
          .map(({ ID, Service, Port, Address, Tags, Meta, Weights }) =>
            JSON.stringify([ID, Service, Port, Address, Tags ?? [], Meta ?? {}, Weights]),
          )
          .sort()
          .join()
      const ofChecks = (list: Check[]) =>
        list
          .filter(({ CheckID }) => CheckID !== 'serfHealth')
          .map(({ CheckID, Status }) => `${CheckID} ${Status}`)
          .sort()
          .join()
      return (
        ofServices(Object.values(services)) === ofServices(node.Services) &&
        ofChecks(Object.values(checks)) === ofChecks(nodeChecks)
      )
    }

    it(
      `what was said last is what is read anew, byte for byte: SEED=${SEED} CHANGES=${CHANGES}`,
      async () => {
        const random = seeded(SEED)
        const changers = [
          ...foreign.map(node => foreignNode(consul, node)),
          agentNode(consul),
          sickNode(consul, 'sick-1'),
          sickNode(consul, 'sick-2'),
        ]
        const workers = changers.map((change): Worker => ({ change, random: random.split() }))
        const tally = new Map<string, number>()
        const arrivals: Arrival[] = []
        const askedBefore = following.asked()

        for (let epoch = 1; epoch <= EPOCHS; epoch += 1) {
          let isOver = false
          const watching = Promise.all(CANARIES.map(() => canary(random.split(), () => isOver)))
          await storm(workers, CHANGES / EPOCHS, tally).finally(() => {
            isOver = true
          })
          arrivals.push(...(await watching).flat())
          const since = performance.now()
          await until('the agent has told the catalog', agentIsInStep)

          const last = await until(`epoch ${epoch}: what was said last is what is there`, async () => {
            const [anew, consuls] = [await readOurs(), await askConsul(consul, isOurs)]
            const latest = following.seen.at(-1)?.snapshot.services
            const text = JSON.stringify(anew)
            return JSON.stringify(latest) === text && JSON.stringify(consuls) === text && text
          }).catch(async error => {
            const latest = following.seen.at(-1)?.snapshot.services
            expect(latest, `epoch ${epoch}: as Consul says`).toEqual(await askConsul(consul, isOurs))
            expect(latest, `epoch ${epoch}: as it is read anew`).toEqual(await readOurs())
            throw error
          })
          const isLast = (snapshot: Snapshot) => JSON.stringify(snapshot.services) === last
          arrivals.push({ title: `the last one of epoch ${epoch}`, ms: await following.arrival('it', since, isLast) })
        }

        const worst = arrivals.toSorted((a, b) => b.ms - a.ms)
        const { length } = worst
        const asked = following.asked() - askedBefore
        console.info({ SEED, CHANGES, asked, arrivals: length, median: worst[length >> 1], worst: worst.slice(0, 3) })
        console.info(Object.fromEntries([...tally].sort()))
        expect(worst[0]?.ms).toBeLessThan(soon())
        expect(following.events).toEqual([])
        const sick = following.seen.flatMap(({ snapshot }) => snapshot.services.filter(({ name }) => name === 'sick'))
        expect(sick.length).toBeGreaterThan(0)
        expect(new Set(sick.flatMap(({ instances }) => instances.map(({ health }) => health)))).toEqual(
          new Set(['critical']),
        )
      },
      60_000 + 20 * CHANGES,
    )
  })
})

it('an answer about checks that was overtaken by a newer one takes nothing back', async () => {
  const fake = await startFakeConsul()
  const client = connect(ConsulConfig.parse({ type: 'consul', address: fake.address }), { asked: 0 })
  try {
    await fake.register({ Name: 'web', ID: 'w1', Port: 80, Check: TTL })
    const { runtime } = aRuntime()
    const wanted = { source: 'consul', interest: () => true }
    const reader = createReader(client, new Tables(), questions, wanted, () => {}, runtime)
    const ask = <T>(question: Question<T>) => client.ask(question, runtime.signal)
    const old = await ask(questions.checks)
    await reader.begin({
      services: await ask(questions.services),
      checks: old,
      nodes: await ask(questions.nodes),
    })
    await fake.setCheck('w1', 'critical')
    await reader.takeChecks(await ask(questions.checks))

    await reader.takeChecks(old)

    const web = reader.snapshot().services.find(({ name }) => name === 'web')
    expect(web?.instances.map(({ health }) => health)).toEqual(['critical'])
  } finally {
    client.close()
    await fake.stop()
  }
})

interface Worker {
  readonly change: Changer
  readonly random: Random
}

interface Arrival {
  readonly title: string
  readonly ms: number
}

interface AgentService {
  readonly ID: string
  readonly Service: string
  readonly Port: number
  readonly Address: string
  readonly Tags: string[] | null
  readonly Meta: object | null
  readonly Weights: object
}

interface Check {
  readonly CheckID: string
  readonly Status: string
}
