import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { flags } from '../../src/command/flags.ts'
import type { Catalog } from './consul.ts'
import type { Running } from './upstreamd.ts'

/** Reloads as fast as changes come, where there is a budget for them. */
export const unbounded = flags.some(({ name }) => name === 'reload-interval') ? ['-reload-interval=0s'] : []

/** Instances of one service that come and go as a deployment exchanges them. */
export class Instances {
  readonly #catalog: Catalog
  readonly #service: string
  readonly #living: { readonly id: string; readonly server: Server; readonly port: number }[] = []
  #count = 0

  constructor(catalog: Catalog, service: string) {
    this.#catalog = catalog
    this.#service = service
  }

  async add(): Promise<number> {
    const server = createServer((_request, response) => response.end('here'))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    this.#count += 1
    const id = `${this.#service}-${this.#count}`
    await this.#catalog.register({ Name: this.#service, ID: id, Port: port, Tags: ['calico'] })
    this.#living.push({ id, server, port })
    return port
  }

  /**
   * The new one is registered, the oldest deregistered, and ended when nginx runs without it: as it is done without loss.
   * Old workers still send it what comes on the connections that they hold; `drained` waits for those.
   */
  async replace(running: Running, drained = async () => {}): Promise<void> {
    const from = running.events().length
    await this.add()
    const oldest = this.#living.shift()
    if (oldest === undefined) return
    await this.#catalog.deregister(oldest.id)
    const endpoint = `${this.#service} 127.0.0.1:${oldest.port}`
    await running.saw('generation.activated', ({ removed }) => removed.includes(endpoint), from)
    await drained()
    oldest.server.close() // as SIGTERM does it: what it has begun it ends, kept connections that are idle go
  }

  end(): void {
    for (const { server } of this.#living.splice(0)) {
      server.closeAllConnections()
      server.close()
    }
  }
}
