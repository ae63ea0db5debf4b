import { describe, expect, it } from 'vitest'
import { aCatalog, aRuntime, aSelection, aServer, aSite, someRules } from '../../test/support/builders.ts'
import type { Health } from '../model/catalog.ts'
import { type Selection, serversOf } from '../model/selection.ts'
import type { SelectionRules } from '../select/rules.ts'
import { createChooser, type Wanted } from './chooser.ts'

const policy = { maxLoss: 0.5, holdFor: 30_000 }
const live = aSelection([aSite('api', 1), aSite('web', 4)])
const shown = (selection: Selection) => ({
  servers: serversOf(selection),
  unavailable: selection.unavailable.map(({ service }) => service),
})

/** api and web as they are registered: so many instances in this state. */
const catalog = (api: Health | number, web: Health | number) =>
  aCatalog(
    { name: 'api', instances: typeof api === 'number' ? api : [{ health: api }] },
    { name: 'web', instances: typeof web === 'number' ? web : Array.from({ length: 4 }, () => ({ health: web })) },
    { name: 'never', instances: [{ health: 'critical' }] },
  )
const wanted = (given: Partial<Wanted>): Wanted => ({
  catalog: aCatalog(),
  resolved: new Map(),
  live,
  answersForUnavailable: true,
  namesHosts: true,
  ...given,
})
const chooserFor = (rules: Partial<SelectionRules>) =>
  createChooser(someRules(rules), policy, { isSpeaker: true, trustsCatalog: false })
const modes = ['503', 'keep', 'drop'] as const

describe('a service that lost its last server', () => {
  const kept = ['api 10.0.0.1:8080', ...serversOf(live).slice(1)]
  const gone = kept.slice(1)

  it.each([
    { onEmpty: '503', answers: true, shows: { servers: gone, unavailable: ['api', 'never'] } },
    { onEmpty: '503', answers: false, shows: { servers: kept, unavailable: ['never'] } },
    { onEmpty: 'keep', answers: true, shows: { servers: kept, unavailable: ['never'] } },
    { onEmpty: 'keep', answers: false, shows: { servers: kept, unavailable: ['never'] } },
    { onEmpty: 'drop', answers: true, shows: { servers: gone, unavailable: [] } },
    { onEmpty: 'drop', answers: false, shows: { servers: gone, unavailable: [] } },
  ] as const)(
    'with -on-empty=$onEmpty and a template that answers for it ($answers): $shows',
    ({ onEmpty, answers, shows }) => {
      const { selection } = chooserFor({ onEmpty }).choose(
        wanted({ catalog: catalog('critical', 4), answersForUnavailable: answers }),
        aRuntime().runtime,
      )

      expect(shown(selection)).toEqual(shows)
      expect(selection.rejections.map(({ service }) => service)).toEqual(['api', 'never'])
    },
  )

  it('is not kept by any mode when nobody is registered any more', () => {
    for (const onEmpty of modes) {
      const one = aCatalog({ name: 'web', instances: 4 })

      expect(shown(chooserFor({ onEmpty }).look(wanted({ catalog: one }), 0)).servers).toEqual(gone)
    }
  })

  it('does not get back what came to be refused', () => {
    const local = aSelection([aSite('api', [aServer({ address: '127.0.0.1' })]), aSite('web', 4)])
    const there = aCatalog({ name: 'api', instances: [{ address: '127.0.0.1' }] }, { name: 'web', instances: 4 })
    const chooser = chooserFor({ onEmpty: 'keep', refusals: { loopback: true, self: undefined } })

    expect(shown(chooser.look(wanted({ catalog: there, live: local }), 0))).toEqual({
      servers: gone,
      unavailable: ['api'],
    })
  })
})

