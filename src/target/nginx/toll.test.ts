import { describe, expect, it } from 'vitest'
import { createToll } from './toll.ts'

describe('workers that died', () => {
  it('count for a minute', () => {
    const toll = createToll()
    toll.add(2, 1_000)
    toll.add(1, 50_000)

    expect(toll.within(50_000)).toBe(3)
    expect(toll.within(61_001)).toBe(1)
    expect(toll.within(110_001)).toBe(0)
  })

  it('none is nothing to remember', () => {
    const toll = createToll()
    toll.add(0, 1_000)

    expect(toll.first(1_000)).toBeUndefined()
  })

  it('say when it began, and how many came after something', () => {
    const toll = createToll()
    toll.add(2, 1_000)
    toll.add(1, 2_000)

    expect(toll.first(3_000)).toBe(1_000)
    expect(toll.since(1_500)).toBe(1)
  })
})
