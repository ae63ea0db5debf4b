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

it('what a template waits for is told at once, and when it is something else all the time, now and then', () => {
  let clock = 0
  const known = new Map<string, Answer>(['x', '0', '1', '2'].map(key => [`kv.block(${key})`, null]))
  const { complete, events, asksAgain } = asked('{{ key (key "x") }}', known, () => clock)
  const become = (value: string) => known.set('kv.block(x)', { Key: 'x', Value: Buffer.from(value).toString('base64') })
  for (const value of ['0', '1', '2']) {
    become(value)
    complete()
  }
  expect(events).toHaveLength(1)
  expect(asksAgain()).toBe(5_001)

  clock = 5_001
  complete()
  expect(events.map(event => event.type === 'template.waiting' && event.for[0])).toEqual([
    'kv.block(0), which does not exist',
    'kv.block(2), which does not exist',
  ])
})

/** One Go template, and what is known of what it asks for. */
function asked(text: string, known: ReadonlyMap<string, Answer>, now = () => 0) {
  const again: number[] = []
  const events: Event[] = []
  const answer = (query: Query) => known.get(queryId(query))
  const lookups: Lookups = { want: () => {}, answer: answer as Lookups['answer'] }
  const live = () => undefined
  const drawing = createDrawing(
    () => someSurroundings({}),
    live,
    () => 0,
  )
  const inquiry = createInquiry(drawing, createDemands(lookups)(), now)
  const outputs = [{ template: goLanguage.compile({ path: 'a.ctmpl', text }), destination: 'out' }]
  const seen = aSeen(aSelection([]))
  const runtime = { emit: (event: Event) => events.push(event), again: (ms: number) => again.push(ms) }
  return { inquiry, events, asksAgain: () => again.at(-1), complete: () => inquiry.complete(seen, outputs, runtime) }
}
