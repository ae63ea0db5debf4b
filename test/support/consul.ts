import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Children } from './children.ts'
import { freePort } from './ports.ts'
import { until } from './wait.ts'

export interface Registration {
  readonly Name: string
  readonly ID?: string
  readonly Address?: string
  readonly Port?: number
  readonly Tags?: readonly string[]
  readonly Meta?: Readonly<Record<string, string>>
  readonly Weights?: { readonly Passing: number; readonly Warning: number }
  readonly Check?: object
}

/** What a test does to a catalog: the same verbs for the real Consul and for the fake one. */
export interface Catalog {
  readonly address: string // host:port
  register(service: Registration): Promise<void>
  deregister(id: string): Promise<void>
  setCheck(id: string, status: 'passing' | 'warning' | 'critical'): Promise<void>
  maintenance(id: string, on: boolean): Promise<void>
  stop(): Promise<void>
}

export interface RealConsul extends Catalog {
  readonly pid: number
  /** Any call of the HTTP API. */
  call(method: string, path: string, body?: unknown): Promise<unknown>
  kill(): Promise<void>
  /** Starts it again on the same port, with an empty catalog. */
  restart(): Promise<void>
}

/** The Consul of this machine: on PATH, or where set-up unpacked it. */
export function consulBinary(): string | undefined {
  const candidates = (process.env.PATH ?? '').split(':').concat(join(import.meta.dirname, '../../.cache/bin'))
  return candidates.map(folder => join(folder, 'consul')).find(existsSync)
}

/** A real `consul agent -dev` on free ports of loopback, with more configuration, asked with a token. */
export async function startConsul(config: Record<string, unknown> = {}, token?: string): Promise<RealConsul> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(config, token)
    } catch (error) {
      // One of its ports was taken by somebody else between being looked for and being bound.
      if (attempt === 3 || !String(error).includes('consul ended')) throw error
    }
  }
}

async function startOnce(config: Record<string, unknown>, token: string | undefined): Promise<RealConsul> {
  const binary = consulBinary()
  if (binary === undefined) throw new Error('no consul: run ./scripts/setup')
  const children = new Children()
  const folder = mkdtempSync(join(tmpdir(), 'upstreamd-consul-'))
  const [http, server, lan, wan] = await Promise.all([freePort(), freePort(), freePort(), freePort()])
  const file = join(folder, 'config.json')
  writeFileSync(file, JSON.stringify(config))
  const args = [
    'agent',
    '-dev',
    '-bind=127.0.0.1',
    ...('client_addr' in config ? [] : ['-client=127.0.0.1']),
    '-node=test',
    `-http-port=${http}`,
    `-server-port=${server}`,
    `-serf-lan-port=${lan}`,
    `-serf-wan-port=${wan}`,
    '-grpc-port=-1',
    '-dns-port=-1',
    '-log-level=err',
    ...(Object.keys(config).length > 0 ? [`-config-file=${file}`] : []),
  ]
  const address = `127.0.0.1:${http}`

  async function call(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`http://${address}/v1${path}`, {
      method,
      ...(token !== undefined && { headers: { 'x-consul-token': token } }),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }
  async function knowsItself(): Promise<boolean> {
    const services = (await call('GET', '/catalog/services')) as Record<string, unknown>
    return 'consul' in services
  }
  /** Resolves when it answers; what ends instead is an error at once. */
  async function launch(): Promise<ChildProcess> {
    const started = children.start(binary as string, args, { cwd: folder })
    const ended = new AbortController()
    started.once('exit', (code, signal) => ended.abort(new Error(`consul ended with ${signal ?? `code ${code}`}`)))
    await until('Consul answers with its own service', knowsItself, 15_000, ended.signal)
    return started
  }
  async function stop(): Promise<void> {
    await children.endAll()
    rmSync(folder, { recursive: true, force: true })
  }
  let child = await launch().catch(async error => {
    await stop()
    throw error
  })

  return {
    address,
    get pid() {
      return child.pid ?? 0
    },
    call,
    register: async service =>
      void (await call('PUT', '/agent/service/register', { Address: '127.0.0.1', ...service })),
    deregister: async id => void (await call('PUT', `/agent/service/deregister/${encodeURIComponent(id)}`)),
    setCheck: async (id, status) => {
      await call('PUT', `/agent/check/update/${encodeURIComponent(`service:${id}`)}`, { Status: status })
    },
    maintenance: async (id, on) => {
      await call('PUT', `/agent/service/maintenance/${encodeURIComponent(id)}?enable=${on}`)
    },
    kill: async () => void (await children.end(child, 'SIGKILL')),
    async restart() {
      await children.end(child, 'SIGKILL')
      child = await launch()
    },
    stop,
  }
}

/** A check that stays as it is set. */
export const TTL = { TTL: '1h', Status: 'passing' }
