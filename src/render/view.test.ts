import { describe, expect, it } from 'vitest'
import { aCatalog, aSeen, aSelection, aSite, aView, someRules, someSurroundings } from '../../test/support/builders.ts'
import { visibleServices } from '../select/select.ts'
import { viewOf } from './view.ts'

describe('the hash for server names is as large as nginx needs it', () => {
  const named = (length: number) => aSite('web', 1, { serverNames: ['a'.repeat(length)] })

  it.each([
    { title: 'nothing to serve: nginx’s own sizes', sites: [], bucketSize: 64, maxSize: 512 },
    { title: '46 characters fit into a bucket of 64', sites: [named(46)], bucketSize: 64, maxSize: 512 },
    { title: '47 do not', sites: [named(47)], bucketSize: 128, maxSize: 512 },
    { title: '110 fit into 128', sites: [named(110)], bucketSize: 128, maxSize: 512 },
    { title: 'the longest name there is', sites: [named(253)], bucketSize: 512, maxSize: 512 },
    {
      title: '300 names get twice as many places, as a power of two',
      sites: Array.from({ length: 300 }, (_, n) => aSite(`s${n}`, 1)),
      bucketSize: 64,
      maxSize: 1024,
    },
  ])('$title', ({ sites, bucketSize, maxSize }) => {
    expect(aView(sites).nginx.serverNamesHash).toEqual({ bucketSize, maxSize })
  })

  it('counts the names of unavailable services, too: they are written as well', () => {
    const long = 'a'.repeat(60)
    const selection = aSelection([], { unavailable: [long] })

    const { nginx } = viewOf(aSeen(selection), someSurroundings())

    expect(nginx.serverNamesHash.bucketSize).toBe(128)
  })
})

describe('all services', () => {
  const catalog = aCatalog({ name: 'db', instances: 2 }, { name: 'web' })

  it('are those that are visible', () => {
    const view = viewOf(aSeen(aSelection([]), { services: visibleServices(catalog, someRules()) }), someSurroundings())

    expect(view.service('db')).toHaveLength(2)
    expect(view.services.map(({ name }) => name)).toEqual(['db', 'web'])
  })

  it('are found by their exact name; nobody is an empty list', () => {
    const view = viewOf(aSeen(aSelection([]), { services: visibleServices(catalog, someRules()) }), someSurroundings())

    expect([view.service('DB'), view.service('nobody')]).toEqual([[], []])
  })
})
