import type { Instance } from '../model/catalog.ts'
import { quote } from '../model/quote.ts'
import type { Rejection, UpstreamServer, VisibleInstance } from '../model/selection.ts'
import { endpointOf, parseAddress } from './address.ts'
import { refusalOf } from './refusals.ts'
import type { SelectionRules } from './rules.ts'

const HEAVIEST = 65_535

type Rules = Pick<SelectionRules, 'resolved' | 'refusals'>

/** The upstream servers of one service, and why each instance or value that is missing is missing. */
export function serversFrom(
  service: string,
  instances: readonly Instance[],
  rules: Rules,
): { servers: UpstreamServer[]; rejections: Rejection[] } {
  const servers: UpstreamServer[] = []
  const rejections: Rejection[] = []
  const owners = new Map<string, string>()
  for (const instance of instances) {
    const checked = checkInstance(service, instance, rules)
    rejections.push(...checked.rejections)
    for (const server of checked.servers) {
      const owner = owners.get(server.endpoint)
      if (owner !== undefined) {
        const detail = `${server.endpoint} is already served as ${quote(owner)}`
        rejections.push({ service, instance: instance.id, reason: 'duplicate_endpoint', detail })
        continue
      }
      owners.set(server.endpoint, instance.id)
      servers.push(server)
    }
  }
  return { servers, rejections }
}

/** The same checks for the view's `services`, where what fails is only left out. */
export function visibleInstances(service: string, instances: readonly Instance[], rules: Rules): VisibleInstance[] {
  return instances.flatMap(instance =>
    checkInstance(service, instance, rules).servers.map(({ backup: _, ...server }) => ({
      ...server,
      health: instance.health,
    })),
  )
}

export function checkInstance(
  service: string,
  instance: Instance,
  rules: Rules,
): { servers: UpstreamServer[]; rejections: Rejection[] } {
  const reject = (reason: Rejection['reason'], detail: string) => ({ service, instance: instance.id, reason, detail })
  const { port, weight } = instance
  if (!isPort(port)) {
    return { servers: [], rejections: [reject('invalid_port', `port is ${port}; nginx takes 1 to 65535`)] }
  }
  if (!Number.isInteger(weight) || weight < 1) {
    return { servers: [], rejections: [reject('invalid_value', `weight is ${weight}; nginx takes 1 and more`)] }
  }

  const parsed = parseAddress(instance.address)
  if (parsed.kind === 'refused') {
    return { servers: [], rejections: [reject('invalid_address', `address ${parsed.why}`)] }
  }
  const found = parsed.kind === 'ip' ? [parsed.address] : (rules.resolved.get(parsed.name) ?? [])
  if (found.length === 0) {
    return { servers: [], rejections: [reject('unresolvable', `nobody resolves the address ${instance.address}`)] }
  }

  const rejections: Rejection[] = []
  // A name is as good as what it stands for: anybody's DNS may point it at cloud metadata.
  const addresses = found.filter(address => {
    const why = refusalOf(address, port, rules.refusals)
    const name = parsed.kind === 'name' ? `${parsed.name} ` : ''
    return why === undefined || !rejections.push(reject('invalid_address', `address ${name}${why}`))
  })
  if (addresses.length === 0) return { servers: [], rejections }
  if (weight > HEAVIEST) {
    rejections.push(reject('invalid_value', `weight is ${weight}; nginx takes at most ${HEAVIEST}, which is used`))
  }
  const servers = addresses.map(address => ({
    address,
    port,
    endpoint: endpointOf(address, port),
    weight: Math.min(weight, HEAVIEST),
    backup: false,
    id: instance.id,
    node: instance.node,
    tags: instance.tags,
    meta: ownFields(instance.meta),
  }))
  return { servers, rejections }
}

export function isPort(port: unknown): port is number {
  return Number.isInteger(port) && Number(port) >= 1 && Number(port) <= 65_535
}

/** Without a prototype: `meta.toString` is somebody's key or nothing. */
function ownFields(meta: Instance['meta']): Record<string, string> {
  return Object.assign(Object.create(null), meta)
}
