import type { Health } from '../model/catalog.ts'

export interface SelectionRules {
  readonly tags: { readonly all: readonly string[]; readonly none: readonly string[] }
  readonly health: readonly Health[]
  readonly serverName: ServerNameRule
  /** Does anybody look at the host names that are made here? If not, there is nothing to be settled between services. */
  readonly namesHosts: boolean
  /** Upstream names the surrounding configuration uses already; ours must differ. Lower case. */
  readonly reservedUpstreams: ReadonlySet<string>
  /** Host names that stand for an address → their IP addresses; none when nobody answered. */
  readonly resolved: ReadonlyMap<string, readonly string[]>
  readonly refusals: Refusals
  /** What becomes of a service without servers: it is answered for, keeps the last ones, or is not shown at all. */
  readonly onEmpty: '503' | 'keep' | 'drop'
}

/** What stays the same from one selection to the next; the rest depends on the moment, and on the templates. */
export type LastingRules = Omit<SelectionRules, 'resolved' | 'namesHosts'>

/** Peers that are refused because an operator asked for it, beside those that always are. */
export interface Refusals {
  readonly loopback: boolean
  /** What makes a peer this nginx itself: an address of this machine, and a port that nginx listens on. */
  readonly self: { readonly addresses: ReadonlySet<string>; readonly ports: ReadonlySet<number> } | undefined
}

export interface ServerNameRule {
  readonly form: 'dotted' | 'flat'
  readonly domain: string | undefined
  /** Longest name that nginx's hash holds (measured: bucket size − 18); longer ones refuse the whole configuration. */
  readonly longest: number
}
