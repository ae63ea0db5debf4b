import { describe, expect, it } from 'vitest'
import { aSelection, aServer, aSite } from '../../test/support/builders.ts'
import { type Selection, serversOf } from '../model/selection.ts'
import { guard, type Hold, keepUnavailable } from './guard.ts'

const policy = { maxLoss: 0.5, holdFor: 30_000 }
const servers = (selection: Selection) => serversOf(selection).sort()
const from = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, position) => aServer({ address: `10.0.0.${first + position}` }))

describe('a loss that may be believed goes live at once', () => {
  it('on the first run, when nothing is live', () => {
    const next = aSelection([])

    expect(guard(undefined, next, policy, [], 0)).toEqual({ selection: next, held: [], isEndless: false })
  })

  it('when there were fewer than three servers in all', () => {
    const live = aSelection([aSite('web', 2)])

    expect(guard(live, aSelection([]), policy, [], 0)).toEqual({
      selection: aSelection([]),
      held: [],
      isEndless: false,
    })
  })

  it('when it is exactly the share that may vanish', () => {
    const live = aSelection([aSite('a', 4), aSite('b', 4)])
    const next = aSelection([aSite('a', 4)])

    expect(guard(live, next, policy, [], 0)).toEqual({ selection: next, held: [], isEndless: false })
  })

  it('when it is less than three servers, whatever share that is', () => {
    const live = aSelection([aSite('a', 2), aSite('b', 1)])
    const next = aSelection([aSite('b', 1)])

    expect(guard(live, next, policy, [], 0)).toEqual({ selection: next, held: [], isEndless: false })
  })

  it('when a redeploy moves every instance to a new address', () => {
    const live = aSelection([aSite('web', from(1, 10))])
    const next = aSelection([aSite('web', from(11, 20))])

    expect(guard(live, next, policy, [], 0)).toEqual({ selection: next, held: [], isEndless: false })
  })

  it('when everything grows', () => {
    const next = aSelection([aSite('web', 9), aSite('new', 1)])

    expect(guard(aSelection([aSite('web', 3)]), next, policy, [], 0)).toEqual({
      selection: next,
      held: [],
      isEndless: false,
    })
  })
})

describe('everything vanishes at once', () => {
  const live = aSelection([aSite('a', 2), aSite('b', 1)])

  it('the servers stay, and every service is named with what is held of it', () => {
    const { selection, held } = guard(live, aSelection([]), policy, [], 5)

    expect(servers(selection)).toEqual(servers(live))
    expect(held).toEqual([
      { service: 'a', servers: 2, since: 5 },
      { service: 'b', servers: 1, since: 5 },
    ])
  })

  it('is held without a time limit', () => {
    const first = guard(live, aSelection([]), policy, [], 0)

    const later = guard(first.selection, aSelection([]), policy, first.held, 365 * 24 * 3_600_000)

    expect(servers(later.selection)).toEqual(servers(live))
    expect(later.held.map(({ service }) => service)).toEqual(['a', 'b'])
  })

  it('is held too when it is that all checks fail: the checks are the likelier culprit', () => {
    const { selection } = guard(live, aSelection([], { unavailable: ['a', 'b'] }), policy, [], 0)

    expect(servers(selection)).toEqual(servers(live))
    expect(selection.unavailable).toEqual([])
  })

  it('whatever share of loss is allowed', () => {
    expect(guard(live, aSelection([]), { ...policy, maxLoss: 1 }, [], 0).held).toHaveLength(2)
  })

  it('one service is back after an hour: the others get their own time to come back', () => {
    const big = aSelection([aSite('a', 2), aSite('b', 4), aSite('c', 4)])
    const gone = guard(big, aSelection([]), policy, [], 0)

    const back = guard(gone.selection, aSelection([aSite('a', 2)]), policy, gone.held, 3_600_000)
    expect(servers(back.selection)).toEqual(servers(big))

    const after = guard(back.selection, aSelection([aSite('a', 2)]), policy, back.held, 3_600_000 + 30_000)
    expect(servers(after.selection)).toEqual(servers(aSelection([aSite('a', 2)])))
  })
})