describe('the guard in every mode of -on-empty', () => {
  it.each(modes)('holds everything when nothing is registered any more: %s', onEmpty => {
    const { runtime, events } = aRuntime()
    const chooser = chooserFor({ onEmpty })

    const { selection } = chooser.choose(wanted({}), runtime)

    expect(serversOf(selection)).toEqual(serversOf(live))
    expect(events).toContainEqual(expect.objectContaining({ type: 'selection.held', of: 5, until: 'approved' }))
    chooser.approve()
    expect(shown(chooser.look(wanted({}), 0))).toEqual({ servers: [], unavailable: [] })
  })

  it.each(modes)('holds a service that loses most of its instances while it keeps one: %s', onEmpty => {
    const { runtime, events } = aRuntime()

    const { selection } = chooserFor({ onEmpty }).choose(wanted({ catalog: catalog(1, 1) }), runtime)

    expect(serversOf(selection)).toEqual(serversOf(live))
    expect(events).toContainEqual(expect.objectContaining({ type: 'selection.held', services: ['web'], servers: 3 }))
  })

  it.each([
    { onEmpty: '503', after: { servers: [], unavailable: ['api', 'never', 'web'] } },
    { onEmpty: 'drop', after: { servers: [], unavailable: [] } },
  ] as const)('holds them when all checks fail at once, and lets them go when that is approved: $onEmpty', given => {
    const { runtime, events } = aRuntime()
    const chooser = chooserFor({ onEmpty: given.onEmpty })
    const failing = wanted({ catalog: catalog('critical', 'critical') })

    expect(serversOf(chooser.choose(failing, runtime).selection)).toEqual(serversOf(live))
    expect(events).toContainEqual(expect.objectContaining({ type: 'selection.held', services: ['api', 'web'] }))

    chooser.approve()
    expect(shown(chooser.choose(failing, runtime).selection)).toEqual(given.after)
  })

  it('passes a loss that is approved while the hold itself is still being applied', () => {
    const chooser = chooserFor({})
    chooser.choose(wanted({}), aRuntime().runtime)

    chooser.approve()
    chooser.settled() // of the choice before the approval

    expect(serversOf(chooser.choose(wanted({}), aRuntime().runtime).selection)).toEqual([])
    chooser.settled()
    expect(serversOf(chooser.choose(wanted({}), aRuntime().runtime).selection)).toEqual(serversOf(live))
  })

  it('has nothing to hold when all checks fail and everything is kept anyway', () => {
    const { runtime, events } = aRuntime()

    const { selection, chooseIn } = chooserFor({ onEmpty: 'keep' }).choose(
      wanted({ catalog: catalog('critical', 'critical') }),
      runtime,
    )

    expect(serversOf(selection)).toEqual(serversOf(live))
    expect(events.filter(({ type }) => type === 'selection.held')).toEqual([])
    expect(chooseIn).toBeUndefined()
  })
})

it('the addresses of this machine are asked for with every choice', () => {
  const self = { addresses: new Set<string>(), ports: new Set([8080]) }
  const rules = {
    ...someRules({}),
    get refusals() {
      return { loopback: false, self: { ...self, addresses: new Set(self.addresses) } }
    },
  }
  const chooser = createChooser(rules, policy, { isSpeaker: true, trustsCatalog: false })
  const asked = wanted({ catalog: aCatalog({ name: 'web', instances: [{ address: '10.0.0.9' }] }), live: undefined })
  const chosen = () => serversOf(chooser.look(asked, 0))

  expect(chosen()).toEqual(['web 10.0.0.9:8080'])
  self.addresses.add('10.0.0.9') // a floating one comes here
  expect(chosen()).toEqual([])
})

it('what is asked for twice is the same', () => {
  const chooser = chooserFor({})
  const asked = () => wanted({ catalog: all, resolved: new Map() })
  const all = catalog(1, 4)

  expect(chooser.look(asked(), 0)).toBe(chooser.look(asked(), 0))
  expect(chooser.visible(asked())).toBe(chooser.visible(asked()))
})
