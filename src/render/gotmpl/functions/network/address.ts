import { isIP } from 'node:net'

/** An address of this machine, and the network it is in. */
export interface HostAddress {
  readonly name: string // of the interface
  readonly address: string
  readonly bits: number // of the network
  readonly flags: readonly string[] // "up", "loopback" …
  readonly isDefault: boolean // does the interface have the default route?
}

interface Network {
  readonly version: 4 | 6
  readonly value: bigint
  readonly bits: number
}

/** `10.0.0.0/8`, or a bare address; undefined when it is neither. */
export function networkOf(text: string): Network | undefined {
  const [address = '', bits] = text.split('/')
  const version = isIP(address)
  if (version !== 4 && version !== 6) return undefined
  const most = version === 4 ? 32 : 128
  const width = bits === undefined ? most : /^\d+$/.test(bits) ? Number(bits) : Number.NaN
  return width <= most ? { version, value: numberOf(address), bits: width } : undefined
}

export function contains(network: Network, { address }: HostAddress): boolean {
  if (isIP(address) !== network.version) return false
  const shift = BigInt((network.version === 4 ? 32 : 128) - network.bits)
  return numberOf(address) >> shift === network.value >> shift
}

/** Special-purpose addresses: what is in RFC 6890, as go-sockaddr has it. */
const special = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
  ...['240.0.0.0/4', '255.255.255.255/32', '::1/128', '::/128', '64:ff9b::/96', '::ffff:0:0/96', '100::/64'],
  ...['2001::/16', '2001:2::/48', '2001:db8::/32', '2001:10::/28', '2002::/16', 'fc00::/7', 'fe80::/10'],
]
const unforwardable = [
  ...['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '192.0.0.0/24', '192.0.2.0/24', '198.51.100.0/24'],
  ...['203.0.113.0/24', '240.0.0.0/4', '255.255.255.255/32', '::1/128', '::/128', '::ffff:0:0/96'],
  ...['2001:db8::/32', '2001:10::/28', 'fe80::/10'],
]
const privateUse = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16']

const rfcs = new Map(
  [
    { number: '6890', networks: special },
    { number: '1918', networks: privateUse },
    { number: '4193', networks: ['fc00::/7'] },
  ].map(({ number, networks }) => [number, parsed(networks)]),
)
const blocked = parsed(unforwardable)

/** Undefined for an RFC nobody told us about. */
export function isInRfc(number: string, address: HostAddress): boolean | undefined {
  return rfcs.get(number)?.some(network => contains(network, address))
}

export function isForwardable(address: HostAddress): boolean {
  return !blocked.some(network => contains(network, address))
}

/** IPv4 first, then the larger networks. */
export function byTypeAndSize(a: HostAddress, b: HostAddress): number {
  return isIP(a.address) - isIP(b.address) || a.bits - b.bits
}

export function byAddress(a: HostAddress, b: HostAddress): number {
  if (isIP(a.address) !== isIP(b.address)) return 0
  const [x, y] = [numberOf(a.address), numberOf(b.address)]
  return x < y ? -1 : x > y ? 1 : 0
}

/** As go-sockaddr spells an address with its network; one that is alone in its network stands alone. */
export function withNetwork({ address, bits }: HostAddress): string {
  return bits === (isIP(address) === 4 ? 32 : 128) ? address : `${address}/${bits}`
}

function parsed(texts: readonly string[]): Network[] {
  return texts.map(networkOf).filter(network => network !== undefined)
}

function numberOf(address: string): bigint {
  if (isIP(address) === 4) return address.split('.').reduce((value, part) => value * 256n + BigInt(part), 0n)
  const plain = address
    .replace(/%.*/, '')
    .replace(
      /(\d+)\.(\d+)\.(\d+)\.(\d+)$/,
      quad => `${(numberOf(quad) >> 16n).toString(16)}:${(numberOf(quad) & 0xffffn).toString(16)}`,
    )
  const [before = '', after = ''] = plain.split('::')
  const groups = (part: string) => part.split(':').filter(group => group !== '')
  const [head, tail] = [groups(before), groups(after)]
  const all = [...head, ...Array(Math.max(0, 8 - head.length - tail.length)).fill('0'), ...tail]
  return all.reduce((value: bigint, group: string) => value * 65_536n + BigInt(`0x${group}`), 0n)
}
