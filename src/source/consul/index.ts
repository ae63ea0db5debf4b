import { setTimeout as sleep } from 'node:timers/promises'
import { reasonOf, UpstreamdError } from '../../errors.ts'
import type { Snapshot } from '../../model/catalog.ts'
import { defineModule } from '../../registry.ts'
import type { Runtime } from '../../runtime.ts'
import type { Interest, Source } from '../source.ts'
import { Wakeup } from '../wakeup.ts'
import { changes } from './blocking-query.ts'
import { type ConsulClient, connect } from './client.ts'
import { ConsulConfig } from './config.ts'
import { Tables } from './tables.ts'
import { Checks, NodeServices, Nodes, ServiceNames } from './wire.ts'

/** Nodes asked at the same time; with three blocking queries and a probe this stays under 16 connections. */
const AT_ONCE = 8
/** How soon a node whose services could not be read is asked again. */
const RETRY_NODE_MS = 2_000

const NAME = 'consul'
const CHECKS = '/health/state/any'

export const consul = defineModule<Source>()({
  config: ConsulConfig,
  create: (config, runtime) => ({
    name: NAME,
    description: `consul at ${config.address.replace(/\/\/[^@/]*@/, '//')}`,
    snapshots: (interest, signal) => snapshots(config, interest, { ...runtime, signal }),
  }),
})

/**
 * Three blocking queries say that something changed (facts: services, checks and nodes together see every
 * change); the services of the nodes concerned are then fetched, and a snapshot is yielded when all of it fits.
 */
async function* snapshots(config: ConsulConfig, interest: Interest, runtime: Runtime): AsyncGenerator<Snapshot> {
  const client = connect(config)
  const ended = new AbortController()
  const scope: Runtime = { ...runtime, signal: AbortSignal.any([runtime.signal, ended.signal]) }
  const tables = new Tables()
  const wakeup = new Wakeup()
  const indexes = { services: -1n, checks: -1n, nodes: -1n }

  async function watch<T>(table: keyof typeof indexes, path: string, schema: Schema<T>, take: (body: T) => void) {
    for await (const { index, body } of changes(client, path, schema, scope, NAME)) {
      take(body)
      indexes[table] = index
      wakeup.ring()
    }
  }
  /**
   * An instance must never be seen before its checks, so the two have to belong together: when the check table
   * moved on since the services were read, it is read, too. Its blocking query cannot be waited for instead:
   * a deregistration moves the table's index without waking it (measured, 1.8.7).
   */
  async function catchUp(): Promise<void> {
    while ((await checkIndex(client, scope.signal)) > indexes.checks) {
      const { index, body } = await client.ask({ path: CHECKS }, Checks, scope.signal)
      tables.setChecks(body)
      indexes.checks = index
      await refresh(client, tables, wakeup, scope)
    }
  }
  const watching = [
    watch('services', '/catalog/services', ServiceNames, () => tables.touchAll()),
    watch('checks', CHECKS, Checks, checks => tables.setChecks(checks)),
    watch('nodes', '/catalog/nodes', Nodes, nodes => tables.setNodes(refuseNone(nodes))),
  ]
  for (const watcher of watching) watcher.catch(error => wakeup.fail(error))

  try {
    while (true) {
      await wakeup.rung()
      if (Object.values(indexes).some(index => index < 0n)) continue
      await refresh(client, tables, wakeup, scope)
      await catchUp()
      yield { source: NAME, index: String(maximum(Object.values(indexes))), services: tables.services(NAME, interest) }
    }
  } catch (error) {
    if (!runtime.signal.aborted) throw error
  } finally {
    ended.abort()
    client.close()
    await Promise.allSettled(watching)
  }
}

type Schema<T> = Parameters<typeof changes<T>>[2]

/** Reads the services of every dirty node. One that fails keeps what it had; one that was never read ends the attempt. */
async function refresh(client: ConsulClient, tables: Tables, wakeup: Wakeup, runtime: Runtime): Promise<void> {
  const queue = [...tables.dirty]
  async function work(): Promise<void> {
    for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
      if (!tables.hasNode(node)) continue
      tables.dirty.delete(node)
      try {
        const { body } = await client.ask(
          { path: '/catalog/node-services/{node}', params: { node } },
          NodeServices,
          runtime.signal,
        )
        tables.setServices(node, body?.Services ?? [])
      } catch (error) {
        tables.dirty.add(node)
        if (runtime.signal.aborted || !tables.knows(node)) throw error
        runtime.emit({ type: 'source.partial', source: NAME, node, problem: reasonOf(error) })
        void retryLater(wakeup, runtime.signal) // owned by the wake-up, ends with the signal
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}

async function retryLater(wakeup: Wakeup, signal: AbortSignal): Promise<void> {
  const inTime = await sleep(RETRY_NODE_MS, true, { signal }).catch(() => false)
  if (inTime) wakeup.ring()
}

/** Where the check table stands now: a filter that nothing passes leaves only the header. */
async function checkIndex(client: ConsulClient, signal: AbortSignal): Promise<bigint> {
  const { index } = await client.ask({ path: CHECKS, filter: 'CheckID == ""' }, Checks, signal)
  return index
}

/**
 * A Consul that answers is a node itself. None at all means that the token may not read them (1.8.7 says so with an
 * empty list and nothing else), or that the agent has just started: either way nothing is known.
 */
function refuseNone(nodes: Nodes): Nodes {
  if (nodes.length > 0) return nodes
  throw new UpstreamdError('SOURCE_DENIED', 'it lists no node, not even its own: the token may not read the catalog')
}

function maximum(indexes: readonly bigint[]): bigint {
  return indexes.reduce((a, b) => (a > b ? a : b))
}
