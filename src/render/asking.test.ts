import { describe, expect, it } from 'vitest'
import { aCatalog } from '../../test/support/builders.ts'
import { type Answer, type Query, queryId } from '../model/query.ts'
import { listServices } from '../select/listed.ts'
import { record } from './asking.ts'
import { keyQuery, serviceQuery, servicesQuery } from './queries.ts'

const listed = listServices(
  aCatalog(
    { name: 'web', instances: [{ tags: ['Blue'] }, { tags: ['green'], health: 'warning', node: 'node-2' }] },
    { name: 'Shop' },
    { name: 'a.b' },
    { name: 'b', tags: ['a'] },
  ),
)
const asking = (given: ReadonlyMap<string, Answer> = new Map(), isKnown = true) =>
  record({ listed, known: isKnown, trustsCatalog: true }, given)
const ids = (text: string) =>
  asking()
    .ask(serviceQuery(text))
    ?.map(({ Service }) => Service.ID)

describe('asking for services here', () => {
  it.each([
    { query: 'web', found: ['web-1'] },
    { query: 'web|any', found: ['web-1', 'web-2'] },
    { query: 'web|warning,passing', found: ['web-1', 'web-2'] }, // which of them, the template sees to
    { query: 'blue.web', found: ['web-1'] }, // Consul does not mind the case of a tag
    { query: 'red.web|any', found: [] },
    { query: 'shop', found: ['Shop-1'] }, // nor that of a name
    { query: 'a.b', found: ['a.b-1'] }, // it has that very name
    { query: 'nobody', found: [] },
  ])('$query: $found, and nobody is asked', ({ query, found }) => {
    expect(ids(query)).toEqual(found)
    const { wanted, ask } = asking()
    ask(serviceQuery(query))
    expect(wanted.size).toBe(0)
  })

  it('gives the same rows again', () => {
    expect(asking().ask(serviceQuery('web'))).toBe(asking().ask(serviceQuery('web')))
    expect(asking().ask({ ...servicesQuery(''), kind: 'services' })).toBe(
      asking().ask({ ...servicesQuery(''), kind: 'services' }),
    )
  })

  it.each(['web@dc2', 'web~node', 'web?ns=x', 'web?peer=x'])(
    '%s is somewhere else, or in another order: it is asked for',
    query => {
      const { wanted, missing, ask } = asking()

      expect(ask(serviceQuery(query))).toBeUndefined()
      expect([...wanted.keys()]).toEqual([...missing.keys()])
      expect(wanted.size).toBe(1)
    },
  )

  it('is asking for something, as long as no source has spoken', () => {
    const { missing, ask } = asking(new Map(), false)

    expect(ask(serviceQuery('web'))).toBeUndefined()
    expect([...missing.keys()]).toEqual(['health.service(web|passing)'])
  })
})

describe('asking for anything else', () => {
  const query = keyQuery('a/b', true) as Query & { kind: 'key' }

  it('gives the answer that is known, null included', () => {
    const { missing, wanted, ask } = asking(new Map([[queryId(query), null]]))

    expect(ask(query)).toBeNull()
    expect([wanted.size, missing.size]).toEqual([1, 0])
  })

  it('remembers what a template waits for', () => {
    const { held, hold } = asking(new Map([[queryId(query), null]]))
    hold(query)

    expect([...held.keys()]).toEqual(['kv.block(a/b)'])
  })
})
