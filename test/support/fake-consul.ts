import { EventEmitter, once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseDuration } from '../../src/duration.ts'
import type { Catalog, Registration } from './consul.ts'

/** Answers a request in the fake's place, to be a worse Consul; false leaves it to the fake. */
export type Interference = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>

/** Consul's catalog as far as upstreamd reads it. It is trusted because the real one passes the same suite. */
export interface FakeConsul extends Catalog {
  joinNode(node: string, address: string): Promise<void>
  leaveNode(node: string): Promise<void>
  interfere(interference: Interference | undefined): void
  /** The check table's index moves on, and nobody who waits for it is told (seen with 1.8.7). */
  moveChecksSilently(): void
  /** The servers are restored from a snapshot: every index is a small one again. */
  restore(): void
  /** How many connections were open at the same time, at most. */
  readonly connections: number
}

interface Row extends Required<Pick<Registration, 'Address' | 'Port' | 'Tags' | 'Meta' | 'Weights'>> {
  readonly ID: string
  readonly Service: string
  readonly CreateIndex: number
  readonly ModifyIndex: number
}
interface Check {
  readonly Node: string
  readonly CheckID: string
  readonly Status: string
  readonly ServiceID: string
}
type Table = 'services' | 'checks' | 'nodes'

const HOME = 'test'

export async function startFakeConsul(): Promise<FakeConsul> {
  const nodes = new Map([[HOME, '127.0.0.1']])
  const services = new Map<string, Row>()
  const checks = new Map<string, Check>()
  const tables: Record<Table, number> = { services: 10, checks: 10, nodes: 12 }
  const moved = new EventEmitter().setMaxListeners(0)
  let index = 12
  let interference: Interference | undefined
  let most = 0

  function move(...changed: Table[]): void {
    index += 1
    for (const table of changed) {
      tables[table] = index
      moved.emit(table)
    }
  }

  function setCheck(CheckID: string, Status: string | undefined, ServiceID: string): Table[] {
    const before = checks.get(CheckID)
    if (before?.Status === Status) return []
    if (Status === undefined) checks.delete(CheckID)
    else checks.set(CheckID, { Node: HOME, CheckID, Status, ServiceID })
    return ['checks']
  }

  function put(given: Registration): Table[] {
    const { Name: Service, ID = Service, Address = '127.0.0.1', Port = 0, Tags = [], Meta = {} } = given
    const Weights = given.Weights ?? { Passing: 1, Warning: 1 }
    const before = services.get(ID)
    const row = { ID, Service, Address, Port, Tags, Meta, Weights }
    const { CreateIndex = index + 1, ModifyIndex = 0, ...old } = before ?? {}
    if (JSON.stringify(old) === JSON.stringify(row)) return []
    services.set(ID, { ...row, CreateIndex, ModifyIndex: ModifyIndex === 0 ? CreateIndex : index + 1 })
    return ['services']
  }

  /** What a table's address answers, and which table wakes it. */
  function answer(path: string, filter: string | null): { table: Table; body: () => unknown } {
    if (path === '/v1/catalog/services') return { table: 'services', body: tagsByService }
    if (path === '/v1/catalog/nodes') {
      return { table: 'nodes', body: () => [...nodes].map(([Node, Address]) => ({ Node, Address })) }
    }
    // A filter changes what is shown, never what wakes; the only one that is asked shows nothing.
    if (path === '/v1/health/state/any') return { table: 'checks', body: () => (filter ? [] : [...checks.values()]) }
    const node = decodeURIComponent(/^\/v1\/catalog\/node-services\/([^/]+)$/.exec(path)?.[1] ?? '')
    const known = () => ({
      Node: { Node: node, Address: nodes.get(node) },
      Services: node === HOME ? [...services.values()] : [],
    })
    return { table: 'services', body: () => (nodes.has(node) ? known() : { Node: null, Services: null }) }
  }

  function tagsByService(): Record<string, string[]> {
    const byName = Map.groupBy(services.values(), ({ Service }) => Service)
    return Object.fromEntries([...byName].map(([name, rows]) => [name, [...new Set(rows.flatMap(({ Tags }) => Tags))]]))
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://fake')
    if (await interference?.(request, response)) return
    const { table, body } = answer(pathname, searchParams.get('filter'))
    const asked = Number(searchParams.get('index') ?? 0)
    const timeout = AbortSignal.timeout(parseDuration(searchParams.get('wait') ?? '5m') ?? 0)
    while (asked > 0 && tables[table] <= asked && !timeout.aborted && !response.destroyed) {
      const before = tables[table]
      await Promise.race([once(moved, table, { signal: timeout }).catch(() => {}), once(response, 'close')])
      if (tables[table] < before) break
    }
    response.writeHead(200, { 'content-type': 'application/json', 'x-consul-index': String(tables[table]) })
    response.end(JSON.stringify(body()))
  }

  put({ Name: 'consul', Port: 8300 })
  setCheck('serfHealth', 'passing', '')
  const server: Server = createServer((request, response) => void serve(request, response)) // ends with the response
  const open = new Set<unknown>()
  server.on('connection', socket => {
    most = Math.max(most, open.add(socket).size)
    socket.once('close', () => open.delete(socket))
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))

  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    get connections() {
      return most
    },
    async register(given) {
      const id = given.ID ?? given.Name
      const status = (given.Check as { Status?: string } | undefined)?.Status ?? 'critical'
      const changed = [...put(given), ...(given.Check === undefined ? [] : setCheck(`service:${id}`, status, id))]
      if (changed.length > 0) move(...changed)
    },
    async deregister(id) {
      const own = [...checks.values()].filter(({ ServiceID }) => ServiceID === id)
      for (const { CheckID } of own) checks.delete(CheckID)
      if (services.delete(id)) move('services', ...(own.length > 0 ? (['checks'] as const) : []))
    },
    async setCheck(id, status) {
      if (setCheck(`service:${id}`, status, id).length > 0) move('checks')
    },
    async maintenance(id, on) {
      if (setCheck(`_service_maintenance:${id}`, on ? 'critical' : undefined, id).length > 0) move('checks')
    },
    async joinNode(node, address) {
      if (nodes.get(node) === address) return
      nodes.set(node, address)
      move('nodes')
    },
    async leaveNode(node) {
      if (nodes.delete(node)) move('nodes')
    },
    interfere(next) {
      interference = next
    },
    moveChecksSilently() {
      index += 1
      tables.checks = index
    },
    restore() {
      index = 3
      for (const table of ['services', 'checks', 'nodes'] as const) {
        tables[table] = index
        moved.emit(table)
      }
    },
    stop: () =>
      new Promise(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
