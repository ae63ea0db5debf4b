/** Nouns of service discovery. */

import type { Phases } from './phases.ts'
import type { HealthRow } from './query.ts'

export type Health = 'passing' | 'warning' | 'critical' | 'maintenance'

export interface Instance {
  readonly id: string // unique in a snapshot; Consul: `${node}/${ServiceID}`
  readonly node: string
  readonly address: string // service address, else node address; as the source says it, unchecked
  readonly port: number
  readonly tags: readonly string[] // sorted
  readonly meta: Readonly<Record<string, string>>
  readonly weight: number
  readonly health: Health
  readonly createIndex: string // decimal; decides contested host names
  readonly row?: HealthRow // all that Consul says of it, where somebody wants that
}

export interface Service {
  readonly name: string
  readonly source: string // name of the source that reported it
  readonly tags: readonly string[] // union over its instances, sorted
  readonly instances: readonly Instance[] // sorted by id, so equal catalogs compare equal
}

/** Everything one source knows at one index. Complete or not delivered at all: unknown is never empty. */
export interface Snapshot {
  readonly source: string
  readonly index: string // the source's own version: Consul index, file digest
  readonly services: readonly Service[] // sorted by name
  readonly took?: Pick<Phases, 'wake' | 'fetch'> // to read it
}

export interface Catalog {
  readonly services: readonly Service[] // sorted by name
  readonly indexes: Readonly<Record<string, string>> // source name → index it came from
  readonly took?: Snapshot['took'] // of the snapshot that came last
}

/** Instances by service name → services, sorted in every respect, so that equal knowledge is equal data. */
export function toServices(source: string, instances: ReadonlyMap<string, readonly Instance[]>): Service[] {
  return [...instances]
    .map(([name, unsorted]) => toService(source, name, unsorted))
    .sort((a, b) => compare(a.name, b.name))
}

export function toService(source: string, name: string, unsorted: readonly Instance[]): Service {
  return {
    name,
    source,
    tags: [...new Set(unsorted.flatMap(instance => instance.tags))].sort(),
    instances: unsorted.toSorted((a, b) => compare(a.id, b.id)),
  }
}

/** Byte order, the same on every machine: a locale would make two daemons write two files. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

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
