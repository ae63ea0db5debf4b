import type { Selection, UpstreamServer } from '../model/selection.ts'
import { endpointOf, neverServed } from './address.ts'
import type { Refusals } from './rules.ts'

/** Why this peer is not served, and by which option; undefined when it is. The address is a canonical one. */
export function refusalOf(address: string, port: number, refusals: Refusals): string | undefined {
  return neverServed(address) ?? refusedByOption(address, port, refusals)
}

/** What was live may no longer be shown: neither a hold nor a service that keeps its servers brings it back. */
export function withoutRefused(live: Selection, refusals: Refusals): Selection {
  if (!refusals.loopback && refusals.self === undefined) return live
  const isServed = ({ address, port }: UpstreamServer) => refusedByOption(address, port, refusals) === undefined
  const sites = live.sites.flatMap(site => {
    const [first, ...others] = site.upstream.servers.filter(isServed)
    return first === undefined
      ? []
      : [{ ...site, upstream: { ...site.upstream, servers: [first, ...others] as const } }]
  })
  return { ...live, sites }
}

function refusedByOption(address: string, port: number, { loopback, self }: Refusals): string | undefined {
  const isLoopback = address.startsWith('127.') || address === '::1'
  if (loopback && isLoopback) return `is loopback: ${address} (-refuse=loopback)`
  if (self?.ports.has(port) && (isLoopback || self.addresses.has(address))) {
    return `is this nginx itself: ${endpointOf(address, port)} (-refuse=listen)`
  }
  return undefined
}
