import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One instance of a sample service: it answers every request with its id. */
export interface Instance {
  readonly service: string
  readonly id: string
  readonly port: number
}

/** Starts so many instances of each service on free ports of loopback. */
export async function startInstances(
  counts: Readonly<Record<string, number>>,
): Promise<{ instances: Instance[]; close: () => Promise<void> }> {
  const names = Object.entries(counts).flatMap(([service, count]) =>
    Array.from({ length: count }, (_, index) => ({ service, id: `${service}-${index + 1}` })),
  )
  const servers = await Promise.all(names.map(listen))
  // nginx takes turns in the order of ports: named in that order, they answer in the order of their names.
  servers.sort((a, b) => portOf(a) - portOf(b))
  const instances = names.map((name, index) => {
    const server = servers[index] as Server
    server.on('request', (_request, response) => response.end(`${name.id}\n`))
    return { ...name, port: portOf(server) }
  })
  return { instances, close: async () => void (await Promise.all(servers.map(close))) }
}

function listen(): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject).listen(0, '127.0.0.1', () => resolve(server))
  })
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

function close(server: Server): Promise<void> {
  return new Promise(resolve => {
    server.closeAllConnections()
    server.close(() => resolve())
  })
}
