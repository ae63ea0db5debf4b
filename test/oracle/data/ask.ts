import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Answer, Answers, Query } from '../../../src/model/query.ts'

/** Asks Consul at this address, and the disk under this folder, once. */
export async function answerOf(query: Query, address: string, folder: string): Promise<Answer> {
  async function get<T>(path: string, params: Readonly<Record<string, string | undefined>> = {}): Promise<T | null> {
    const given = Object.entries(params).filter((param): param is [string, string] => Boolean(param[1]))
    const response = await fetch(`http://${address}/v1${path}?${new URLSearchParams(given)}`)
    if (response.status === 404) return null
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as T
  }
  const place = 'datacenter' in query ? { dc: query.datacenter, ns: query.namespace, partition: query.partition } : {}
  switch (query.kind) {
    case 'service': {
      const passing = query.filters.join() === 'passing' ? '1' : ''
      const params = { ...place, passing, tag: query.tag, near: query.near }
      return (await get(`/health/${query.connect ? 'connect' : 'service'}/${query.name}`, params)) ?? []
    }
    case 'services':
      return (await get('/catalog/services', place)) ?? {}
    case 'nodes':
      return (await get('/catalog/nodes', { ...place, near: query.near })) ?? []
    case 'node': {
      const own = query.name === '' ? await get<{ Config: { NodeName: string } }>('/agent/self') : null
      const path = `/catalog/node-services/${own?.Config.NodeName ?? query.name}`
      const found = await get<NonNullable<Answers['node']>>(path, place)
      return found?.Node ? found : null // of a node that it does not know Consul says that both are null
    }
    case 'key':
      return (await get<readonly Answer[]>(`/kv/${query.key}`, place))?.[0] ?? null
    case 'pairs':
      return (await get(`/kv/${query.prefix}`, { ...place, recurse: 'true' })) ?? []
    case 'datacenters':
      return (await get('/catalog/datacenters')) ?? []
    case 'partitions':
    case 'peerings':
      return (await get(`/${query.kind}`)) ?? []
    case 'exportedServices':
      return (await get('/exported-services')) ?? []
    case 'importedServices':
      return (await get('/imported-services')) ?? []
    case 'caRoots':
      return (await get<{ Roots: Answer }>('/agent/connect/ca/roots'))?.Roots ?? []
    case 'caLeaf':
      return await get(`/agent/connect/ca/leaf/${query.service}`)
    case 'file':
      return readFileSync(join(folder, query.path), 'utf8')
  }
}
