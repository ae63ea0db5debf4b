import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RealConsul, startConsul } from '../support/consul.ts'
import { type Backend, startBackend } from '../support/http.ts'
import { type Bulk, type Instance, instanceOf, nodeName, Writer } from './catalog.ts'
import { type Contender, DOMAIN, TAG } from './contenders.ts'
import { opened } from './opened.ts'

/** A contender and the Consul of its own. */
export interface Side {
  readonly contender: Contender
  readonly consul: string // host:port
  readonly consulPort: number
  readonly writer: Writer
}

export interface Lab {
  readonly bulk: Bulk
  readonly folder: string // for what is measured inside the program
  readonly sides: readonly Side[]
  readonly known: string // a host name of the catalog, which answers
  /** A service that is not there yet, on one of the nodes, and answers. */
  newcomer(name: string, number: number): Instance
  close(): Promise<void>
}

/** Consul as it comes allows a client 200 connections; with that consul-template would never be ready. */
const raised = { limits: { http_max_conns_per_client: 10_000 } }

/** The same catalog in the Consul of each; the first service has a real instance. */
export async function openLab(contenders: readonly Contender[], size: Omit<Bulk, 'prefix' | 'tag'>): Promise<Lab> {
  const bulk: Bulk = { ...size, prefix: 'svc', tag: TAG }
  const folder = mkdtempSync(join(tmpdir(), 'upstreamd-lab-'))
  const backend: Backend = await startBackend('bench')
  const closeBackend = opened(backend.close)
  const sides: Side[] = []
  const closing: (() => Promise<void>)[] = [
    closeBackend,
    opened(async () => rmSync(folder, { recursive: true, force: true })),
  ]
  for (const contender of contenders) {
    const starting: { consul?: Promise<RealConsul> } = {}
    closing.push(opened(async () => (await starting.consul)?.stop()))
    starting.consul = startConsul(contender.isOurs ? {} : raised)
    const consul = await starting.consul
    const writer = new Writer(consul.address)
    await writer.load(bulk)
    await writer.register({ ...instanceOf(bulk, 0, 0), address: '127.0.0.1', port: backend.port })
    sides.push({ contender, consul: consul.address, consulPort: Number(consul.address.split(':')[1]), writer })
  }
  return {
    bulk,
    folder,
    sides,
    known: hostOf('svc-0'),
    newcomer: (name, number) => ({
      node: nodeName(bulk, number),
      service: name,
      id: name,
      address: '127.0.0.1',
      port: backend.port,
      tags: [TAG],
    }),
    async close() {
      for (const { writer } of sides) writer.close()
      for (const close of closing.reverse()) await close()
    },
  }
}

export function hostOf(service: string): string {
  return `${service.replaceAll('-', '.')}.${DOMAIN}`
}
