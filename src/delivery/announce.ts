import { type Rejection, type Selection, serversOf, sizeOf } from '../model/selection.ts'
import type { Event } from '../observe/event.ts'
import type { Hold } from '../select/guard.ts'

/** What there is to say about a new selection, compared with the one before. A quiet system says nothing. */
export function announce(before: Selection | undefined, next: Selection): Event[] {
  const events: Event[] = []
  const isOther =
    before === undefined ||
    serversOf(before, next).join('\n') !== serversOf(next, before).join('\n') ||
    before.rejections.length !== next.rejections.length
  if (isOther) events.push({ type: 'selection.changed', ...sizeOf(next), rejected: next.rejections.length })
  for (const rejection of missingFrom(before?.rejections ?? [], next.rejections))
    events.push({ type: 'selection.rejected', rejection })
  for (const rejection of missingFrom(next.rejections, before?.rejections ?? []))
    events.push({ type: 'selection.accepted', rejection })
  return events
}

/** Holds that began, and holds that ended. */
export function announceHolds(
  before: readonly Hold[],
  next: readonly Hold[],
  of: number,
  until: 'approved' | number,
): Event[] {
  const names = (holds: readonly Hold[]) => holds.map(({ service }) => service)
  const began = names(next).filter(service => !names(before).includes(service))
  const ended = names(before).filter(service => !names(next).includes(service))
  const servers = next.reduce((sum, hold) => sum + hold.servers, 0)
  return [
    ...(began.length > 0 ? [{ type: 'selection.held', services: names(next), servers, of, until } as const] : []),
    ...(ended.length > 0 ? [{ type: 'selection.released', services: ended } as const] : []),
  ]
}

/** Upstream servers that came and went, for the line that says a generation is live. */
export function difference(before: Selection | undefined, next: Selection): { added: string[]; removed: string[] } {
  const old = new Set(before === undefined ? [] : serversOf(before, next))
  const now = new Set(serversOf(next, before))
  return { added: [...now].filter(server => !old.has(server)), removed: [...old].filter(server => !now.has(server)) }
}

function missingFrom(list: readonly Rejection[], wanted: readonly Rejection[]): Rejection[] {
  const known = new Set(list.map(keyOf))
  return wanted.filter(rejection => !known.has(keyOf(rejection)))
}

function keyOf({ service, instance, reason, detail }: Rejection): string {
  return JSON.stringify([service, instance, reason, detail])
}
