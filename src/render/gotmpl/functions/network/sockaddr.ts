import { isIP } from 'node:net'
import { execute } from '../../execute.ts'
import { parse } from '../../parse.ts'
import { quote } from '../../quote.ts'
import { type Func, GoError, integerOf, NO_VALUE, Opaque, Slice, type Value } from '../../values.ts'
import { define, text } from '../define.ts'
import type { Pattern } from '../regex.ts'
import {
  byAddress,
  byTypeAndSize,
  contains,
  type HostAddress,
  isForwardable,
  isInRfc,
  networkOf,
  withNetwork,
} from './address.ts'

const NAME = 'sockaddr.Parse'
const LIST = 'sockaddr.IfAddrs'
const BUDGET = { ms: 1_000, bytes: 100_000 }

/** github.com/hashicorp/go-sockaddr/template: a template of its own in a text, about the addresses of this machine. */
export function sockaddrFunctions(
  compile: (source: string) => Pattern,
  hosts: () => readonly HostAddress[],
): readonly Func[] {
  return [
    define<string[]>('sockaddr', ['...string'], args => {
      const source = `{{ ${args.join(' ')} }}`
      const functions = new Map([...sources(compile, hosts), ...filters(compile)].map(func => [func.name, func]))
      const parsed = explained(`unable to parse template ${quote(source)}`, () =>
        parse(source, { name: NAME, functions }),
      )
      return explained(`unable to execute sockaddr input ${quote(source)}`, () => {
        return execute(parsed, NO_VALUE, { functions, missingKey: 'zero', budget: BUDGET })
      })
    }),
  ]
}

function explained<T>(what: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof GoError) throw new GoError(`${what}: ${error.message}`, { cause: error })
    throw error
  }
}

function sources(compile: (source: string) => Pattern, hosts: () => readonly HostAddress[]): Func[] {
  const inOrder = () => [...hosts()].sort((a, b) => Number(b.isDefault) - Number(a.isDefault) || byTypeAndSize(a, b))
  const usable = () => inOrder().filter(host => isForwardable(host) || host.flags.includes('up'))
  const isPrivate = (host: HostAddress) => isInRfc('6890', host) === true
  const all = () => [...hosts()].sort(byTypeAndSize)
  const named = (pattern: string) => all().filter(({ name }) => compile(pattern).test(name))
  const spoken = (found: readonly HostAddress[]) => found.map(({ address }) => address).join(' ')

  return [
    text('GetAllInterfaces', 0, () => listed(hosts())),
    text('GetDefaultInterfaces', 0, () => listed(hosts().filter(({ isDefault }) => isDefault))),
    text('GetPrivateInterfaces', 0, () => listed(usable().filter(host => isForwardable(host) && isPrivate(host)))),
    text('GetPublicInterfaces', 0, () => listed(usable().filter(host => isForwardable(host) && !isPrivate(host)))),
    text('GetPrivateIP', 0, () => usable().find(host => isForwardable(host) && isPrivate(host))?.address ?? ''),
    text('GetPublicIP', 0, () => usable().find(host => isForwardable(host) && !isPrivate(host))?.address ?? ''),
    text('GetPrivateIPs', 0, () => spoken(all().filter(host => isPrivate(host) && isForwardable(host)))),
    text('GetPublicIPs', 0, () => spoken(all().filter(host => !isPrivate(host)))),
    text('GetInterfaceIP', 1, name => named(name).find(isForwardable)?.address ?? ''),
    text('GetInterfaceIPs', 1, name => spoken(named(name))),
  ]
}

/** One address as a value of the template. */
class Listed extends Opaque {
  readonly goType = 'sockaddr.IfAddr'
  readonly host: HostAddress

  constructor(host: HostAddress) {
    super()
    this.host = host
  }

  override print(): string {
    return withNetwork(this.host)
  }
}

function listed(hosts: readonly HostAddress[]): Slice {
  return new Slice(
    LIST,
    hosts.map(host => new Listed(host)),
  )
}

function hostsOf(value: Value): HostAddress[] {
  return value instanceof Slice ? value.items.filter(item => item instanceof Listed).map(({ host }) => host) : []
}

