import { isDeepStrictEqual } from 'node:util'
import { type Catalog, compare, type Service, type Snapshot } from './model/catalog.ts'

/** Seam: latest snapshot per source → one catalog. */
export interface CatalogStore {
  /** False when nothing but the index moved. */
  put(snapshot: Snapshot): boolean
  /** Undefined until every source has spoken once. */
  current(): Catalog | undefined
  /** What is known is not what is asked for any more: every source has to speak again. */
  forget(): void
}

export function createCatalogStore(required: readonly string[]): CatalogStore {
  const latest = new Map<string, Snapshot>()
  let merged: Catalog | undefined
  let took: Snapshot['took']

  return {
    put(snapshot) {
      const before = latest.get(snapshot.source)
      latest.set(snapshot.source, snapshot)
      if (before !== undefined && isDeepStrictEqual(before.services, snapshot.services)) return false
      merged = undefined
      took = snapshot.took
      return true
    },
    forget() {
      latest.clear()
      merged = undefined
    },
    current() {
      if (!required.every(source => latest.has(source))) return undefined
      merged ??= { ...merge(required.flatMap(source => latest.get(source) ?? [])), ...(took && { took }) }
      return merged
    },
  }
}

/**
 * The same name from two sources never merges silently: the first source keeps it, in the order they were
 * given; for the others the source's own name is added (`web` of file:/etc/lab.yaml becomes `web.lab`).
 */
function merge(snapshots: readonly Snapshot[]): Catalog {
  const byName = new Map<string, Service>()
  for (const service of snapshots.flatMap(snapshot => snapshot.services)) {
    let name = service.name
    while (byName.has(name)) name = `${name}.${labelOf(service.source)}`
    byName.set(name, name === service.name ? service : { ...service, name })
  }
  return {
    services: [...byName.values()].sort((a, b) => compare(a.name, b.name)),
    indexes: Object.fromEntries(snapshots.map(({ source, index }) => [source, index])),
  }
}

/** `consul` → `consul`, `file:/etc/lab.yaml` → `lab`. */
function labelOf(source: string): string {
  return source.replace(/^.*[:/]/, '').replace(/\.\w+$/, '')
}
