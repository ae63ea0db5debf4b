import { compare, healthOf, type Service, toService } from '../../model/catalog.ts'
import type { Interest } from '../source.ts'
import { instancesOf } from './questions.ts'
import type { Parts } from './rounds.ts'
import { toInstance } from './tables.ts'
import type { Entries, ServiceNames } from './wire.ts'

/** How much of each instance. */
type Amount = Pick<Interest, 'inFull' | 'checksInFull'>

interface Known {
  readonly service: Service | undefined // none, when it has no instance
  readonly digest: string // of the answer it came in
}

/**
 * The wanted ones among many services, each read by its name: Consul then tells of node, service and checks in one
 * answer, which is of one moment. Local to one attempt, but for what stands in for a service that cannot be read now.
 */
export class Picked implements Parts<Entries> {
  readonly what = 'service'
  readonly dirty = new Set<string>()
  wasComplete: boolean
  readonly #source: string
  #wanted: ReadonlySet<string> = new Set()
  readonly #known: Map<string, Known>
  readonly #amount: Amount

  constructor(source: string, before?: Picked, amount: Amount = {}) {
    this.#source = source
    this.#amount = amount
    this.#known = new Map(before === undefined ? [] : before.#known)
    this.wasComplete = before?.wasComplete ?? false
  }

  /** Something has changed, perhaps which services are wanted. Returns whether one of those is gone. */
  touch(wanted: ReadonlySet<string> = this.#wanted): boolean {
    this.#wanted = wanted
    const gone = [...this.#known.keys()].filter(name => !wanted.has(name))
    for (const name of gone) this.#known.delete(name)
    for (const name of wanted) this.dirty.add(name)
    return gone.length > 0
  }

  has(name: string): boolean {
    return this.#wanted.has(name)
  }

  knows(name: string): boolean {
    return this.#known.has(name)
  }

  question(name: string) {
    return instancesOf(name, this.#amount)
  }

  take(name: string, { body, digest }: { readonly body: Entries; readonly digest: string }): boolean {
    const before = this.#known.get(name)
    if (!this.has(name) || before?.digest === digest) return false
    // Consul does not mind case: the answer about `twin` tells of `Twin`, too.
    const mine = body.filter(({ Service }) => Service.Service === name)
    const instances = mine.map(row =>
      toInstance(row.Node, row.Service, healthOf(row.Checks), this.#amount.inFull ? row : undefined),
    )
    const service = instances.length === 0 ? undefined : toService(this.#source, name, instances)
    this.#known.set(name, { service, digest })
    return true
  }

  services(interest: Interest): Service[] {
    return [...this.#known.values()]
      .flatMap(({ service }) => service ?? [])
      .filter(({ name, tags }) => interest(name, tags))
      .sort((a, b) => compare(a.name, b.name))
  }
}

/** Reading a service by its name costs a question; reading a node costs one, too, and what all of its services take. */
const SERVICES_PER_QUESTION = 50

/** Of all services, the names of those that are wanted. */
export function wantedOf(names: ServiceNames, interest: Interest): ReadonlySet<string> {
  return new Set(names.filter(({ name, tags }) => interest(name, tags)).map(({ name }) => name))
}

/** Where there is little to be saved one way is enough. */
const LITTLE = 32

/** Is it cheaper by so much to ask for each of the wanted services than for all services of each node? */
export function isCheaper(names: ServiceNames, wanted: number, nodes: number, margin: number): boolean {
  return LITTLE + wanted * margin < nodes + names.length / SERVICES_PER_QUESTION
}
