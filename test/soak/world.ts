import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { isMaster, isWorker } from '../../src/target/nginx/proc.ts'
import { type RealConsul, startConsul } from '../support/consul.ts'
import { canMount, Mounts } from '../support/mounts.ts'
import { makeTree } from '../support/nginx-tree.ts'
import { freePort } from '../support/ports.ts'
import { shipped } from '../support/scene.ts'
import { type Bench, nginxOf, type Running, workbench } from '../support/upstreamd.ts'
import { Registrations } from './registrations.ts'
import { type SickProxy, startSickProxy } from './sick-proxy.ts'

/** These are there all the time, and every request for them has to be answered. */
export const stable = ['alpha', 'beta', 'gamma', 'delta', 'epsilon'] as const

export const layouts = ['own', 'adopt'] as const
export type WorldLayout = (typeof layouts)[number]

/** A service instance that answers with its service's name, and counts. */
export interface Instance {
  readonly port: number
  readonly asked: number
  close(): void
}

/** A real Consul, the built upstreamd and a real nginx, and what faults need to take hold of. */
export interface World {
  readonly bench: Bench
  readonly consul: RealConsul
  readonly proxy: SickProxy
  readonly registrations: Registrations
  readonly port: number
  readonly template: string
  readonly text: string // of the template, when it is well
  readonly heapFile: string // how much of upstreamd's memory is in use
  readonly disk: string | undefined // a small one under the state folder, where it can be had
  readonly upstreamd: Running
  readonly lives: readonly Running[]
  master(): number | undefined
  workers(): number[]
  /** Every process of nginx. */
  nginx(): number[]
  /** Is there one master, and are all workers that take connections its own? */
  isWhole(): boolean
  startInstance(service: string): Promise<Instance>
  /** Kills upstreamd and starts it again. */
  restart(): Promise<void>
  /** Where the text of the sites is live now. */
  liveFile(): string
  pidFile(): string
  close(): Promise<void>
}

export async function openWorld(layout: WorldLayout): Promise<World> {
  const bench = workbench('soak')
  const mounts = new Mounts()
  const disk = canMount() ? bench.state : undefined
  if (disk !== undefined) mounts.small(disk, 'size=16m')
  const tree = makeTree(bench.folder)
  const template = join(bench.folder, 'ingress.conf.njk')
  const text = readFileSync(shipped, 'utf8')
  writeFileSync(template, text)
  const consul = await startConsul()
  const proxy = await startSickProxy(consul.address)
  const registrations = new Registrations(consul)
  const servers = new Set<Server>()
  const port = await freePort()

  async function startInstance(service: string): Promise<Instance> {
    let asked = 0
    const server = createServer((_request, response) => {
      asked += 1
      response.end(service)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    servers.add(server)
    return {
      port: (server.address() as AddressInfo).port,
      get asked() {
        return asked
      },
      close: () => void server.close(),
    }
  }

  const args = [
    `-consul-addr=${proxy.address}`,
    '-tag=calico',
    '-domain=test',
    `-listen=127.0.0.1:${port}`,
    ...(layout === 'own'
      ? [`-template=${template}:conf.d/ingress.conf`]
      : [`-nginx-conf=${tree.conf}`, `-template=${template}:${tree.destination}`]),
  ]
  const lives: Running[] = []
  const heapFile = join(bench.folder, 'heap')
  const environment = {
    NODE_OPTIONS: `--expose-gc --import=${join(import.meta.dirname, 'tidy.mjs')}`,
    HEAP_FILE: heapFile,
  }
  const start = () => {
    const running = bench.start(args, environment)
    lives.push(running)
    return running
  }

  for (const service of stable) {
    for (const number of [1, 2]) {
      const { port } = await startInstance(service)
      await registrations.put(`${service}-${number}`, { Name: service, Port: port, Tags: ['calico'] })
    }
  }
  let upstreamd = start()
  const processes = (is: typeof isMaster) =>
    nginxOf(bench.folder).filter(process => is(process) && !process.command.includes('shutting down'))
  const pids = (of: readonly { readonly pid: number }[]) => of.map(({ pid }) => pid)

  return {
    bench,
    consul,
    proxy,
    registrations,
    port,
    template,
    text,
    heapFile,
    disk,
    lives,
    get upstreamd() {
      return upstreamd
    },
    master: () => processes(isMaster)[0]?.pid,
    workers: () => pids(processes(isWorker)),
    nginx: () => pids(nginxOf(bench.folder)),
    isWhole() {
      const [master, ...others] = pids(processes(isMaster))
      return others.length === 0 && processes(isWorker).every(({ parent }) => parent === master)
    },
    startInstance,
    async restart() {
      await upstreamd.stop('SIGKILL')
      upstreamd = start()
    },
    liveFile: () => (layout === 'own' ? join(bench.state, 'nginx/current/conf.d/ingress.conf') : tree.destination),
    pidFile: () => (layout === 'own' ? join(bench.state, 'nginx/run/nginx.pid') : tree.pidFile),
    async close() {
      await bench.end()
      mounts.clear()
      await bench.clear()
      await proxy.close()
      await consul.stop()
      for (const server of servers) {
        server.closeAllConnections()
        server.close()
      }
    },
  }
}
