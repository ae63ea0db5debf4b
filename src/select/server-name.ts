import { compare, type Instance } from '../model/catalog.ts'
import { quote } from '../model/quote.ts'
import { isHostName } from './address.ts'
import type { ServerNameRule } from './rules.ts'

/** `nginx-test` in `flyclock.cn`: `nginx.test.flyclock.cn` (dotted) or `nginx-test.flyclock.cn` (flat). */
export function serverNameOf(service: string, rule: ServerNameRule): string {
  const name = rule.form === 'dotted' ? service.replaceAll('-', '.') : service
  return (rule.domain === undefined ? name : `${name}.${rule.domain}`).toLowerCase()
}

/** The names a service asks for: what its instances say in meta `server_name`, else the one made from its own. */
export function wantedNames(service: string, instances: readonly Instance[], rule: ServerNameRule): string[] {
  const stated = instances.flatMap(instance => (instance.meta.server_name ?? '').split(/[\s,]+/)).filter(Boolean)
  if (stated.length === 0) return [serverNameOf(service, rule)]

  return [...new Set(stated.map(name => name.toLowerCase()))].sort(compare)
}

/** Why nginx or DNS could not serve this name; undefined when they can. */
export function problemOf(name: string, rule: ServerNameRule): string | undefined {
  if (!isHostName(name)) return `${quote(name)} is not a host name`
  if (name.length > rule.longest) {
    return `${quote(name)} has ${name.length} characters; nginx's server_names_hash_bucket_size holds ${rule.longest}`
  }
  return undefined
}

export interface Claim {
  readonly service: string
  readonly name: string
  readonly createIndex: bigint
}

/**
 * Who gets which name: whoever holds it live keeps it while it still claims it, else the oldest
 * registration, else name order. The same claims give the same answer in whatever order they come.
 */
export function settle(claims: readonly Claim[], holders: ReadonlyMap<string, string>): Map<string, string> {
  const winners = new Map<string, Claim>()
  for (const claim of claims) {
    const rival = winners.get(claim.name)
    if (rival === undefined || beats(claim, rival, holders.get(claim.name))) winners.set(claim.name, claim)
  }
  return new Map([...winners].map(([name, claim]) => [name, claim.service]))
}

function beats(claim: Claim, rival: Claim, holder: string | undefined): boolean {
  if (claim.service === holder || rival.service === holder) return claim.service === holder
  if (claim.createIndex !== rival.createIndex) return claim.createIndex < rival.createIndex
  return compare(claim.service, rival.service) < 0
}
