import { describe, expect, it } from 'vitest'
import { anInstance } from '../../test/support/builders.ts'
import { compare, healthOf, toServices } from './catalog.ts'

it('what is known is sorted in every respect, so that equal knowledge is equal data', () => {
  const services = toServices(
    'consul',
    new Map([
      ['b', [anInstance({ id: 'n/2', tags: ['z', 'a'] }), anInstance({ id: 'n/10', tags: ['a', 'm'] })]],
      ['B', []],
    ]),
  )

  expect(services).toMatchObject([
    { name: 'B', source: 'consul', tags: [], instances: [] },
    { name: 'b', source: 'consul', tags: ['a', 'm', 'z'], instances: [{ id: 'n/10' }, { id: 'n/2' }] },
  ])
})

it('names are compared byte by byte, the same on every machine', () => {
  expect(['ä', 'b', 'a', 'B', 'a1', 'a-'].sort(compare)).toEqual(['B', 'a', 'a-', 'a1', 'b', 'ä'])
})

const check = (Status: string, CheckID = 'service:web') => ({ CheckID, Status })

describe('an instance’s health', () => {
  it.each([
    { title: 'without checks it passes', checks: [], health: 'passing' },
    { title: 'all pass', checks: [check('passing'), check('passing')], health: 'passing' },
    { title: 'one warns', checks: [check('passing'), check('warning')], health: 'warning' },
    { title: 'one is critical', checks: [check('critical'), check('warning'), check('passing')], health: 'critical' },
    { title: 'critical, whatever the order', checks: [check('warning'), check('critical')], health: 'critical' },
    {
      title: 'critical stays when a warning follows',
      checks: [check('critical'), check('warning')],
      health: 'critical',
    },
    {
      title: 'a state nobody has heard of is no reason for confidence',
      checks: [check('unknown')],
      health: 'critical',
    },
    { title: 'the node’s serf check counts', checks: [check('critical', 'serfHealth')], health: 'critical' },
    {
      title: 'maintenance of the service',
      checks: [check('passing'), check('critical', '_service_maintenance:web-1')],
      health: 'maintenance',
    },
    { title: 'maintenance of the node', checks: [check('critical', '_node_maintenance')], health: 'maintenance' },
    {
      title: 'maintenance counts more than a failing check',
      checks: [check('critical'), check('critical', '_node_maintenance')],
      health: 'maintenance',
    },
    {
      title: 'a check that only sounds like maintenance',
      checks: [check('passing', 'my_node_maintenance')],
      health: 'passing',
    },
  ])('$title', ({ checks, health }) => {
    expect(healthOf(checks)).toBe(health)
  })
})
