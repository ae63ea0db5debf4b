import { compare, type Instance, type Service, toServices } from '../../model/catalog.ts'
import type { Interest } from '../source.ts'
import { type Checks, healthOf, type NodeService, type Nodes } from './wire.ts'

/**
 * What is known of Consul's three tables, and which nodes have to be asked again. Local to one attempt.
 * A node's services are fetched after the fact; everything else is in the tables' own answers.
 */
export class Tables {
  readonly dirty = new Set<string>() // nodes whose services may have changed
  #addresses = new Map<string, string>()
  #checks = new Map<string, Checks>() // by node
  #services = new Map<string, readonly NodeService[]>() // by node

  setNodes(nodes: Nodes): void {
    const before = this.#addresses
    this.#addresses = new Map(nodes.map(({ Node, Address }) => [Node, Address]))
    for (const node of this.#addresses.keys()) if (!before.has(node)) this.dirty.add(node)
    for (const node of before.keys()) if (!this.#addresses.has(node)) this.#forget(node)
  }

  setChecks(checks: Checks): void {
    const before = this.#checks
    this.#checks = Map.groupBy(checks, check => check.Node)
    // A check that came or went with its service tells of the service before the service table does:
    // without it, an instance whose failing check is gone first would pass for a moment.
    for (const node of new Set([...before.keys(), ...this.#checks.keys()])) {
      if (checked(before.get(node)) !== checked(this.#checks.get(node))) this.dirty.add(node)
    }
  }

  /** The service table moved; it does not say for which node. */
  touchAll(): void {
    for (const node of this.#addresses.keys()) this.dirty.add(node)
  }

  /** It may have been made dirty again while this answer was on the way, and then stays so. */
  setServices(node: string, services: readonly NodeService[]): void {
    if (this.#addresses.has(node)) this.#services.set(node, services)
  }

  knows(node: string): boolean {
    return this.#services.has(node)
  }

  hasNode(node: string): boolean {
    return this.#addresses.has(node)
  }

  services(source: string, interest: Interest): Service[] {
    const byName = new Map<string, Instance[]>()
    for (const [node, services] of this.#services) {
      const address = this.#addresses.get(node) ?? ''
      const byService = Map.groupBy(this.#checks.get(node) ?? [], check => check.ServiceID)
      const ofNode = byService.get('') ?? []
      for (const service of services) {
        const instance = toInstance(node, address, service, [...ofNode, ...(byService.get(service.ID) ?? [])])
        const known = byName.get(service.Service)
        if (known === undefined) byName.set(service.Service, [instance])
        else known.push(instance)
      }
    }
    return toServices(source, byName).filter(({ name, tags }) => interest(name, tags))
  }

  #forget(node: string): void {
    this.dirty.delete(node)
    this.#services.delete(node)
  }
}

function toInstance(node: string, nodeAddress: string, service: NodeService, checks: Checks): Instance {
  const health = healthOf(checks)
  const weights = service.Weights ?? { Passing: 1, Warning: 1 }
  return {
    id: `${node}/${service.ID}`,
    node,
    address: service.Address === '' ? nodeAddress : service.Address,
    port: service.Port,
    tags: (service.Tags ?? []).toSorted(compare),
    meta: service.Meta ?? {},
    weight: health === 'warning' ? weights.Warning : weights.Passing,
    health,
    createIndex: String(service.CreateIndex),
  }
}

function checked(checks: Checks | undefined): string {
  return (checks ?? [])
    .map(({ ServiceID, CheckID }) => `${ServiceID}\n${CheckID}`)
    .sort(compare)
    .join('\n')
}
