import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import type { HostAddress } from './address.ts'

/** The addresses this machine has now. What is down, or has none, is not among them. */
export function hostAddresses(): HostAddress[] {
  const usual = defaultInterface()
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.map(({ address, cidr, internal }) => ({
      name,
      address,
      bits: Number(cidr?.split('/')[1] ?? 0),
      flags: internal ? ['up', 'loopback', 'running'] : ['up', 'broadcast', 'multicast', 'running'],
      isDefault: name === usual,
    })),
  )
}

/** The interface of the route to everywhere; undefined where there is none, or the system does not say. */
function defaultInterface(): string | undefined {
  const routes = routeTable().split('\n').slice(1)
  return routes.map(route => route.split('\t')).find(([, destination]) => destination === '00000000')?.[0]
}

function routeTable(): string {
  try {
    return readFileSync('/proc/net/route', 'latin1')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
