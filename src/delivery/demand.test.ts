import { describe, expect, it } from 'vitest'
import { answersInstead } from './demand.ts'

const now = new Map([
  ['kv.get(a)', 'refused'],
  ['kv.get(b)', 'of a newcomer'],
])

describe('what stands in for answers that are refused', () => {
  it('is what was accepted, and what nobody asked for then', () => {
    expect(answersInstead(now, new Map([['kv.get(a)', 'accepted']]))).toEqual(
      new Map([
        ['kv.get(a)', 'accepted'],
        ['kv.get(b)', 'of a newcomer'],
      ]),
    )
  })

  it('is nothing when all that was accepted is what is known now', () => {
    expect(answersInstead(now, new Map([['kv.get(a)', 'refused']]))).toBeUndefined()
    expect(answersInstead(new Map(), new Map())).toBeUndefined()
  })

  it('is no answer at all after a restart', () => {
    expect(answersInstead(now, new Map())).toEqual(new Map())
  })
})
