import { lookup } from 'node:dns/promises'
import { compare } from './model/catalog.ts'
import { canonicalIp } from './select/address.ts'

/** An answer is believed for a minute, silence for ten seconds. */
const FRESH_MS = 60_000
const SILENT_MS = 10_000
/** How long a name may keep everybody waiting. */
const PATIENCE_MS = 1_000

export type Resolved = ReadonlyMap<string, readonly string[]>

/** Host names that stand for addresses → IP addresses, also those that `select` refuses. nginx would look them up at every reload; so do we. */
export interface Resolver {
  /** Never throws: a name that nobody answers for within a second has no addresses. */
  resolve(names: ReadonlySet<string>): Promise<Resolved>
}

export function createResolver(now: () => number): Resolver {
  const cache = new Map<string, { readonly addresses: readonly string[]; readonly until: number }>()

  async function one(name: string): Promise<readonly string[]> {
    const known = cache.get(name)
    if (known !== undefined && now() < known.until) return known.addresses

    const found = await Promise.race([look(name), silence()])
    // A resolver that is away must not take servers down: what was known goes on.
    const addresses = found.length > 0 || known === undefined ? found : known.addresses
    cache.set(name, { addresses, until: now() + (found.length > 0 ? FRESH_MS : SILENT_MS) })
    return addresses
  }

  return {
    async resolve(names) {
      for (const name of cache.keys()) if (!names.has(name)) cache.delete(name)
      const found = await Promise.all([...names].map(async name => [name, await one(name)] as const))
      return new Map(found)
    },
  }
}

async function look(name: string): Promise<readonly string[]> {
  try {
    const found = await lookup(name, { all: true })
    return [...new Set(found.flatMap(({ address }) => canonicalIp(address) ?? []))].sort(compare)
  } catch {
    return [] // nobody answers for it: the selection says so, by name
  }
}

function silence(): Promise<readonly string[]> {
  return new Promise(resolve => setTimeout(resolve, PATIENCE_MS, []).unref())
}
