import { isIP } from 'node:net'
import { everywhere, type Tree } from './tree.ts'

/** What nginx binds for a `listen`. */
export type Address =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly ipv6Only: boolean }
  | { readonly kind: 'unix'; readonly path: string }

export interface Listen {
  readonly address: Address
  readonly file: string
  readonly line: number
}

/** Datagrams are no listeners; with `reuseport` several may share a port. */
const others = new Set(['udp', 'quic', 'http3', 'reuseport'])

/** What the tree listens on, where it stands; without what cannot be told, or shares its port on purpose. */
export function listensOf(tree: Tree): Listen[] {
  const found: Listen[] = []
  const shared = new Set<string>()
  for (const { directive, file } of everywhere(tree, 'listen')) {
    const address = addressOf(directive.args)
    if (address === undefined) continue
    // One such word is enough: the options of an address are those of all its lines.
    if (directive.args.some(arg => others.has(arg))) shared.add(keyOf(address))
    else found.push({ address, file: file.path, line: directive.line })
  }
  return found.filter(({ address }) => !shared.has(keyOf(address)))
}

/** Undefined for a host name, a range of ports, a path that depends on where nginx runs: nginx is the judge of those. */
export function addressOf([first = '', ...options]: readonly string[]): Address | undefined {
  if (first.startsWith('unix:')) {
    const path = first.slice('unix:'.length)
    return path.startsWith('/') ? { kind: 'unix', path } : undefined
  }
  const ipv6Only = !options.includes('ipv6only=off')
  if (/^\d+$/.test(first)) return tcp('0.0.0.0', first, ipv6Only)
  const [, six, four, port = '80'] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(first) ?? []
  return tcp(six ?? (four === '*' ? '0.0.0.0' : (four ?? '')), port, ipv6Only)
}

function tcp(host: string, port: string, ipv6Only: boolean): Address | undefined {
  const number = Number(port)
  if (isIP(host) === 0 || number < 1 || number > 65_535) return undefined
  return { kind: 'tcp', host, port: number, ipv6Only }
}

export function keyOf(address: Address): string {
  if (address.kind === 'unix') return `unix:${address.path}`
  return isIP(address.host) === 6 ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`
}
