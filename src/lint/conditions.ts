import { questions } from './data.ts'
import { holds, isSame, type Value } from './value.ts'

/** The list without what only changes its order. */
export function unsorted(list: Value): Value {
  if (list.kind !== 'call' || !/^(sort\w*|reverse|list|uniq(ue)?)$/.test(list.name)) return list
  const inner = list.args.find(({ kind }) => kind !== 'text')
  return inner === undefined ? list : unsorted(inner)
}

/** A list that has something in it, whatever the catalog says. */
export function isNeverEmpty(list: Value): boolean {
  // `sites` are the services that have a server; groups are made of what is in them.
  if (list.kind === 'field' && list.name === 'servers') return isSite(list.of)
  if (list.kind === 'item') return list.of.kind === 'call' && /^by(Tag|Key|Meta|Port)$/.test(list.of.name)
  return list.kind === 'call' && isAnyOf(list)
}

/** Who is in the list of services has an instance, if only a sick one. */
function isAnyOf({ name, args: [service, filter] }: Value & { kind: 'call' }): boolean {
  if (name !== 'service' || filter?.kind !== 'text' || filter.text !== 'any') return false
  return service?.kind === 'field' && service.of.kind === 'item' && isCall(service.of.of, 'services')
}

function isCall(value: Value, name: string): boolean {
  return value.kind === 'call' && value.name === name
}

function isSite(upstream: Value): boolean {
  if (upstream.kind !== 'field' || upstream.name !== 'upstream') return false
  const site = upstream.of
  return holds(site, part => part.kind === 'view' && part.name === 'sites')
}

/** Does a condition ask for it, or for what it is made of? What is unsure may be about anything. */
export function asksFor(condition: Value, list: Value): boolean {
  return holds(condition, part => part.kind === 'unsure' || isSame(part, list) || isCall(part, 'scratch'))
}

/** Conditions that only ask whether there is something. */
const asking = new Set(['and', 'or', 'not', 'ne', '!=', '!=='])

/** Does a condition look at the text of it: compare it, match it, measure it? */
export function looksAt(condition: Value, datum: Value): boolean {
  return holds(
    condition,
    part =>
      part.kind === 'unsure' ||
      isCall(part, 'scratch') ||
      (part.kind === 'call' &&
        !asking.has(part.name) &&
        !questions.has(part.name) &&
        part.args.some(arg => isSame(arg, datum))),
  )
}
