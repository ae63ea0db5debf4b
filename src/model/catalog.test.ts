import { expect, it } from 'vitest'
import { anInstance } from '../../test/support/builders.ts'
import { compare, toServices } from './catalog.ts'

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
