import { describe, expect, it } from 'vitest'
import { aCatalog, aSeen, aSelection, aServer, aSite } from '../../test/support/builders.ts'
import type { Rejection } from '../model/selection.ts'
import type { Seen } from '../render/seen.ts'
import { createQuarantine, leaveOut, type Out } from './quarantine.ts'

const seenOf = (...sites: Parameters<typeof aSelection>[0]): Seen => aSeen(aSelection(sites))
const outOf = (service: string, reason: Rejection['reason'] = 'quarantined', clashes = false): Out =>
  new Map([[service, { rejection: { service, reason, detail: 'refused' }, clashes }]])

const bad = aSite('bad', 1)
const good = aSite('good', 1)
const catalog = aCatalog({ name: 'bad' }, { name: 'good' })

describe('who is refused stays out', () => {
  it('and it is said once', () => {
    const quarantine = createQuarantine()

    const rejection = { service: 'bad', reason: 'quarantined', detail: 'refused' }
    expect(quarantine.settle(outOf('bad'), catalog, 't', 0)).toEqual([{ type: 'selection.rejected', rejection }])
    expect(quarantine.settle(quarantine.kept(catalog, 't', 10), catalog, 't', 10)).toEqual([])
  })

  it('until his data changes, which is said when he is live again', () => {
    const quarantine = createQuarantine()
    quarantine.settle(outOf('bad'), catalog, 't', 0)
    const mended = aCatalog({ name: 'bad', tags: ['new'] }, { name: 'good' })

    expect([...quarantine.kept(catalog, 't', 1).keys()]).toEqual(['bad'])
    expect(quarantine.kept(mended, 't', 1).size).toBe(0)
    expect(quarantine.settle(new Map(), mended, 't', 1)).toMatchObject([{ type: 'selection.accepted' }])
  })

  it('until a template changes', () => {
    const quarantine = createQuarantine()
    quarantine.settle(outOf('bad'), catalog, 't', 0)

    expect(quarantine.kept(catalog, 'another', 1).size).toBe(0)
  })

  it('while others change', () => {
    const quarantine = createQuarantine()
    quarantine.settle(outOf('bad'), catalog, 't', 0)

    expect(quarantine.kept(aCatalog({ name: 'bad' }, { name: 'good', instances: 5 }), 't', 1).size).toBe(1)
  })

  it.each([
    ['changes', aCatalog({ name: 'bad' }, { name: 'good', instances: 5 })],
    ['goes', aCatalog({ name: 'bad' })],
  ])(
    'until one of the others %s, when he was refused only beside them; not sooner than after two seconds',
    (_, then) => {
      const quarantine = createQuarantine()
      quarantine.settle(outOf('bad', 'quarantined', true), catalog, 't', 0)

      expect(quarantine.kept(then, 't', 10).size).toBe(1)
      expect(quarantine.retryIn(10)).toBe(1_990)
      expect(quarantine.kept(then, 't', 2_000).size).toBe(0)
    },
  )

  it('while others come, though he clashes with one', () => {
    const quarantine = createQuarantine()
    quarantine.settle(outOf('bad', 'quarantined', true), catalog, 't', 0)

    expect(quarantine.kept(aCatalog({ name: 'bad' }, { name: 'good' }, { name: 'new' }), 't', 2_000).size).toBe(1)
  })

  it('and is not tried again and again beside somebody who changed once', () => {
    const quarantine = createQuarantine()
    quarantine.settle(outOf('bad', 'quarantined', true), catalog, 't', 0)
    const changed = aCatalog({ name: 'bad' }, { name: 'good', instances: 5 })
    expect(quarantine.kept(changed, 't', 2_000).size).toBe(0)

    quarantine.settle(outOf('bad', 'quarantined', true), changed, 't', 2_000)

    expect(quarantine.kept(changed, 't', 9_000).size).toBe(1)
  })

  it('until he is gone', () => {
    const quarantine = createQuarantine()
    quarantine.settle(outOf('bad'), catalog, 't', 0)
    const without = aCatalog({ name: 'good' })

    expect(quarantine.settle(quarantine.kept(without, 't', 1), without, 't', 1)).toMatchObject([
      { type: 'selection.accepted', rejection: { service: 'bad' } },
    ])
    expect(quarantine.retryIn(1)).toBeUndefined()
  })

  it('until it is time to try him again: after a minute, then after twice as long, up to sixteen', () => {
    const quarantine = createQuarantine()
    let now = 0
    quarantine.settle(outOf('bad'), catalog, 't', now)
    const waits: (number | undefined)[] = []
    for (let turn = 0; turn < 6; turn += 1) {
      const wait = quarantine.retryIn(now)
      waits.push(wait)
      now += wait ?? 0
      expect(quarantine.kept(catalog, 't', now - 1).size).toBe(1)
      expect(quarantine.kept(catalog, 't', now).size).toBe(0)
      expect(quarantine.settle(outOf('bad'), catalog, 't', now)).toEqual([])
    }

    expect(waits).toEqual([60_000, 120_000, 240_000, 480_000, 960_000, 960_000])
  })

  it('for a second, when there was no time to try him', () => {
    const quarantine = createQuarantine()
    quarantine.settle(outOf('bad', 'untested'), catalog, 't', 0)

    expect(quarantine.retryIn(0)).toBe(1_000)
  })
})

describe('what is rendered without them', () => {
  const before = aSite('bad', [aServer({ port: 1 }), aServer({ port: 2 })])

  it('is everybody else', () => {
    const { selection, services } = leaveOut(
      aSeen(aSelection([bad, good], { unavailable: ['bad', 'empty'] }), {
        services: [{ name: 'bad', tags: [], instances: [] }],
      }),
      outOf('bad'),
      undefined,
    )

    expect(selection).toMatchObject({ sites: [good], unavailable: [{ service: 'empty' }] })
    expect(services).toEqual([])
  })

  it('and what was live of them, with the servers they still have', () => {
    const now = aSite('bad', [aServer({ port: 2 }), aServer({ port: 3 })], { tags: ['poison'] })

    const { sites } = leaveOut(seenOf(now, good), outOf('bad'), aSelection([before])).selection

    expect(sites).toEqual([{ ...before, upstream: { ...before.upstream, servers: [aServer({ port: 2 })] } }, good])
  })

  it('unless none of those servers is left', () => {
    const now = aSite('bad', [aServer({ port: 3 })])

    expect(leaveOut(seenOf(now, good), outOf('bad'), aSelection([before])).selection.sites).toEqual([good])
  })

  it('unless what was live is refused, too', () => {
    const { sites } = leaveOut(seenOf(bad, good), outOf('bad'), aSelection([bad]), new Set(['bad'])).selection

    expect(sites).toEqual([good])
  })

  it('unless the name belongs to another by now', () => {
    const now = aSite('bad', [aServer({ port: 2 })], { serverNames: ['new.test'] })
    const heir = aSite('heir', 1, { serverNames: before.serverNames })

    expect(leaveOut(seenOf(now, heir), outOf('bad'), aSelection([before])).selection.sites).toEqual([heir])
  })
})
