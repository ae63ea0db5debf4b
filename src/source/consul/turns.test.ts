import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { type Pace, type Turn, Turns, turnLength } from './turns.ts'

const pace: Pace = { places: 2, long: 30_000, round: 3_000, least: 50 }
const { signal } = new AbortController()

it.each([
  { title: 'with a place for everybody it is long', members: 2, length: 30_000 },
  { title: 'with one too many everybody is to have had one soon', members: 3, length: 2_000 },
  { title: 'with many it is short', members: 60, length: 100 },
  { title: 'it is never so short that nobody gets anything done', members: 6_000, length: 50 },
])('a turn: $title', ({ members, length }) => {
  expect(turnLength(members, pace)).toBe(length)
})

describe('turns', () => {
  function aTable(members: number) {
    const turns = new Turns(pace)
    for (let member = 0; member < members; member += 1) turns.join()
    const begun: string[] = []
    const taking = (name: string, until = signal): Promise<Turn> =>
      turns.take(until).then(turn => {
        begun.push(name)
        return turn
      })
    return { turns, begun, taking }
  }

  it('come in the order of waiting, and never more at a time than there are places', async () => {
    const { begun, taking } = aTable(4)
    const first = await taking('a')
    await taking('b')
    taking('c')
    taking('d')
    await setImmediate()
    expect(begun).toEqual(['a', 'b'])

    first.end()
    first.end() // a second time it is nobody's place
    await setImmediate()

    expect(begun).toEqual(['a', 'b', 'c'])
  })

  it('are cut when they are long and somebody comes for whom there is no place', async () => {
    const { turns, taking } = aTable(2)
    const long = [await taking('a'), await taking('b')]
    expect(long.map(({ length }) => length)).toEqual([30_000, 30_000])

    turns.join()
    const third = taking('c')
    expect(long.map(({ cut }) => cut.aborted)).toEqual([true, true])

    long[0]?.end()
    expect(await third).toMatchObject({ length: 2_000, cut: { aborted: false } })
    taking('d')
    expect((await third).cut.aborted).toBe(false)
  })

  it('are not waited for by who has left', async () => {
    const { begun, taking } = aTable(4)
    const leaving = new AbortController()
    const first = await taking('a')
    await taking('b')
    const gone = taking('c', leaving.signal)
    taking('d')

    leaving.abort(new Error('enough'))
    await expect(gone).rejects.toThrow('enough')
    first.end()
    await setImmediate()

    expect(begun).toEqual(['a', 'b', 'd'])
    await expect(taking('e', leaving.signal)).rejects.toThrow('enough')
  })
})
