import { z } from 'zod'

/** What we read of Consul's answers (API reference, catalog and health endpoints); everything else is ignored. */

export const Node = z.object({ Node: z.string(), Address: z.string() })
export const Nodes = z.array(Node)
export type Nodes = z.output<typeof Nodes>

export const Check = z.object({ Node: z.string(), CheckID: z.string(), Status: z.string(), ServiceID: z.string() })
export const Checks = z.array(Check)
export type Checks = z.output<typeof Checks>

const strings = <T extends z.ZodType>(value: T) => z.nullish(value)

export interface ServiceName {
  readonly name: string
  readonly tags: readonly string[]
}
export type ServiceNames = readonly ServiceName[]

/** A service, as the table of all of them lists it; undefined when it is none. */
export function serviceName(name: string, tags: unknown): ServiceName | undefined {
  const isList = Array.isArray(tags) && tags.every(tag => typeof tag === 'string')
  return isList ? { name, tags } : undefined
}

/** Which services changed is learned elsewhere: this says which there are. */
export const ServiceNames = z
  .record(z.string(), z.array(z.string()))
  .transform((table): ServiceNames => Object.entries(table).map(([name, tags]) => ({ name, tags })))

export const NodeService = z.object({
  ID: z.string(),
  Service: z.string(),
  Address: z.string(),
  Port: z.number(),
  Tags: strings(z.array(z.string())),
  Meta: strings(z.record(z.string(), z.string())),
  Weights: z.object({ Passing: z.number(), Warning: z.number() }).nullish(),
  CreateIndex: z.number(),
})
export type NodeService = z.output<typeof NodeService>

export const NodeServices = nodeServices(NodeService)
export type NodeServices = z.output<typeof NodeServices>

/** What `health/service` says of an instance: all of it from one moment. */
const EntryCheck = z.object({ CheckID: z.string(), Status: z.string() })
export const Entries = entries(Node, NodeService, EntryCheck)
export type Entries = z.output<typeof Entries>

/** The same with everything that Consul says beside it, for templates that look at all of it. */
export const whole = {
  Node: Node.loose(),
  Check: Check.loose(),
  NodeService: NodeService.loose(),
  NodeServices: nodeServices(NodeService.loose()),
  Entries: entries(Node.loose(), NodeService.loose(), EntryCheck.loose()),
  EntriesButChecks: entries(Node.loose(), NodeService.loose(), EntryCheck),
}

function nodeServices<T extends typeof NodeService>(service: T) {
  return z
    .object({
      Node: z.unknown().optional(), // null: Consul does not know the node
      Services: z.array(service).nullable(),
    })
    .nullable()
}

function entries<N extends typeof Node, S extends typeof NodeService, C extends typeof EntryCheck>(
  node: N,
  service: S,
  check: C,
) {
  return z.array(z.object({ Node: node, Service: service, Checks: z.array(check) }))
}
