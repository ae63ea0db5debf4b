import type { Instance } from './catalog.ts'
import type { HealthRow } from './query.ts'

export type NonEmpty<T> = readonly [T, ...T[]]

export interface UpstreamServer {
  readonly address: string // an IP literal, without brackets
  readonly port: number // 1…65535
  readonly endpoint: string // `10.0.0.7:8080`, `[fd00::5]:80`
  readonly weight: number // 1…65535
  readonly backup: boolean
  readonly id: string
  readonly node: string
  readonly tags: readonly string[]
  readonly meta: Readonly<Record<string, string>>
}

export interface Upstream {
  readonly name: string // a valid nginx identifier, unique in the selection
  readonly servers: NonEmpty<UpstreamServer> // nginx refuses an empty upstream
}

/** One upstream and the server block in front of it. */
export interface Site {
  readonly service: string
  readonly serverNames: NonEmpty<string>
  readonly tags: readonly string[] // union over the selected instances
  readonly meta: Readonly<Record<string, string>> // the keys on which all of them agree
  readonly upstream: Upstream
}

/** A service that is selected but has no server to send a request to. */
export interface Unavailable {
  readonly service: string
  readonly serverNames: NonEmpty<string>
}

/** What `services` and `service(name)` show: chosen by health, whatever the tags. */
export interface VisibleService {
  readonly name: string
  readonly tags: readonly string[]
  readonly instances: readonly VisibleInstance[]
}

/** A service with all its instances, whatever their health and their tags, as Consul's health endpoint tells of them. */
export interface ListedService {
  readonly name: string
  readonly tags: readonly string[] // sorted
  readonly rows: readonly HealthRow[]
  /** Does a list of all services name it? In nginx's configuration one without servers is not asked for. */
  readonly isNamed: boolean
}

export type VisibleInstance = Omit<UpstreamServer, 'backup'> & Pick<Instance, 'health'>

export type RejectionReason =
  | 'no_healthy_instance'
  | 'invalid_service_name'
  | 'invalid_address'
  | 'invalid_port'
  | 'invalid_value'
  | 'unresolvable'
  | 'duplicate_endpoint'
  | 'invalid_server_name'
  | 'server_name_taken'
  | 'quarantined' // refused by nginx, by the check of its output, or by a template
  | 'untested' // among many that were refused at once

/** Why a service, one of its instances, or one of its values is not shown to nginx. */
export interface Rejection {
  readonly service: string
  readonly instance?: string // set when the rest of the service is served
  readonly reason: RejectionReason
  readonly detail: string
}

export interface Selection {
  readonly sites: readonly Site[] // sorted by service
  readonly unavailable: readonly Unavailable[] // sorted by service
  readonly rejections: readonly Rejection[]
}

/** The upstream servers of a selection, as `service endpoint`, but for sites that `except` has as the same objects. */
export function serversOf({ sites }: Selection, except?: Selection): string[] {
  const same = new Set(except?.sites)
  return sites
    .filter(site => !same.has(site))
    .flatMap(({ service, upstream }) => upstream.servers.map(({ endpoint }) => `${service} ${endpoint}`))
}

/** How many servers it has. */
export function countOf({ sites }: Selection): number {
  return sites.reduce((sum, { upstream }) => sum + upstream.servers.length, 0)
}

/** For the status: how much of it there is. */
export function sizeOf(selection: Selection): { readonly sites: number; readonly servers: number } {
  return { sites: selection.sites.length, servers: countOf(selection) }
}

/** Is nobody in it, with or without servers? */
export function isEmpty({ sites, unavailable }: Selection): boolean {
  return sites.length + unavailable.length === 0
}

/** Does somebody not get a host name that somebody else has? */
export function hasContested({ rejections }: Selection): boolean {
  return rejections.some(({ reason }) => reason === 'server_name_taken')
}
