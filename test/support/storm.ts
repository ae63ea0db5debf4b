import type { Random } from '../soak/random.ts'
import { drop, put } from './changes.ts'
import type { RealConsul } from './consul.ts'

/** Changes one part of a catalog at random. Resolves when the change was written, with the kind it was. */
export type Changer = (random: Random) => Promise<string>

interface Service {
  readonly ID: string
  Service: string
  Port: number
  Address?: string
  Tags?: string[]
  Meta?: Record<string, string>
  Weights?: { Passing: number; Warning: number }
}

interface Kind {
  readonly title: string
  write(): Promise<unknown>
}

const STATES = ['passing', 'warning', 'critical'] as const
const NAMES = ['web', 'api', 'Web', 'db', 'a b', 'x.y', 'shop', 'mail'] as const
const IDS = ['i1', 'i2', 'i3', 'i4', 'i5'] as const

/** What may become other about a service that is registered; some of it is, at random. */
function vary(service: Service, random: Random): string {
  const number = random.between(1, 9)
  switch (random.pick(['port', 'address', 'no address', 'tags', 'meta', 'weights', 'name'])) {
    case 'port':
      service.Port = random.between(1, 65_535)
      return 'port'
    case 'address':
      service.Address = `10.4.${number}.${random.between(1, 254)}`
      return 'address'
    case 'no address':
      service.Address = ''
      return 'no address'
    case 'tags':
      service.Tags = Array.from({ length: random.between(0, 3) }, () => `t${random.between(1, 5)}`)
      return 'tags'
    case 'meta':
      service.Meta = { k: `v${number}`, [`k${number}`]: 'v' }
      return 'meta'
    case 'weights':
      service.Weights = { Passing: random.between(1, 9), Warning: random.between(1, 9) }
      return 'weights'
    default:
      service.Service = random.pick(NAMES)
      return 'renamed'
  }
}

/** A node that somebody else looks after: everything `catalog/register` and `catalog/deregister` can do to it. */
export function foreignNode(consul: RealConsul, node: string): Changer {
  let address = '10.5.0.1'
  let isThere = false
  const services = new Map<string, Service>()
  const at = { consul, node }
  const known = (more: object) => put(at, { Address: address, ...more })

  /** A kind of change that is possible now. */
  function choose(random: Random): Kind {
    const id = random.pick(IDS)
    const status = random.pick(STATES)
    const service = services.get(id)
    const ofService = { CheckID: `of-${id}`, Name: 'c', ServiceID: id, Status: status }
    const inMaintenance = { CheckID: `_service_maintenance:${id}`, Name: 'm', ServiceID: id, Status: 'critical' }
    const ofNode: Kind[] = [
      {
        title: 'node address',
        write() {
          address = `10.5.0.${random.between(1, 254)}`
          return known({})
        },
      },
      { title: 'node check', write: () => known({ Check: { CheckID: 'alive', Name: 'n', Status: status } }) },
      {
        title: 'node maintenance',
        write: () => known({ Check: { CheckID: '_node_maintenance', Name: 'n', Status: 'critical' } }),
      },
      { title: 'end of node maintenance', write: () => drop(at, { CheckID: '_node_maintenance' }) },
      {
        title: 'node leaves',
        write() {
          isThere = false
          services.clear()
          return drop(at)
        },
      },
    ]
    const ofNoService: Kind[] = ['bare', 'checked'].map(title => ({
      title: `new, ${title}`,
      write() {
        const made = { ID: id, Service: random.pick(NAMES), Port: random.between(1, 65_535) }
        services.set(id, made)
        return known({ Service: made, ...(title === 'checked' && { Check: ofService }) })
      },
    }))
    const ofThisService: Kind[] =
      service === undefined
        ? ofNoService
        : [
            ...[1, 2, 3].map(() => {
              const next = { ...service }
              return { title: vary(next, random), write: () => known({ Service: set(next) }) }
            }),
            { title: 'check', write: () => known({ Check: ofService }) },
            { title: 'check', write: () => known({ Check: ofService }) },
            { title: 'check leaves', write: () => drop(at, { CheckID: ofService.CheckID }) },
            { title: 'maintenance', write: () => known({ Check: inMaintenance }) },
            { title: 'end of maintenance', write: () => drop(at, { CheckID: inMaintenance.CheckID }) },
            {
              title: 'leaves',
              write() {
                services.delete(id)
                return drop(at, { ServiceID: id })
              },
            },
            {
              title: 'comes anew',
              async write() {
                await drop(at, { ServiceID: id })
                return known({ Service: service, Check: ofService })
              },
            },
          ]
    if (!isThere) return random.pick(ofNoService as [Kind, ...Kind[]])
    return random.pick([...ofThisService, ...ofThisService, ...ofNode] as [Kind, ...Kind[]])
  }
  function set(service: Service): Service {
    services.set(service.ID, service)
    return service
  }

  return async random => {
    const { title, write } = choose(random)
    await write()
    if (title !== 'node leaves') isThere = true
    return title
  }
}

/** The agent's own node, through the agent. */
export function agentNode(consul: RealConsul): Changer {
  const services = new Map<string, Service & { hasCheck: boolean }>()
  const body = ({ Service: Name, hasCheck, ...given }: Service & { hasCheck: boolean }) => ({
    Name,
    ...given,
    ...(hasCheck && { Check: { TTL: '1h', Status: 'passing' } }),
  })
  let isInMaintenance = false

  return async random => {
    const id = `a-${random.pick(IDS)}`
    const service = services.get(id)
    if (service === undefined) {
      const hasCheck = random.next() < 0.5
      const made = { ID: id, Service: random.pick(NAMES), Port: random.between(1, 65_535), hasCheck }
      services.set(id, made)
      await consul.register(body(made))
      return `agent: new, ${hasCheck ? 'checked' : 'bare'}`
    }
    switch (random.pick(['vary', 'vary', 'vary', 'check', 'check', 'maintenance', 'leaves', 'node'])) {
      case 'vary': {
        const next = { ...service }
        const title = vary(next, random)
        services.set(id, next)
        await consul.register(body(next))
        return `agent: ${title}`
      }
      case 'check':
        if (service.hasCheck) await consul.setCheck(id, random.pick(STATES))
        return 'agent: check'
      case 'maintenance':
        await consul.maintenance(id, random.next() < 0.5)
        return 'agent: maintenance'
      case 'leaves':
        services.delete(id)
        await consul.deregister(id)
        return 'agent: leaves'
      default:
        isInMaintenance = !isInMaintenance
        await consul.call('PUT', `/agent/maintenance?enable=${isInMaintenance}`)
        return 'agent: node maintenance'
    }
  }
}

/** Instances that are never well: registered with a check that fails, they leave with it. */
export function sickNode(consul: RealConsul, node: string): Changer {
  return async random => {
    const id = random.pick(IDS)
    const Check = { CheckID: `of-${id}`, Name: 'c', ServiceID: id, Status: 'critical' }
    switch (random.pick(['comes', 'comes', 'leaves', 'all leave'])) {
      case 'comes':
        await put({ consul, node }, { Service: { ID: id, Service: 'sick', Port: random.between(1, 65_535) }, Check })
        return 'sick: comes'
      case 'leaves':
        await drop({ consul, node }, { ServiceID: id })
        return 'sick: leaves'
      default:
        await drop({ consul, node })
        return 'sick: all leave'
    }
  }
}