describe('more vanishes than may at once', () => {
  const live = aSelection([aSite('a', 1), aSite('b', 4), aSite('c', 3)])
  const next = aSelection([aSite('a', 1)], { unavailable: ['b'] })

  it('the lost services stay, and are no longer called unavailable', () => {
    const { selection, held } = guard(live, next, policy, [], 100)

    expect(servers(selection)).toEqual(servers(live))
    expect(selection.unavailable).toEqual([])
    expect(held).toEqual([
      { service: 'b', servers: 4, since: 100 },
      { service: 'c', servers: 3, since: 100 },
    ])
  })

  it('for as long as was said, then it is believed', () => {
    const held: Hold[] = ['b', 'c'].map(service => ({ service, servers: 3, since: 100 }))

    expect(guard(live, next, policy, held, 100 + 29_999).held).toHaveLength(2)
    expect(guard(live, next, policy, held, 100 + 30_000)).toEqual({ selection: next, held: [], isEndless: false })
  })

  it('each service by its own clock', () => {
    const held: Hold[] = [{ service: 'b', servers: 4, since: 0 }]

    const guarded = guard(live, next, policy, held, 30_000)

    expect(guarded.held).toEqual([{ service: 'c', servers: 3, since: 30_000 }])
    expect(guarded.selection.sites.map(({ service }) => service)).toEqual(['a', 'c'])
  })

  it('what is back is released', () => {
    const held: Hold[] = ['b', 'c'].map(service => ({ service, servers: 3, since: 0 }))

    expect(guard(live, live, policy, held, 10)).toEqual({ selection: live, held: [], isEndless: false })
  })

  it('new services and changes go live meanwhile', () => {
    const changed = aSelection([aSite('a', [aServer({ address: '10.9.9.9' })]), aSite('new', 1)])

    const { selection } = guard(live, changed, policy, [], 0)

    expect(selection.sites.map(({ service }) => service)).toEqual(['a', 'b', 'c', 'new'])
    expect(servers(selection)).toContain('a 10.9.9.9:8080')
  })

  it('a service that lost most of its servers gets its new ones, and keeps the lost ones beside them', () => {
    const heavy = aServer({ address: '10.0.0.1', weight: 9 })
    const added = aServer({ address: '10.9.9.9' })

    const { selection, held } = guard(
      aSelection([aSite('web', from(1, 6))]),
      aSelection([aSite('web', [heavy, added], { serverNames: ['shop.org'] })]),
      policy,
      [],
      0,
    )

    expect(held).toEqual([{ service: 'web', servers: 5, since: 0 }])
    expect(selection.sites[0]?.serverNames).toEqual(['shop.org'])
    expect(selection.sites[0]?.upstream.servers).toEqual([heavy, added, ...from(2, 6)])
  })

  it('a hold that nothing happens to gives the same text again and again', () => {
    const next = aSelection([aSite('web', [aServer({ address: '10.9.9.9' })])])
    const first = guard(aSelection([aSite('web', from(1, 6))]), next, policy, [], 0)

    const second = guard(first.selection, next, policy, first.held, 1_000)

    expect(second).toEqual(first)
  })

  it('a held service does not take back a host name that went to another', () => {
    const taker = aSite('taker', 1, { serverNames: ['b.flyclock.cn'] })

    const { selection } = guard(live, aSelection([aSite('a', 1), taker]), policy, [], 0)

    expect(selection.sites.map(({ service }) => service)).toEqual(['a', 'c', 'taker'])
  })

  it('nor an upstream’s name that went to another', () => {
    const taker = aSite('B', 1, { upstream: { name: 'b', servers: [aServer()] }, serverNames: ['other.org'] })

    const { selection } = guard(live, aSelection([taker, aSite('a', 1)]), policy, [], 0)

    expect(selection.sites.map(({ service }) => service)).toEqual(['B', 'a', 'c'])
  })

  it('is counted over everything: one service may vanish where many others stay', () => {
    const many = aSelection([aSite('a', 4), aSite('b', 10)])

    expect(guard(many, aSelection([aSite('b', 10)]), policy, [], 0).held).toEqual([])
  })
})

describe('a template that cannot answer for a service without servers', () => {
  it('keeps the servers it had; one that never had any is left out', () => {
    const live = aSelection([aSite('web', 2)])
    const next = aSelection([aSite('api', 1)], { unavailable: ['web', 'never'] })

    const kept = keepUnavailable(live, next)

    expect(servers(kept)).toEqual(['api 10.0.0.1:8080', 'web 10.0.0.1:8080', 'web 10.0.0.2:8080'])
    expect(kept.unavailable.map(({ service }) => service)).toEqual(['never'])
  })

  it('does not keep one that was deregistered', () => {
    const live = aSelection([aSite('web', 2)])

    expect(keepUnavailable(live, aSelection([]))).toEqual(aSelection([]))
  })
})

describe('a template prints only some of what is selected', () => {
  const printed = ['a', 'b', 'c', 'd'].map((name, at) => aSite(name, from(at * 10, at * 10)))
  const others = aSite('other', from(100, 120))
  const live = aSelection([...printed, others])
  const endpoints = new Set(printed.flatMap(({ upstream }) => upstream.servers.map(({ endpoint }) => endpoint)))
  const isPrinted = (endpoint: string) => endpoints.has(endpoint)

  it('all of those vanish: they are held without an end, though they are few among all', () => {
    const { selection, held, isEndless } = guard(live, aSelection([others]), policy, [], 0, isPrinted)
    const later = guard(live, aSelection([others]), policy, held, 999_999, isPrinted)

    expect(servers(selection)).toEqual(servers(live))
    expect(isEndless).toBe(true)
    expect(later.held.map(({ service }) => service)).toEqual(['a', 'b', 'c', 'd'])
  })

  it('most of those vanish: they are held for their time', () => {
    const next = aSelection([...printed.slice(0, 1), others])
    const { held, isEndless } = guard(live, next, policy, [], 0, isPrinted)
    const later = guard(live, next, policy, held, policy.holdFor, isPrinted)

    expect(held.map(({ service }) => service)).toEqual(['b', 'c', 'd'])
    expect(isEndless).toBe(false)
    expect(later.held).toEqual([])
  })

  it('the others vanish: that is as much as it is among all', () => {
    const next = aSelection(printed)

    expect(guard(live, next, policy, [], 0, isPrinted).held.map(({ service }) => service)).toEqual(['other'])
  })

  it('some of the others vanish: nothing is held', () => {
    const next = aSelection([...printed, aSite('other', from(100, 115))])

    expect(guard(live, next, policy, [], 0, isPrinted)).toEqual({ selection: next, held: [], isEndless: false })
  })
})
