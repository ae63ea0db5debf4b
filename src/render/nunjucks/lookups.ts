import { compare, healthOf } from '../../model/catalog.ts'
import type { HealthRow, Row } from '../../model/query.ts'
import type { Asking } from '../language.ts'
import { keyQuery, nodeQuery, nodesQuery, pairsQuery, serviceQuery } from '../queries.ts'
import type { View } from '../view.ts'

/** An instance that was asked for, as `service` shows those that are known anyway. */
interface FoundInstance {
  readonly id: string
  readonly node: string
  readonly address: string
  readonly port: number
  readonly endpoint: string // `10.0.0.7:8080`, `[fd00::5]:80`
  readonly weight: number
  readonly tags: readonly string[]
  readonly meta: Readonly<Record<string, unknown>>
  readonly health: string
}

/**
 * As long as there is no answer they give what is empty: what is made of that is thrown away. `own` is told of the texts
 * that are the operator's: keys and files.
 */
export function lookups(view: View, asking: Asking, own: (text: string) => void): Readonly<Record<string, unknown>> {
  const mine = (text: string) => {
    own(text)
    return text
  }
  function value(path: unknown, blocks: boolean): string | undefined {
    const query = keyQuery(String(path), blocks)
    const row = asking.ask(query)
    if (row === null && blocks) asking.hold(query)
    return row ? mine(decoded(row)) : undefined
  }
  function pairs(prefix: unknown, isDeep: boolean) {
    const query = pairsQuery(String(prefix))
    return (asking.ask(query) ?? []).flatMap(row => {
      const path = String(row.Key)
      const key = path.slice(query.prefix.length).replace(/^\/+/, '')
      const isOne = key !== '' && !key.endsWith('/') && (isDeep || !key.includes('/'))
      return isOne ? [{ path, key, value: mine(decoded(row)) }] : []
    })
  }

  return {
    key: (path: unknown) => value(path, true) ?? '',
    keyExists: (path: unknown) => value(path, false) !== undefined,
    keyOrDefault: (path: unknown, otherwise: unknown) => value(path, false) || otherwise,
    ls: (prefix: unknown) => pairs(prefix, false),
    tree: (prefix: unknown) => pairs(prefix, true),
    nodes: (query: unknown = '') => (asking.ask(nodesQuery(String(query))) ?? []).map(nodeOf),
    node: (query: unknown = '') => {
      const found = asking.ask(nodeQuery(String(query)))
      return found ? { ...nodeOf(found.Node), services: found.Services.map(row => String(row.Service)) } : null
    },
    datacenters: () => [...(asking.ask({ kind: 'datacenters', ignoreFailing: false }) ?? [])],
    file: (path: unknown) => {
      const query = { kind: 'file', path: String(path) } as const
      const text = asking.ask(query)
      if (text === null) asking.hold(query)
      return mine(text ?? '')
    },
    service: (name: unknown) => {
      const text = String(name)
      const known = view.service(text)
      if (known.length > 0 || !/[|@~?]/.test(text)) return known
      const query = serviceQuery(text)
      return (asking.ask(query) ?? [])
        .map(instanceOf)
        .filter(({ health }) => query.filters.includes('any') || query.filters.includes(health))
        .sort((a, b) => (query.near === '' ? compare(a.id, b.id) : 0))
    },
  }
}

function decoded({ Value }: Row): string {
  return typeof Value === 'string' ? Buffer.from(Value, 'base64').toString() : ''
}

function nodeOf({ Node, Address, Datacenter, Meta }: Row) {
  return { name: Node, address: Address, datacenter: Datacenter ?? '', meta: Meta ?? {} }
}

function instanceOf({ Node, Service, Checks }: HealthRow): FoundInstance {
  const shown = String(Service.Address || Node.Address)
  const address = shown.replace(/^\[|\]$/g, '') // as it stands before a port
  const checks = Checks.map(({ CheckID, Status }) => ({ CheckID: String(CheckID), Status: String(Status) }))
  const weights = (Service.Weights ?? {}) as { readonly Passing?: number }
  const port = Number(Service.Port)
  return {
    id: `${Node.Node}/${Service.ID}`,
    node: String(Node.Node),
    address,
    port,
    endpoint: `${address.includes(':') ? `[${address}]` : address}:${port}`,
    weight: weights.Passing ?? 1,
    tags: [...((Service.Tags ?? []) as readonly string[])].sort(compare),
    meta: (Service.Meta ?? {}) as Record<string, unknown>,
    health: healthOf(checks),
  }
}
