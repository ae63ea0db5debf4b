import { BlockList, isIP } from 'node:net'
import { quote } from '../model/quote.ts'

export type ParsedAddress =
  | { readonly kind: 'ip'; readonly address: string } // printed again by us, never echoed
  | { readonly kind: 'name'; readonly name: string } // a host name, to be resolved
  | { readonly kind: 'refused'; readonly why: string }

/** Reads an address as registered: an IP literal in any spelling, or a host name. */
export function parseAddress(text: string): ParsedAddress {
  const family = isIP(text)
  if (family !== 0) return checkIp(family === 4 ? text : canonicalIpv6(text))
  if (isHostName(text.toLowerCase())) return { kind: 'name', name: text.toLowerCase() }

  return { kind: 'refused', why: text === '' ? 'is empty' : `is neither an IP address nor a host name: ${quote(text)}` }
}

/** `10.0.0.7:8080`, `[fd00::5]:80`. */
export function endpointOf(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/** A host name of letters, digits, `-` and `_` (RFC 1123, and what people register), lower case, at most 253 octets. */
export function isHostName(text: string): boolean {
  return text.length <= 253 && hostName.test(text) && !/^[\d.]+$/.test(text)
}

const label = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?'
const hostName = new RegExp(`^${label}(?:\\.${label})*$`)

// What nobody can mean as an upstream server: cloud metadata, multicast, "any". A registration that
// names one would turn the proxy into a way to reach it.
const refused = [
  { why: 'is unspecified', list: subnets(['0.0.0.0', 8, 'ipv4'], ['::', 128, 'ipv6']) },
  { why: 'is link-local', list: subnets(['169.254.0.0', 16, 'ipv4'], ['fe80::', 10, 'ipv6']) },
  { why: 'is multicast', list: subnets(['224.0.0.0', 4, 'ipv4'], ['ff00::', 8, 'ipv6']) },
  { why: 'is reserved', list: subnets(['240.0.0.0', 4, 'ipv4']) },
]

function checkIp(address: string): ParsedAddress {
  const family = address.includes(':') ? 'ipv6' : 'ipv4'
  for (const { why, list } of refused) {
    if (list.check(address, family)) return { kind: 'refused', why: `${why}: ${address}` }
  }
  return { kind: 'ip', address }
}

/** RFC 5952, and a mapped IPv4 address as what it is. A zone (`%eth0`) exists only on link-local addresses. */
function canonicalIpv6(text: string): string {
  const canonical = new URL(`http://[${text.replace(/%.*$/, '')}]/`).hostname.slice(1, -1)
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical)
  if (mapped === null) return canonical

  const high = Number.parseInt(mapped[1] ?? '', 16)
  const low = Number.parseInt(mapped[2] ?? '', 16)
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

function subnets(...nets: [string, number, 'ipv4' | 'ipv6'][]): BlockList {
  const list = new BlockList()
  for (const [net, prefix, family] of nets) list.addSubnet(net, prefix, family)
  return list
}
