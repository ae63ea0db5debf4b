import {
  type Answer,
  type Answers,
  type HealthRow,
  type Known,
  type Query,
  queryId,
  type ServiceQuery,
} from '../model/query.ts'
import type { ListedService } from '../model/selection.ts'
import { checkedAnswer } from '../select/listed.ts'
import type { Asking } from './language.ts'
import type { View } from './view.ts'

/** Asking, with a memory of what one template asked for while it ran. */
export interface Recorder extends Asking {
  /** What has to be known beyond the services, by `queryId`. */
  readonly wanted: ReadonlyMap<string, Query>
  /** Those without an answer. */
  readonly missing: ReadonlyMap<string, Query>
  /** Those whose answer is not enough. */
  readonly held: ReadonlyMap<string, Query>
}

/** The services here are those of the view, and nobody is asked for them; anything else is in `known`, or missing. */
export function record(
  { listed, known: isKnown, trustsCatalog }: Pick<View, 'listed' | 'known' | 'trustsCatalog'>,
  known: Known,
): Recorder {
  const wanted = new Map<string, Query>()
  const missing = new Map<string, Query>()
  const held = new Map<string, Query>()

  function ask(query: Query): Answer | undefined {
    const here = isKnown ? answerHere(query, listed) : undefined
    if (here !== undefined) return here
    const id = queryId(query)
    wanted.set(id, query)
    const answer = known.get(id)
    if (answer === undefined) missing.set(id, query)
    return answer === undefined || trustsCatalog ? answer : checkedAnswer(query.kind, answer)
  }

  return {
    wanted,
    missing,
    held,
    ask: ask as Asking['ask'],
    hold(query) {
      held.set(queryId(query), query)
    },
  }
}

/** What is asked of the very catalog that is known anyway. */
function answerHere(query: Query, listed: readonly ListedService[]): Answer | undefined {
  if (query.kind !== 'services' && query.kind !== 'service') return undefined
  const { datacenter, namespace, partition } = query
  if (datacenter + namespace + partition !== '') return undefined
  if (query.kind === 'services') return namesIn(listed)
  const isElsewhere = query.connect || query.near + query.peer + query.samenessGroup !== ''
  return isElsewhere ? undefined : rowsFor(query, listed)
}

const tables = new WeakMap<readonly ListedService[], Answers['services']>()

function namesIn(listed: readonly ListedService[]): Answers['services'] {
  const before = tables.get(listed)
  if (before !== undefined) return before
  const table = Object.fromEntries(listed.flatMap(({ name, tags, isNamed }) => (isNamed ? [[name, tags]] : [])))
  tables.set(listed, table)
  return table
}

const indexes = new WeakMap<readonly ListedService[], Map<string, ListedService>>()
const found = new WeakMap<ListedService, Map<string, readonly HealthRow[]>>()
const nobody: readonly HealthRow[] = []

function rowsFor(query: ServiceQuery, listed: readonly ListedService[]): readonly HealthRow[] {
  const { name, tag, filters } = query
  const byName = indexes.get(listed) ?? indexOf(listed)
  indexes.set(listed, byName)
  // consul-template reads what stands before a dot as a tag; here a name may hold dots.
  const whole = tag === '' ? undefined : byName.get(`${tag}.${name}`)
  const service = whole ?? byName.get(name) ?? byName.get(name.toLowerCase())
  if (service === undefined) return nobody
  const known = found.get(service) ?? new Map<string, readonly HealthRow[]>()
  found.set(service, known)
  const key = `${whole === undefined ? tag : ''}|${filters.join(',')}`
  let rows = known.get(key)
  if (rows === undefined) {
    rows = service.rows.filter(row => (whole !== undefined || hasTag(row, tag)) && passes(row, filters))
    known.set(key, rows)
  }
  return rows
}

/** Consul finds a service in whatever case it is asked for, and so do we, if nobody has that very name. */
function indexOf(listed: readonly ListedService[]): Map<string, ListedService> {
  const folded = listed.map(service => [service.name.toLowerCase(), service] as const)
  return new Map([...folded, ...listed.map(service => [service.name, service] as const)])
}

/** Consul compares tags without case (state store, 1.8.7). */
function hasTag({ Service }: HealthRow, tag: string): boolean {
  const tags = (Service.Tags ?? []) as readonly string[]
  return tag === '' || tags.some(one => one.toLowerCase() === tag.toLowerCase())
}

/** What Consul leaves out itself; the other filters are of the one who asks. */
function passes({ Checks }: HealthRow, filters: readonly string[]): boolean {
  return filters.join() !== 'passing' || Checks.every(({ Status }) => Status === 'passing')
}
