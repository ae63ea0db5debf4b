import type { Selection, Site, Unavailable, VisibleInstance, VisibleService } from '../model/selection.ts'

/** What a template may see. The same for every template language. */
export interface View {
  readonly sites: readonly Site[]
  readonly unavailable: readonly Unavailable[]
  readonly services: readonly VisibleService[]
  /** Instances of a service by its exact name; none when nobody registered it. */
  service(name: string): readonly VisibleInstance[]
  readonly domain: string // '' when no -domain was given
  readonly listen: string // what stands behind nginx's `listen`
  readonly nginx: NginxView
  readonly env: Readonly<Record<string, string>>
}

export interface NginxView {
  readonly version: string // '1.22.1'; '' where the template is not for nginx
  /** May we emit `default_server`, or does another file of the tree have it already? */
  readonly ownsDefaultServer: boolean
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
}

export function viewOf(selection: Selection, services: () => readonly VisibleService[], around: Surroundings): View {
  let known: readonly VisibleService[] | undefined
  const visible = () => {
    known ??= frozen(services())
    return known
  }
  return {
    sites: frozen(selection.sites),
    unavailable: frozen(selection.unavailable),
    get services() {
      return visible()
    },
    service: name => visible().find(service => service.name === name)?.instances ?? [],
    domain: around.domain,
    listen: around.listen,
    nginx: { ...around.nginx, serverNamesHash: hashFor(selection) },
    env: around.env,
  }
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
