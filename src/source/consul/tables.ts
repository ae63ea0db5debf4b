import { isDeepStrictEqual } from 'node:util'
import { compare, type Health, healthOf, type Instance, type Service, toService } from '../../model/catalog.ts'
import type { HealthRow } from '../../model/query.ts'
import type { Interest } from '../source.ts'
import { Remembered } from './rows.ts'
import type { Checks, NodeService, Nodes } from './wire.ts'

interface Known {
  readonly services: readonly NodeService[]
  readonly digest: string // of the answer they came in
}

/**
 * What is known of Consul's three tables, and which nodes have to be asked again. Local to one attempt, but for
 * the services of the attempt before: they stand in for a node that cannot be read now.
 */
export class Tables {
  readonly dirty = new Set<string>() // nodes whose services may have changed
  #nodes: ReadonlyMap<string, Nodes[number]> = new Map()
  #listed = new Map<string, string>() // a node's name without case → as the list of nodes writes it
  #checks = new Map<string, Checks>() // by node, without case
  #gone = new Map<string, Checks>() // by node, without case: what has left the check table since the node was read
  #services: Map<string, Known> // by node
  #young: { readonly node: string; readonly service: NodeService }[] = [] // were not known when the check table was read last
  #doubted = new Map<string, Set<string>>() // by node: ids
  #remembered = new Map<string, Remembered>() // by node
  // What did not change stays the same object: whoever comes behind need not look at it again.
  readonly #instances = new WeakMap<NodeService, Instance>()
  #made: ReadonlyMap<string, { readonly from: readonly Instance[]; readonly service: Service }> = new Map()
  /** Was everything read once? Then a node that is not known has joined since: what it has was never there. */
  wasComplete: boolean
  readonly #inFull: boolean

  constructor(before?: Tables, inFull = false) {
    this.#inFull = inFull
    this.#services = new Map(before === undefined ? [] : before.#services)
    this.wasComplete = before?.wasComplete ?? false
  }