function filters(compile: (source: string) => Pattern): Func[] {
  const choosing = (name: 'include' | 'exclude') =>
    define<[string, string, Value]>(name, ['string', 'string', LIST], ([selector, wanted, hosts]) => {
      const holds = test(selector.toLowerCase(), wanted, compile)
      if (holds === undefined) throw new GoError(`invalid ${name} selector ${quote(selector)}`)
      return listed(hostsOf(hosts).filter(host => holds(host) === (name === 'include')))
    })

  return [
    choosing('include'),
    choosing('exclude'),
    define<[string, Value]>('sort', ['string', LIST], ([clauses, hosts]) => listed(sorted(hostsOf(hosts), clauses))),
    define<[string, Value]>('attr', ['string', 'interface {}'], ([name, hosts]) => {
      const host = hosts instanceof Listed ? hosts.host : hostsOf(hosts)[0]
      return host === undefined ? '' : attribute(host, name)
    }),
    define<[string, string, Value]>('join', ['string', 'string', LIST], ([name, separator, hosts]) => {
      return hostsOf(hosts)
        .map(host => attribute(host, name))
        .join(separator)
    }),
    define<[Value, Value]>('limit', ['uint', LIST], ([count, hosts]) => {
      return listed(hostsOf(hosts).slice(0, Number(integerOf(count) ?? 0n)))
    }),
    define<[bigint, Value]>('offset', ['int', LIST], ([count, hosts]) => listed(hostsOf(hosts).slice(Number(count)))),
    define<[string, Value]>('unique', ['string', LIST], ([name, hosts]) => {
      const all = hostsOf(hosts)
      const key = (host: HostAddress) => (name.toLowerCase() === 'name' ? host.name : withNetwork(host))
      return listed(all.filter((host, at) => at === 0 || key(host) !== key(all[at - 1] ?? host)))
    }),
  ]
}

function test(
  selector: string,
  wanted: string,
  compile: (source: string) => Pattern,
): ((host: HostAddress) => boolean) | undefined {
  const choices = wanted.split('|')
  switch (selector) {
    case 'name':
      return host => compile(wanted).test(host.name)
    case 'address':
      return host => compile(wanted).test(withNetwork(host))
    case 'type':
      return host =>
        choices.some(type => type.toLowerCase() === 'ip' || type.toLowerCase() === `ipv${isIP(host.address)}`)
    case 'size':
      return host => host.bits === Number(wanted)
    case 'rfc':
    case 'rfcs':
      return host => choices.some(number => known(number, host))
    case 'network': {
      const networks = choices.map(
        choice => networkOf(choice) ?? refuse(`unable to create an IP address from ${quote(choice)}`),
      )
      return host => networks.some(network => contains(network, host))
    }
    case 'flag':
    case 'flags':
      return host => hasFlags(host, choices)
    default:
      return undefined
  }
}

function known(number: string, host: HostAddress): boolean {
  return isInRfc(number, host) ?? refuse(`unable to lookup RFC number ${quote(number)}: unsupported RFC ${number}`)
}

/** All the flags of the interface that are asked for; or `forwardable`, which is a property of the address. */
function hasFlags(host: HostAddress, wanted: readonly string[]): boolean {
  const flags = wanted.map(flag => flag.toLowerCase())
  if (flags.includes('forwardable') && isForwardable(host)) return true
  const ofInterface = flags.filter(flag => flag !== 'forwardable')
  return ofInterface.length > 0 && ofInterface.every(flag => host.flags.includes(flag.replaceAll('-', '')))
}

const orders: Readonly<Record<string, (a: HostAddress, b: HostAddress) => number>> = {
  address: byAddress,
  default: (a, b) => Number(b.isDefault) - Number(a.isDefault),
  name: (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  private: (a, b) => Number(isInRfc('6890', b)) - Number(isInRfc('6890', a)),
  size: (a, b) => (isIP(a.address) === isIP(b.address) ? a.bits - b.bits : 0),
  type: (a, b) => isIP(a.address) - isIP(b.address),
}

function sorted(hosts: readonly HostAddress[], clauses: string): HostAddress[] {
  const comparisons = clauses.split(',').map(clause => {
    const [, sign, name = ''] = /^([+-]?)(.*)$/.exec(clause.trim().toLowerCase()) ?? []
    const order = Object.hasOwn(orders, name) ? orders[name] : undefined
    if (order === undefined) return refuse(`unknown sort type: ${quote(clause)}`)
    return sign === '-' ? (a: HostAddress, b: HostAddress) => -order(a, b) : order
  })
  return [...hosts].sort((a, b) => comparisons.reduce((result, order) => result || order(a, b), 0))
}

function attribute(host: HostAddress, name: string): string {
  switch (name.toLowerCase()) {
    case 'name':
      return host.name
    case 'address':
    case 'host':
      return host.address
    case 'string':
      return withNetwork(host)
    case 'type':
      return `IPv${isIP(host.address)}`
    case 'mask_bits':
      return String(host.bits)
    case 'flags':
      return host.flags.join('|')
    default:
      throw new GoError(`unable to obtain attribute ${name}`)
  }
}

function refuse(message: string): never {
  throw new GoError(message)
}
