import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Service, Snapshot } from '../../src/model/catalog.ts'
import { sources } from '../../src/source/registry.ts'
import type { Interest } from '../../src/source/source.ts'
import { aRuntime } from '../support/builders.ts'
import { type RealConsul, startConsul } from '../support/consul.ts'
import { until } from '../support/wait.ts'

/** So many that a few wanted services are read by their names. */
const NODES = 60
const ours: Interest = (_, tags) => tags.includes('ours')
const everything: Interest = () => true

interface Given {
  readonly ID?: string
  readonly Address?: string
  readonly Port?: number
  readonly Tags?: readonly string[]
  readonly Meta?: Readonly<Record<string, string>>
  readonly Weights?: object
}

let consul: RealConsul
const endings: (() => unknown)[] = []
beforeEach(async () => {
  consul = await startConsul()
  for (let node = 0; node < NODES; node += 1) await register(node, `theirs-${node}`, { Tags: ['theirs'] })
})
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
  await consul.stop()
})

function register(node: number, Service: string, given: Given = {}, ...checks: object[]): Promise<unknown> {
  return consul.call('PUT', '/catalog/register', {
    Node: `n${node}`,
    Address: `10.0.0.${node + 1}`,
    Service: { ID: Service, Service, Port: 80, Tags: ['ours'], ...given },
    Checks: checks,
  })
}
const deregister = (node: number, more: object = {}) =>
  consul.call('PUT', '/catalog/deregister', { Node: `n${node}`, ...more })
const check = (ServiceID: string, Status: string) => ({
  Node: 'n1',
  CheckID: `c-${ServiceID}`,
  Name: 'c',
  Status,
  ServiceID,
})

function read(interest: Interest) {
  const { runtime, abort } = aRuntime()
  const source = sources.create({ type: 'consul', address: consul.address } as { type: string }, runtime)
  const ending = new AbortController()
  const snapshots: Snapshot[] = []
  async function follow(): Promise<void> {
    for await (const snapshot of source.snapshots(interest, ending.signal)) snapshots.push(snapshot)
  }
  const following = follow()
  const end = async () => {
    ending.abort(new Error('the test is over'))
    await following
    abort()
  }
  endings.push(end)
  return {
    snapshots,
    asked: () => source.asked?.() ?? 0,
    sees: (what: string, fits: (services: readonly Service[]) => boolean, ms?: number) =>
      until(what, () => snapshots.length > 0 && fits(snapshots.at(-1)?.services ?? []), ms),
    end,
  }
}

/** All of ours as somebody sees it who reads all that there is, now. */
async function truth(): Promise<readonly Service[]> {
  const whole = read(everything)
  await whole.sees('everything', services => services.length > 0)
  await whole.end()
  return (whole.snapshots.at(-1)?.services ?? []).filter(({ name, tags }) => ours(name, tags))
}

describe('few wanted services among many', () => {
  it('are read by their names, and every kind of change is seen', async () => {
    await register(1, 'web')
    const few = read(ours)
    await few.sees('web', services => services.length === 1)

    const changes: Readonly<Record<string, () => Promise<unknown>>> = {
      'another service': () => register(2, 'api'),
      'another instance, on another node': () => register(3, 'web'),
      'another instance, on the same node': () => register(1, 'web', { ID: 'web-2', Port: 81, Tags: ['ours', 'x'] }),
      'another service with a check that fails': () => register(1, 'db', {}, check('db', 'critical')),
      'a check that passes again': () => register(1, 'db', {}, check('db', 'passing')),
      'another port': () => register(2, 'api', { Port: 8080 }),
      'another address': () => register(2, 'api', { Port: 8080, Address: '10.9.9.9' }),
      'other tags': () => register(2, 'api', { Tags: ['ours', 'new'] }),
      'other meta': () => register(2, 'api', { Meta: { team: 'a' } }),
      'other weights': () => register(2, 'api', { Weights: { Passing: 7, Warning: 1 } }),
      'another address of a node': () => consul.call('PUT', '/catalog/register', { Node: 'n1', Address: '10.0.9.9' }),
      'a node that fails': () =>
        consul.call('PUT', '/catalog/register', {
          Node: 'n1',
          Address: '10.0.9.9',
          Check: { Node: 'n1', CheckID: 'serfHealth', Name: 's', Status: 'critical' },
        }),
      'a check that goes': () => deregister(1, { CheckID: 'serfHealth' }),
      'an instance that goes': () => deregister(1, { ServiceID: 'web-2' }),
      'a tag that goes': () => register(2, 'api', { Tags: ['theirs'] }),
      'and comes back': () => register(2, 'api'),
      'a node that goes': () => deregister(1),
      'a service that is theirs': () => register(7, 'more', { Tags: ['theirs'] }),
    }
    for (const [what, change] of Object.entries(changes)) {
      await change()
      const expected = JSON.stringify(await truth())
      await few.sees(what, services => JSON.stringify(services) === expected, 2_000)
    }
  })

  it('are two when their names differ in nothing but a capital letter', async () => {
    await register(1, 'twin')
    await register(2, 'Twin')
    const few = read(ours)

    await few.sees('both', services => services.length === 2)

    const seen = few.snapshots.at(-1)?.services ?? []
    expect(seen.map(({ name, instances }) => [name, instances.map(({ id }) => id)])).toEqual([
      ['Twin', ['n2/Twin']],
      ['twin', ['n1/twin']],
    ])
  })

  it('cost little while everybody else changes, and tell nothing of it', async () => {
    await register(1, 'web')
    const few = read(ours)
    await few.sees('web', services => services.length === 1)
    const before = few.asked()

    const began = performance.now()
    for (let change = 0; performance.now() - began < 3_000; change += 1) {
      await register(change % NODES, `theirs-${change % NODES}`, { Tags: ['theirs'], Port: change })
    }

    // Fifteen times, and each of two tables and a service, in three seconds: not once for every node.
    expect(few.asked() - before).toBeLessThan(100)
    expect(few.snapshots).toHaveLength(1)
    await register(1, 'web', { Port: 1234 })
    await few.sees('a change of ours', services => services[0]?.instances[0]?.port === 1234, 2_000)
  })

  it('are read node by node when they have become many, and by their names when they are few again', async () => {
    await register(1, 'web')
    const few = read(ours)
    await few.sees('web', services => services.length === 1)

    for (let service = 0; service < 2 * NODES; service += 1) await register(service % NODES, `ours-${service}`)
    await few.sees('all of them', services => services.length === 2 * NODES + 1, 5_000)
    await register(1, 'web', { Port: 81 })
    await few.sees('a change', services => services.at(-1)?.instances[0]?.port === 81, 2_000)

    for (let service = 0; service < 2 * NODES; service += 1)
      await deregister(service % NODES, { ServiceID: `ours-${service}` })
    await few.sees('one again', services => services.length === 1, 5_000)
    await register(1, 'web', { Port: 82 })
    await few.sees('a change', services => services.at(-1)?.instances[0]?.port === 82, 2_000)
    expect(JSON.stringify(few.snapshots.at(-1)?.services)).toBe(JSON.stringify(await truth()))
  })
})
