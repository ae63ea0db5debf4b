import { BlockList, isIP } from 'node:net'
import { quote } from '../model/quote.ts'

export type ParsedAddress =
  | { readonly kind: 'ip'; readonly address: string } // printed again by us, never echoed
  | { readonly kind: 'name'; readonly name: string } // a host name, to be resolved
  | { readonly kind: 'refused'; readonly why: string }

/** Reads an address as registered: an IP literal in any spelling, or a host name. */
export function parseAddress(text: string): ParsedAddress {
  const address = canonicalIp(text)
  if (address !== undefined) {
    const why = neverServed(address)
    return why === undefined ? { kind: 'ip', address } : { kind: 'refused', why }
  }
  if (isHostName(text.toLowerCase())) return { kind: 'name', name: text.toLowerCase() }

  return { kind: 'refused', why: text === '' ? 'is empty' : `is neither an IP address nor a host name: ${quote(text)}` }
}

/** An IP literal in any spelling, as we print it; undefined for anything else. */
export function canonicalIp(text: string): string | undefined {
  const family = isIP(text)
  return family === 0 ? undefined : family === 4 ? text : canonicalIpv6(text)
}

/** Why no upstream server may have this address, whatever the options; of a canonical one. */
export function neverServed(address: string): string | undefined {
  const family = familyOf(address)
  if (!anyRefused.check(address, family)) return undefined // nearly all of thousands: one look instead of four
  const why = refused.find(({ nets }) => subnets(nets).check(address, family))?.why
  return `${why}: ${address}`
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
  { why: 'is unspecified', nets: ['0.0.0.0/8', '::/128'] },
  { why: 'is link-local', nets: ['169.254.0.0/16', 'fe80::/10'] },
  { why: 'is multicast', nets: ['224.0.0.0/4', 'ff00::/8'] },
  { why: 'is reserved', nets: ['240.0.0.0/4'] },
]
const anyRefused = subnets(refused.flatMap(({ nets }) => nets))

/** RFC 5952, and a mapped IPv4 address as what it is. A zone (`%eth0`) exists only on link-local addresses. */
function canonicalIpv6(text: string): string {
  const canonical = new URL(`http://[${text.replace(/%.*$/, '')}]/`).hostname.slice(1, -1)
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical)
  if (mapped === null) return canonical

  const high = Number.parseInt(mapped[1] ?? '', 16)
  const low = Number.parseInt(mapped[2] ?? '', 16)
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

function subnets(nets: readonly string[]): BlockList {
  const list = new BlockList()
  for (const [net = '', prefix] of nets.map(text => text.split('/'))) list.addSubnet(net, Number(prefix), familyOf(net))
  return list
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return address.includes(':') ? 'ipv6' : 'ipv4'
}
