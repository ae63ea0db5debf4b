import { compare } from '../model/catalog.ts'
import type { Known } from '../model/query.ts'
import type { ListedService, Selection, Site, Unavailable, VisibleService } from '../model/selection.ts'
import { listedSite } from '../select/listed.ts'

/** What templates see of one service. */
export interface Parts {
  readonly site: Site | undefined
  readonly unavailable: Unavailable | undefined
  readonly visible: VisibleService | undefined
  readonly listed: ListedService | undefined
}

/** What templates see of all services, so that it can be taken apart by service. */
export interface Seen {
  readonly selection: Selection
  /** Empty where no template looks at `services`. */
  readonly services: readonly VisibleService[]
  /** Empty where no template asks for services by `service`. */
  readonly listed: readonly ListedService[]
  /** Of what templates asked for beyond the services. */
  readonly known: Known
}

export function byService({ selection, services, listed }: Seen): Map<string, Parts> {
  const parts = new Map<string, Parts>()
  const add = (service: string, part: Partial<Parts>) =>
    parts.set(service, {
      site: undefined,
      unavailable: undefined,
      visible: undefined,
      listed: undefined,
      ...parts.get(service),
      ...part,
    })
  for (const site of selection.sites) add(site.service, { site })
  for (const unavailable of selection.unavailable) add(unavailable.service, { unavailable })
  for (const visible of services) add(visible.name, { visible })
  for (const one of listed) add(one.name, { listed: one })
  return parts
}

/** Would templates print the same for it? Compared as text: what was read back from the disk has other prototypes. */
export function isSame(a: Parts | undefined, b: Parts | undefined): boolean {
  const areSame = a?.site === b?.site && a?.unavailable === b?.unavailable && a?.visible === b?.visible
  return (areSame && a?.listed === b?.listed) || JSON.stringify(a) === JSON.stringify(b)
}

/** The same with only those services whose name passes, and with sites in the place of what was taken out. */
export function filtered(seen: Seen, passes: (service: string) => boolean, instead: readonly Site[] = []): Seen {
  const { sites, unavailable, rejections } = seen.selection
  const rest = sites.filter(({ service }) => passes(service))
  return {
    selection: {
      sites: instead.length === 0 ? rest : [...rest, ...instead].sort((a, b) => compare(a.service, b.service)),
      unavailable: unavailable.filter(({ service }) => passes(service)),
      rejections,
    },
    services: seen.services.filter(({ name }) => passes(name)),
    listed: listedWith(seen, passes, instead),
    known: seen.known,
  }
}

function listedWith({ listed }: Seen, passes: (service: string) => boolean, instead: readonly Site[]): ListedService[] {
  const rest = listed.filter(({ name }) => passes(name))
  if (listed.length === 0 || instead.length === 0) return rest
  return [...rest, ...instead.map(listedSite)].sort((a, b) => compare(a.name, b.name))
}
