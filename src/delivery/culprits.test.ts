import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findCulprits, type Trial } from './culprits.ts'

const names = Array.from({ length: 100 }, (_, position) => `s${position}`)

/** Refuses whoever is bad, and pairs that do not go together; `names` says whom a refusal points at. */
function court(bad: readonly string[], accuse: (group: readonly string[]) => readonly string[], clash: string[] = []) {
  const trials: number[] = []
  return {
    trials,
    trial: async (group: readonly string[]): Promise<Trial> => {
      trials.push(group.length)
      const found = group.filter(service => bad.includes(service))
      const isClash = clash.length > 0 && clash.every(service => group.includes(service))
      if (found.length === 0 && !isClash) return { ok: true }
      return { ok: false, problem: `refused: ${found.join() || 'clash'}`, accused: accuse(group) }
    },
  }
}

const nobody = () => []
const always = () => true

describe('who is refused', () => {
  it('nobody, in one trial', async () => {
    const { trial, trials } = court([], nobody)

    expect(await findCulprits([names], trial, always)).toEqual({ good: names, culprits: new Map(), untested: [] })
    expect(trials).toHaveLength(1)
  })

  it('the one that is named, in three trials', async () => {
    const { trial, trials } = court(['s42'], () => ['s42'])

    const { good, culprits } = await findCulprits([names], trial, always)

    expect([good.length, [...culprits.keys()]]).toEqual([99, ['s42']])
    expect(trials).toHaveLength(3)
  })

  it('the one that nobody names, by halving', async () => {
    const { trial, trials } = court(['s42'], nobody)

    expect([...(await findCulprits([names], trial, always)).culprits]).toEqual([
      ['s42', { problem: 'refused: s42', clashes: false }],
    ])
    expect(trials.length).toBeLessThan(18)
  })

  it('not the one that is named wrongly', async () => {
    const { trial } = court(['s42'], group => (group.includes('s43') ? ['s43'] : []))

    const { good, culprits } = await findCulprits([names], trial, always)

    expect([...culprits.keys()]).toEqual(['s42'])
    expect(good).toContain('s43')
  })

  it('of two that only clash, one', async () => {
    const { trial } = court([], nobody, ['s1', 's99'])

    const { good, culprits } = await findCulprits([names], trial, always)

    expect([good.length, [...culprits]]).toEqual([99, [['s99', { problem: 'refused: clash', clashes: true }]]])
  })

  it('of two that only clash, the one of the later group, whoever is named', async () => {
    const { trial } = court([], group => group.slice(0, 1), ['s1', 's99'])

    const { culprits } = await findCulprits([['s99'], names.slice(0, 99)], trial, always)

    expect([...culprits.keys()]).toEqual(['s1'])
  })

  it('and a group is accepted however many of the later ones are refused', async () => {
    const { trial, trials } = court(names.slice(1), nobody)

    const { good, untested } = await findCulprits([['s0'], names.slice(1)], trial, () => trials.length < 5)

    expect(good).toEqual(['s0'])
    expect(untested.length).toBeGreaterThan(0)
  })

  it('and who could not be tried in time', async () => {
    const { trial, trials } = court(['s0', 's99'], nobody)

    const { good, culprits, untested } = await findCulprits([names], trial, () => trials.length < 4)

    expect(good.length + culprits.size + untested.length).toBe(100)
    expect(untested.length).toBeGreaterThan(0)
  })

  it('the good ones among many bad ones, though there is no time to try all', async () => {
    const bad = names.filter(name => name !== 's42')
    const { trial, trials } = court(bad, group => group.slice(0, 1))

    const { good, culprits, untested } = await findCulprits([names], trial, () => trials.length < 60)

    expect(good).toEqual(['s42'])
    expect([culprits.size > 40, untested.length > 0]).toEqual([true, true])
  })

  it('of many that clash with one another, and bad ones, all but one', async () => {
    const clash = ['s1', 's50']
    const bad = names.filter(name => !clash.includes(name))
    const { trial } = court(bad, group => group, clash)

    const { good, culprits } = await findCulprits([names], trial, always)

    expect([good, culprits.get('s50')?.clashes, culprits.size]).toEqual([['s1'], true, 99])
  })

  it('exactly the bad ones, however many there are and whoever is named', async () => {
    await fc.assert(
      fc.asyncProperty(fc.subarray(names), fc.subarray(names, { maxLength: 5 }), async (bad, accused) => {
        const { trial } = court(bad, () => accused)

        const { good, culprits } = await findCulprits([names], trial, always)

        expect([...culprits.keys()].sort()).toEqual(bad.toSorted())
        expect(good.toSorted()).toEqual(names.filter(name => !bad.includes(name)).sort())
      }),
    )
  })
})
