import type { Catalog } from '../model/catalog.ts'
import { type Generation, isPrintedIn } from '../model/generation.ts'
import type { ListedService, Selection, VisibleService } from '../model/selection.ts'
import { namesHosts, needsRows, needsServices, type Output } from '../render/render.ts'
import type { Seen } from '../render/seen.ts'
import type { Chooser, Wanted } from './chooser.ts'
import type { Demand } from './demand.ts'
import type { Out } from './quarantine.ts'

/** What is to be selected. Who is out, and nothing of him is live, is out of everything: he keeps no host name from others. */
export function wantedOf(
  catalog: Catalog,
  resolved: Wanted['resolved'],
  outputs: readonly Output[],
  { live, out }: { readonly live: Generation | undefined; readonly out: Out },
): Wanted {
  const isLive = new Set(live?.selection.sites.map(({ service }) => service))
  const isIn = ({ name }: { readonly name: string }) => !out.has(name) || isLive.has(name)
  return {
    catalog: catalog.services.every(isIn) ? catalog : { ...catalog, services: catalog.services.filter(isIn) },
    resolved,
    live: live?.selection,
    isPrinted: endpoint => live !== undefined && isPrintedIn(live, endpoint),
    answersForUnavailable: outputs.some(({ template }) => template.uses('unavailable')),
    namesHosts: namesHosts(outputs),
  }
}

/** What these outputs see of a selection: what none of them looks at is not made. */
export function outlook(
  selection: Selection,
  wanted: Wanted,
  outputs: readonly Output[],
  { chooser, demand }: { readonly chooser: Chooser; readonly demand: Demand },
): Seen {
  return {
    selection,
    services: needsServices(outputs) ? chooser.visible(wanted) : nobody,
    listed: needsRows(outputs) ? chooser.listed(wanted, selection) : unlisted,
    known: demand.known(),
  }
}

const nobody: readonly VisibleService[] = []
const unlisted: readonly ListedService[] = []

/** Before anything is known. */
export const nothingSeen: Seen = {
  selection: { sites: [], unavailable: [], rejections: [] },
  services: nobody,
  listed: unlisted,
  known: new Map(),
}
