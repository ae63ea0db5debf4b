import { z } from 'zod'
import type { Health } from '../../model/catalog.ts'

/** What we read of Consul's answers (API reference, catalog and health endpoints); everything else is ignored. */

export const Node = z.object({ Node: z.string(), Address: z.string() })
export const Nodes = z.array(Node)
export type Nodes = z.output<typeof Nodes>

export const Check = z.object({ Node: z.string(), CheckID: z.string(), Status: z.string(), ServiceID: z.string() })
export const Checks = z.array(Check)
export type Checks = z.output<typeof Checks>

/** Only that it is what we asked for: which services changed is learned from the nodes. */
export type ServiceNames = Readonly<Record<string, readonly string[]>>
export const ServiceNames = z.custom<ServiceNames>(areNames, 'no table of lists of tags')

/** In a Consul that many share this is read several times a second: a schema takes ten times as long. */
function areNames(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.values(value).every(tags => Array.isArray(tags) && tags.every(tag => typeof tag === 'string'))
}

const strings = <T extends z.ZodType>(value: T) => z.nullish(value)

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

export const NodeServices = z
  .object({
    Node: z.unknown().optional(), // null: Consul does not know the node
    Services: z.array(NodeService).nullable(),
  })
  .nullable()
export type NodeServices = z.output<typeof NodeServices>

/** What `health/service` says of an instance: all of it from one moment. */
export const Entry = z.object({
  Node,
  Service: NodeService,
  Checks: z.array(z.object({ CheckID: z.string(), Status: z.string() })),
})
export const Entries = z.array(Entry)
export type Entries = z.output<typeof Entries>

/** The worst of its checks; a service without checks passes. Maintenance is a check with a reserved name. */
export function healthOf(checks: readonly { readonly CheckID: string; readonly Status: string }[]): Health {
  let worst: Health = 'passing'
  for (const { CheckID, Status } of checks) {
    if (CheckID === '_node_maintenance' || CheckID.startsWith('_service_maintenance:')) return 'maintenance'
    if (Status === 'warning' && worst === 'passing') worst = 'warning'
    // Anything that is neither passing nor warning is no reason for confidence.
    else if (Status !== 'passing' && Status !== 'warning') worst = 'critical'
  }
  return worst
}
