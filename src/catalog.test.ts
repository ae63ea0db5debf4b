import { describe, expect, it } from 'vitest'
import { aService, aSnapshot } from '../test/support/builders.ts'
import { createCatalogStore } from './catalog.ts'

describe('the catalog', () => {
  it('is unknown until every source has spoken once', () => {
    const store = createCatalogStore(['consul', 'file:/etc/lab.yaml'])

    store.put(aSnapshot())
    expect(store.current()).toBeUndefined()

    store.put(aSnapshot({ source: 'file:/etc/lab.yaml', services: [] }))
    expect(store.current()?.services.map(({ name }) => name)).toEqual(['web'])
  })

  it('a source that knows no services has spoken, too', () => {
    const store = createCatalogStore(['consul'])

    expect(store.put(aSnapshot({ services: [] }))).toBe(true)
    expect(store.current()?.services).toEqual([])
  })

  it('has not changed when only the index moved', () => {
    const store = createCatalogStore(['consul'])
    store.put(aSnapshot({ index: '7', services: [aService({ instances: 2 })] }))
    const before = store.current()

    expect(store.put(aSnapshot({ index: '8', services: [aService({ instances: 2 })] }))).toBe(false)
    expect(store.current()).toBe(before)
  })

  it.each([
    { title: 'an instance more', service: aService({ instances: 2 }) },
    { title: 'an address', service: aService({ instances: [{ address: '10.9.9.9' }] }) },
    { title: 'a port', service: aService({ instances: [{ port: 1 }] }) },
    { title: 'a check', service: aService({ instances: [{ health: 'critical' }] }) },
    { title: 'a tag', service: aService({ instances: [{ tags: ['new'] }] }) },
    { title: 'meta', service: aService({ instances: [{ meta: { a: 'b' } }] }) },
    { title: 'a weight', service: aService({ instances: [{ weight: 2 }] }) },
    { title: 'a new registration under the old id', service: aService({ instances: [{ createIndex: '11' }] }) },
  ])('has changed with $title', ({ service }) => {
    const store = createCatalogStore(['consul'])
    store.put(aSnapshot({ services: [aService()] }))

    expect(store.put(aSnapshot({ services: [service] }))).toBe(true)
    expect(store.current()?.services).toEqual([service])
  })

  it('has changed when a service is gone', () => {
    const store = createCatalogStore(['consul'])
    store.put(aSnapshot())

    expect(store.put(aSnapshot({ services: [] }))).toBe(true)
    expect(store.current()?.services).toEqual([])
  })

  it('names the index each source was at', () => {
    const store = createCatalogStore(['consul', 'file:/a.yaml'])
    store.put(aSnapshot({ index: '42' }))
    store.put(aSnapshot({ source: 'file:/a.yaml', index: 'abc', services: [] }))

    expect(store.current()?.indexes).toEqual({ consul: '42', 'file:/a.yaml': 'abc' })
  })
})

describe('the same service from two sources', () => {
  const lab = 'file:/etc/lab.yaml'
  const names = (...order: string[]) => {
    const store = createCatalogStore(['consul', lab])
    for (const source of order) store.put(aSnapshot({ source, services: [aService({ source, name: 'web' })] }))
    return store.current()?.services.map(({ name, source }) => `${name} from ${source}`)
  }

  it('stays two services: the first source keeps the name, the other one adds its own', () => {
    expect(names('consul', lab)).toEqual(['web from consul', `web.lab from ${lab}`])
  })

  it('whoever speaks first', () => {
    expect(names(lab, 'consul')).toEqual(names('consul', lab))
  })

  it('also when somebody registered the name the other one would get', () => {
    const store = createCatalogStore(['consul', lab])
    store.put(aSnapshot({ services: [aService(), aService({ name: 'web.lab' })] }))
    store.put(aSnapshot({ source: lab, services: [aService({ source: lab })] }))

    expect(store.current()?.services.map(({ name }) => name)).toEqual(['web', 'web.lab', 'web.lab.lab'])
  })
})

it('what is forgotten is unknown until every source has spoken again, with whatever it says', () => {
  const store = createCatalogStore(['consul'])
  store.put(aSnapshot())

  store.forget()
  expect(store.current()).toBeUndefined()

  expect(store.put(aSnapshot())).toBe(true)
  expect(store.current()?.services).toHaveLength(1)
})
