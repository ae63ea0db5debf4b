import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Rejection } from '../../src/model/selection.ts'
import type { Status } from '../../src/observe/status.ts'
import { type RealConsul, type Registration, startConsul } from './consul.ts'
import { type Backend, type Door, get, startBackend } from './http.ts'
import { makeTree, type NginxTree } from './nginx-tree.ts'
import type { Elsewhere } from './poison.ts'
import { freePort } from './ports.ts'
import { type Bench, workbench } from './upstreamd.ts'
import { until } from './wait.ts'

/** How soon a good service has to be served, whatever else is registered; usual is a tenth of a second. */
export const SOON_MS = 20_000

/** A real Consul, one backend that answers for everybody, and a folder to run upstreamd in. */
export interface CatalogScene {
  readonly consul: RealConsul
  readonly bench: Bench
  readonly backend: Backend
  readonly port: number // of the shipped template
  readonly tree: NginxTree
  readonly args: string[] // source, tag, domain, listen, no guard, no waiting between reloads
  /** Registers at the one backend with the wanted tag, unless it is said otherwise; one after the other. */
  register(...services: readonly Registration[]): Promise<void>
  registerElsewhere(...services: readonly Elsewhere[]): Promise<void>
  /** Takes back everything that was registered, but for these ids. */
  clear(...but: readonly string[]): Promise<void>
  status(): Status
  /** What status.json says of a service. */
  rejectionsOf(service: string): readonly Rejection[]
  /** The files nginx reads now pass `nginx -t`, in either layout. */
  acceptedByNginx(): true | string
  close(): Promise<void>
}

/** With a Consul of somebody else, that one stays when the scene is closed; what was registered goes. */
export async function openCatalogScene(given?: RealConsul): Promise<CatalogScene> {
  const consul = given ?? (await startConsul())
  const bench = workbench('catalog')
  // On all of 127.0.0.0/8 and on ::1, so that one backend can be any number of instances.
  const backend = await startBackend('one', '::')
  const port = await freePort()
  const tree = makeTree(bench.folder)
  const ids = new Set<string>()
  const nodes = new Set<string>()
  const status = () => JSON.parse(readFileSync(join(bench.state, 'status.json'), 'utf8')) as Status

  const scene: CatalogScene = {
    consul,
    bench,
    backend,
    port,
    tree,
    args: [
      `-consul-addr=${consul.address}`,
      '-tag=calico',
      '-domain=test',
      `-listen=127.0.0.1:${port}`,
      '-max-loss=100%',
      '-reload-interval=0s', // one change comes after the other
    ],
    async register(...services) {
      for (const service of services) {
        ids.add(service.ID ?? service.Name)
        await consul.register({ Port: backend.port, Tags: ['calico'], ...service })
      }
    },
    async registerElsewhere(...services) {
      for (const service of services) {
        nodes.add(service.Node)
        await consul.call('PUT', '/catalog/register', service)
      }
    },
    async clear(...but) {
      for (const Node of nodes) await consul.call('PUT', '/catalog/deregister', { Node })
      nodes.clear()
      for (const id of ids) {
        if (but.includes(id)) continue
        await consul.deregister(id)
        ids.delete(id)
      }
    },
    status,
    rejectionsOf: service => status().rejected.filter(rejection => rejection.service === service),
    acceptedByNginx: () => testOwn(bench) ?? testTree(tree),
    async close() {
      await bench.clear()
      await backend.close()
      if (given === undefined) await consul.stop()
      else await scene.clear()
    },
  }
  return scene
}

/** A copy is tested: `nginx -t` binds and removes sockets, and this one is in use. */
function testOwn(bench: Bench): true | string | undefined {
  const live = join(bench.state, 'nginx/current')
  if (!existsSync(live)) return undefined
  const copy = mkdtempSync(join(bench.folder, 'tested-'))
  try {
    cpSync(realpathSync(live), copy, { recursive: true })
    return nginxTest(['-c', join(copy, 'nginx.conf'), '-p', copy], copy)
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

function testTree(tree: NginxTree): true | string {
  return nginxTest(['-c', tree.conf], tree.folder)
}

function nginxTest(args: readonly string[], cwd: string): true | string {
  const { status, stderr } = spawnSync('nginx', ['-t', '-q', ...args], { cwd, encoding: 'utf8' })
  return status === 0 || stderr
}

/** Resolves when the host is answered by a service; fails with what the host answered instead. */
export async function answers(door: Door, host: string, ms = SOON_MS): Promise<void> {
  let last = 'nothing'
  await until(
    `${host} answers`,
    async () => {
      const { status } = await get(door, host)
      last = String(status)
      return status === 200
    },
    ms,
  ).catch(error => {
    throw new Error(`${error.message}; it answers ${last}`)
  })
}

/** Asks for these hosts again and again, on fresh connections; `stop` says what was not answered with 200. */
export function keepAsking(door: Door, hosts: readonly string[]): { stop(): Promise<string[]> } {
  const ended = new AbortController()
  const failures: string[] = []
  const clients = hosts.map(async host => {
    while (!ended.signal.aborted) {
      const outcome = await get(door, host).then(({ status }) => String(status), String)
      if (outcome !== '200') failures.push(`${host}: ${outcome}`)
      await new Promise(resolve => setTimeout(resolve, 5)) // leaves the machine to what is tested
    }
  })
  return {
    async stop() {
      ended.abort()
      await Promise.all(clients)
      return failures
    },
  }
}
