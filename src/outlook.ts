import type { Chooser, Wanted } from './chooser.ts'
import type { Demand } from './demand.ts'
import type { ListedService, Selection, VisibleService } from './model/selection.ts'
import { needsRows, needsServices, type Output } from './render/render.ts'
import type { Seen } from './render/seen.ts'

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
