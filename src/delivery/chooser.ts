import { isDeepStrictEqual } from 'node:util'
import { keepLast } from '../keep-last.ts'
import type { Catalog } from '../model/catalog.ts'
import { countOf, type ListedService, type Selection, type VisibleService } from '../model/selection.ts'
import type { Runtime } from '../runtime.ts'
import { type Guarded, type GuardPolicy, guard, keepUnavailable } from '../select/guard.ts'
import { listChecked, listServices } from '../select/listed.ts'
import { withoutRefused } from '../select/refusals.ts'
import type { LastingRules, SelectionRules } from '../select/rules.ts'
import { select, visibleServices } from '../select/select.ts'
import { announce, announceHolds } from './announce.ts'

export interface Wanted {
  readonly catalog: Catalog
  readonly resolved: SelectionRules['resolved']
  readonly live: Selection | undefined // what the target confirmed
  /** Does this endpoint stand in the text that is live? */
  readonly isPrinted?: (endpoint: string) => boolean
  readonly namesHosts: boolean // does a template look at host names?
  readonly answersForUnavailable: boolean // does a template say what a service without servers answers?
}

/** From a catalog to what is to be proxied: select, then guard, remembering what is held and what was said. */
export interface Chooser {
  /** Every service as a template may see it, whether or not it is to be proxied. */
  visible(wanted: Wanted): readonly VisibleService[]
  /** The same with everything that is known of them; what is selected, as it is in this selection. */
  listed(wanted: Wanted, selection: Selection): readonly ListedService[]
  /** What would be chosen now; says nothing and changes nothing. */
  look(wanted: Wanted, now: number): Selection
  /** The choice, with an event for everything that is new about it. Returns the ms after which to choose again, if any. */
  choose(wanted: Wanted, runtime: Runtime): { readonly selection: Selection; readonly chooseIn: number | undefined }
  /** Whatever is lost now is meant, because the rules are others. Until `settled`. */
  trust(): void
  /** An operator believes what is held; without a hold there is nothing to believe. */
  approve(): void
  /** The last choice is live. */
  settled(): void
}

interface Manner {
  /** Of several deliveries only one tells of the selection, which is the same for all. */
  readonly isSpeaker: boolean
  /** Are services listed as they are registered, unchecked? */
  readonly trustsCatalog: boolean
}

export function createChooser(rules: LastingRules, policy: GuardPolicy, { isSpeaker, trustsCatalog }: Manner): Chooser {
  let announced: Selection | undefined
  let held: Guarded['held'] = []
  let isTrusted = false
  let wasTrusted = false // when the last choice was made

  /** The same object as long as they say the same: what was made by them is known by it. */
  const rulesWith = keepLast(
    (now: Pick<SelectionRules, 'resolved' | 'namesHosts' | 'refusals'>): SelectionRules => ({ ...rules, ...now }),
    isDeepStrictEqual,
  )
  const rulesFor = ({ resolved, namesHosts }: Wanted) => rulesWith({ resolved, namesHosts, refusals: rules.refusals }) // a machine's addresses come and go
  const visible = keepLast(visibleServices)
  const listed = keepLast(listChecked)
  const registered = keepLast(listServices)
  const selectFrom = keepLast(
    (catalog: Catalog, known: SelectionRules, live: Selection | undefined, answersForUnavailable: boolean) => {
      const selected = select(catalog, known, live)
      const before = live && withoutRefused(live, known.refusals)
      const isKept = rules.onEmpty === 'keep' || !answersForUnavailable
      return { before, next: isKept ? keepUnavailable(before, selected) : selected }
    },
  )

  function decide(wanted: Wanted, now: number) {
    const { catalog, live, answersForUnavailable } = wanted
    const { before, next } = selectFrom(catalog, rulesFor(wanted), live, answersForUnavailable)
    if (isTrusted) return { selection: next, held: [], isEndless: false }
    return guard(before, next, policy, held, now, wanted.isPrinted)
  }

  function say(next: ReturnType<typeof decide>, live: Selection | undefined, { emit }: Runtime): void {
    const total = live === undefined ? 0 : countOf(live)
    const until = next.isEndless ? 'approved' : policy.holdFor
    for (const event of announce(announced, next.selection)) emit(event)
    for (const event of announceHolds(held, next.held, total, until)) emit(event)
    announced = next.selection
  }

  return {
    visible: wanted => visible(wanted.catalog, rulesFor(wanted)),
    listed: (wanted, selection) =>
      trustsCatalog ? registered(wanted.catalog) : listed(wanted.catalog, rulesFor(wanted), selection),
    look: (wanted, now) => decide(wanted, now).selection,
    choose(wanted, runtime) {
      const now = runtime.clock.now()
      const next = decide(wanted, now)
      if (isSpeaker) say(next, wanted.live, runtime)
      held = next.held
      wasTrusted = isTrusted
      // What is held longer than that is held without an end.
      const ends = held.map(({ since }) => since + policy.holdFor - now).filter(ms => ms > 0)
      return { selection: next.selection, chooseIn: ends.length === 0 ? undefined : Math.max(...ends) + 1 }
    },
    trust() {
      isTrusted = true
    },
    approve() {
      isTrusted ||= held.length > 0
    },
    settled() {
      // An approval that came while the choice was applied is for the next one.
      if (wasTrusted) isTrusted = false
    },
  }
}
