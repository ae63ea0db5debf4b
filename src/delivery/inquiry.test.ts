import { expect, it } from 'vitest'
import { aSeen, aSelection, someSurroundings } from '../../test/support/builders.ts'
import { type Answer, type Lookups, type Query, queryId } from '../model/query.ts'
import type { Event } from '../observe/event.ts'
import { goLanguage } from '../render/gotmpl/index.ts'
import { createDemands } from './demand.ts'
import { createDrawing } from './drawing.ts'
import { createInquiry } from './inquiry.ts'

it('a template that fails on the answer it waited for waits no more', () => {
  const known = new Map<string, Answer>()
  const { inquiry, complete, events } = asked('{{ parseInt (key "a") }}', known)
  known.set('kv.block(a)', null)
  complete()
  expect(inquiry.missing()).toEqual(['out waits for kv.block(a), which does not exist'])

  known.set('kv.block(a)', { Key: 'a', Value: Buffer.from('x').toString('base64') })
  complete()

  expect(inquiry.missing()).toEqual([])
  expect(events.map(({ type }) => type)).toEqual(['template.waiting', 'template.answered'])
})

/** One Go template, and what is known of what it asks for. */
function asked(text: string, known: ReadonlyMap<string, Answer>) {
  const events: Event[] = []
  const answer = (query: Query) => known.get(queryId(query))
  const lookups: Lookups = { want: () => {}, answer: answer as Lookups['answer'] }
  const live = () => undefined
  const drawing = createDrawing(
    () => someSurroundings({}),
    live,
    () => 0,
  )
  const inquiry = createInquiry(drawing, createDemands(lookups)(), () => 0)
  const outputs = [{ template: goLanguage.compile({ path: 'a.ctmpl', text }), destination: 'out' }]
  const seen = aSeen(aSelection([]))
  const runtime = { emit: (event: Event) => events.push(event), again: () => {} }
  return { inquiry, events, complete: () => inquiry.complete(seen, outputs, runtime) }
}
