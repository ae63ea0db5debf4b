import type {
  ListedService,
  Selection,
  Site,
  Unavailable,
  VisibleInstance,
  VisibleService,
} from '../model/selection.ts'
import type { Seen } from './seen.ts'

/** For languages, not for templates, which cannot name a symbol: where the parts of a view come from. */
export const origin: unique symbol = Symbol('origin')

export interface Origin {
  /** The service a site, a server, an instance or an unavailable service belongs to. */
  serviceOf(part: object): string | undefined
  /** Texts of the catalog with characters that are syntax somewhere in nginx → the services that have them. */
  readonly texts: ReadonlyMap<string, readonly string[]>
}

/** What a template may see. The same for every template language. */
export interface View {
  readonly [origin]: Origin
  readonly sites: readonly Site[]
  readonly unavailable: readonly Unavailable[]
  readonly services: readonly VisibleService[]
  /** All that is registered, for `services` and `service` of consul-template. */
  readonly listed: readonly ListedService[]
  /** Instances of a service by its exact name; none when nobody registered it. */
  service(name: string): readonly VisibleInstance[]
  readonly known: boolean // false before any source has spoken: then nothing is known, which is not "nothing there"
  readonly domain: string // '' when no -domain was given
  readonly listen: string // what stands behind nginx's `listen`
  readonly nginx: NginxView
  readonly env: Readonly<Record<string, string>>
  /** Is the text not for nginx, or does an operator trust everybody who registers? Then what others say is shown as it is. */
  readonly trustsCatalog: boolean
}

export interface NginxView {
  readonly version: string // '1.22.1'; '' where the template is not for nginx
  /** May we emit `default_server`, or does another file of the tree have it already? */
  readonly ownsDefaultServer: boolean
  /** Is all of the configuration what upstreamd ships? Then what is the same for all services may stand outside their blocks. */
  readonly isShipped: boolean
  /** Does this nginx know `keepalive_min_timeout` (1.27.4 and later)? */
  readonly hasKeepaliveMinTimeout: boolean
  /** Is nginx's master root? Its workers then are somebody else, who cannot enter our state folder. */
  readonly isRoot: boolean
  readonly serverNamesHash: { readonly bucketSize: number; readonly maxSize: number }
}

/** What stays the same from one render to the next. */
export interface Surroundings {
  readonly domain: string
  readonly listen: string
  readonly nginx: Omit<NginxView, 'serverNamesHash'>
  readonly env: Readonly<Record<string, string>>
  readonly trustsCatalog: boolean
}

export function viewOf({ selection, services, listed }: Seen, around: Surroundings, known = true): View {
  const parts = new Parts()
  let all: readonly VisibleService[] | undefined
  const visible = () => {
    all ??= parts.add(
      services,
      service => service.name,
      service => service.instances,
    )
    return all
  }
  return {
    [origin]: parts,
    sites: parts.add(
      selection.sites,
      site => site.service,
      site => site.upstream.servers,
    ),
    unavailable: parts.add(
      selection.unavailable,
      ({ service }) => service,
      () => [],
    ),
    get services() {
      return visible()
    },
    listed,
    service: name => visible().find(service => service.name === String(name))?.instances ?? [],
    known,
    domain: around.domain,
    listen: around.listen,
    nginx: { ...around.nginx, serverNamesHash: hashFor(selection) },
    env: around.env,
    trustsCatalog: around.trustsCatalog,
  }
}

/** The service of every part that was ever shown: it is the same part from view to view, as long as nothing changes. */
const owners = new WeakMap<object, string>()
/** The texts of a part that may be syntax. */
const risky = new WeakMap<object, readonly string[]>()

class Parts implements Origin {
  readonly texts = new Map<string, string[]>()

  serviceOf(part: object): string | undefined {
    return owners.get(part)
  }

  add<T extends object>(
    parts: readonly T[],
    nameOf: (part: T) => string,
    serversOf: (part: T) => readonly FreeTexts[],
  ): readonly T[] {
    for (const part of parts) {
      const service = nameOf(part)
      for (const text of risky.get(part) ?? learn(part, service, serversOf(part))) {
        const services = this.texts.get(text) ?? []
        if (!services.includes(service)) this.texts.set(text, [...services, service])
      }
    }
    return Object.freeze(parts)
  }
}

function learn(part: object, service: string, servers: readonly FreeTexts[]): readonly string[] {
  for (const one of [part, ...servers]) {
    owners.set(one, service)
    for (const inner of Object.values(one)) if (typeof inner === 'object' && inner !== null) owners.set(inner, service)
  }
  const texts = servers.flatMap(({ id, node, tags, meta }) => [
    id,
    node,
    ...tags,
    ...Object.keys(meta),
    ...Object.values(meta),
  ])
  const found = [...new Set(texts.filter(mayBeSyntax))]
  risky.set(frozen(part), found)
  return found
}

/** What has no shape that it could be checked by; everything else of a server is printed again by us. */
type FreeTexts = Pick<VisibleInstance, 'id' | 'node' | 'tags' | 'meta'>

/** Is there a character in it that nginx reads as syntax in some place, or that is no character to print? */
export function mayBeSyntax(text: string): boolean {
  return /[\s\p{C};{}"'\\$#]/u.test(text)
}

/** A template may call `sort` or `reverse`; it must not turn around what the next one sees. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const part of Object.values(value)) frozen(part)
  return value
}

/** A bucket holds its size − 18 characters of name (measured); twice as many places as names keep buckets short. */
function hashFor(selection: Selection): NginxView['serverNamesHash'] {
  const names = [...selection.sites, ...selection.unavailable].flatMap(({ serverNames }) => serverNames)
  const longest = names.reduce((length, name) => Math.max(length, name.length), 0)
  return { bucketSize: powerOfTwo(Math.max(64, longest + 18)), maxSize: powerOfTwo(Math.max(512, names.length * 2)) }
}

function powerOfTwo(least: number): number {
  return 2 ** Math.ceil(Math.log2(least))
}