  setNodes(nodes: Nodes): void {
    const before = this.#nodes
    this.#nodes = new Map(nodes.map(node => [node.Node, node]))
    this.#listed = new Map(nodes.map(({ Node }) => [folded(Node), Node]))
    for (const node of this.#nodes.keys()) if (!before.has(node)) this.dirty.add(node)
    for (const node of [...before.keys(), ...this.#services.keys()]) if (!this.#nodes.has(node)) this.#forget(node)
  }

  /** For one that has left before the list of nodes says so. */
  leave(node: string): void {
    this.#nodes = new Map([...this.#nodes].filter(([name]) => name !== node))
    this.#listed.delete(folded(node))
    this.#forget(node)
  }

  setChecks(checks: Checks): void {
    const before = this.#checks
    this.#checks = Map.groupBy(checks, check => folded(check.Node))
    // A check that came or went with its service tells of the service before the service table does:
    // without it, an instance whose failing check is gone first would pass for a moment.
    for (const node of new Set([...before.keys(), ...this.#checks.keys()])) {
      const now = keysOf(this.#checks.get(node))
      const then = keysOf(before.get(node))
      if (now.size === then.size && [...then].every(key => now.has(key))) continue
      const listed = this.#listed.get(node)
      if (listed !== undefined) this.dirty.add(listed) // else the list of nodes will tell of it
      // Until the node is read they count: an instance whose failing check is gone is on its way out, not well.
      const known = [...(before.get(node) ?? []), ...(this.#gone.get(node) ?? [])]
      this.#gone.set(
        node,
        known.filter(check => !now.has(keyOf(check))),
      )
    }
  }

  /** The service table moved; it does not say for which node. */
  touchAll(): void {
    for (const node of this.#nodes.keys()) this.dirty.add(node)
  }

  /**
   * It may have been made dirty again while this answer was on the way, and then stays so.
   * Returns whether anything is other than before.
   */
  setServices(node: string, services: readonly NodeService[], digest: string): boolean {
    if (!this.#nodes.has(node)) return false
    const before = this.#services.get(node)
    this.#services.set(node, { services, digest })
    const hasDoubts = this.#doubted.delete(node)
    const hadGone = this.#gone.delete(folded(node))
    if (before?.digest === digest) return hasDoubts || hadGone
    const known = new Set(before?.services.map(incarnationOf))
    for (const service of services) if (!known.has(incarnationOf(service))) this.#young.push({ node, service })
    return true
  }

  /** The check table has not moved since before the nodes were read: what it says holds for all of them. */
  believe(): void {
    this.#young = []
  }

  /**
   * It has moved since that index. An instance that has come since, and has no check, may be well; or it came with
   * one, and is gone with it: to know, its node is read again. Until then it has not come.
   */
  doubt(index: bigint): void {
    for (const { node, service } of this.#young) {
      const isOlder = service.CreateIndex <= Number(index)
      if (isOlder || !this.hasNode(node) || this.#checksOf(node).some(isOf(service))) continue
      this.dirty.add(node)
      this.#doubted.set(node, (this.#doubted.get(node) ?? new Set()).add(service.ID))
    }
    this.#young = []
  }

  knows(node: string): boolean {
    return this.#services.has(node)
  }

  hasNode(node: string): boolean {
    return this.#nodes.has(node)
  }

  /** Is there any service, wanted or not? */
  isEmpty(): boolean {
    return [...this.#services.values()].every(({ services }) => services.length === 0)
  }

  /** Rows of its last answer. */
  remembered(node: string): Remembered {
    const known = this.#remembered.get(node) ?? new Remembered()
    this.#remembered.set(node, known)
    return known
  }

  services(source: string, interest: Interest): Service[] {
    const before = this.#made
    const made = new Map<string, { readonly from: readonly Instance[]; readonly service: Service }>()
    for (const [name, from] of this.#byName()) {
      const last = before.get(name)
      const isSame = last?.from.length === from.length && from.every((instance, at) => instance === last.from[at])
      made.set(name, isSame ? last : { from, service: toService(source, name, from) })
    }
    this.#made = made
    return [...made.values()]
      .map(({ service }) => service)
      .filter(({ name, tags }) => interest(name, tags))
      .sort((a, b) => compare(a.name, b.name))
  }

  #byName(): Map<string, Instance[]> {
    const byName = new Map<string, Instance[]>()
    for (const [node, { services }] of this.#services) {
      const place = this.#nodes.get(node) ?? { Node: node, Address: '' }
      const byService = Map.groupBy(this.#checksOf(node), check => folded(check.ServiceID))
      const ofNode = byService.get('') ?? []
      const healthOfNode = healthOf(ofNode)
      for (const service of services) {
        if (this.#doubted.get(node)?.has(service.ID)) continue
        const own = byService.get(folded(service.ID))
        const checks = own === undefined ? ofNode : [...ofNode, ...own]
        const health = own === undefined ? healthOfNode : healthOf(checks)
        const instance = this.#instance(place, service, health, checks)
        const known = byName.get(service.Service)
        if (known === undefined) byName.set(service.Service, [instance])
        else known.push(instance)
      }
    }
    return byName
  }

  #instance(node: Nodes[number], service: NodeService, health: Health, checks: Checks): Instance {
    const before = this.#instances.get(service)
    const row = this.#inFull ? { Node: node, Service: service, Checks: checks } : undefined
    const address = service.Address === '' ? node.Address : service.Address
    if (before?.health === health && before.address === address && isSameRow(before.row, row)) return before
    const instance = toInstance(node, service, health, row)
    this.#instances.set(service, instance)
    return instance
  }

  #checksOf(node: string): Checks {
    return [...(this.#checks.get(folded(node)) ?? []), ...(this.#gone.get(folded(node)) ?? [])]
  }

  #forget(node: string): void {
    this.dirty.delete(node)
    this.#doubted.delete(node)
    this.#services.delete(node)
    this.#remembered.delete(node)
    this.#gone.delete(folded(node))
  }
}

/** With `row` it is known in full. */
export function toInstance(
  { Node: node, Address }: Nodes[number],
  service: NodeService,
  health: Health,
  row: HealthRow | undefined,
): Instance {
  const weights = service.Weights ?? { Passing: 1, Warning: 1 }
  return {
    id: `${node}/${service.ID}`,
    node,
    address: service.Address === '' ? Address : service.Address,
    port: service.Port,
    tags: (service.Tags ?? []).toSorted(compare),
    meta: service.Meta ?? {},
    weight: health === 'warning' ? weights.Warning : weights.Passing,
    health,
    createIndex: String(service.CreateIndex),
    ...(row && { row }),
  }
}

function isSameRow(a: HealthRow | undefined, b: HealthRow | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  const areSameChecks =
    a.Checks.length === b.Checks.length && a.Checks.every((check, at) => isDeepStrictEqual(check, b.Checks[at]))
  return a.Node === b.Node && a.Service === b.Service && areSameChecks
}

/** The same registration as before, not one with the same id. */
function incarnationOf({ ID, CreateIndex }: NodeService): string {
  return `${CreateIndex} ${ID}`
}

function isOf({ ID }: NodeService): (check: Checks[number]) => boolean {
  const id = folded(ID)
  return ({ ServiceID }) => folded(ServiceID) === id
}

function keysOf(checks: Checks | undefined): Set<string> {
  return new Set((checks ?? []).map(keyOf))
}

function keyOf({ ServiceID, CheckID }: Checks[number]): string {
  return folded(`${ServiceID}\n${CheckID}`)
}

/** Consul does not mind the case of what a check belongs to, and a check may write it otherwise than its service. */
function folded(text: string): string {
  return text.toLowerCase()
}
