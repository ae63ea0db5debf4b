import { describe, expect, it } from 'vitest'
import { aSelection, aServer, aSite } from '../../test/support/builders.ts'
import { announce, announceHolds, difference } from './announce.ts'

const rejection = (service: string) => ({ service, reason: 'invalid_port', detail: 'port is 0' }) as const

describe('a new selection', () => {
  it('is told at first, with everything that is rejected', () => {
    const next = aSelection([aSite('web', 2)], { rejections: [rejection('bad')] })

    expect(announce(undefined, next)).toEqual([
      { type: 'selection.changed', sites: 1, servers: 2, rejected: 1 },
      { type: 'selection.rejected', rejection: rejection('bad') },
    ])
  })

  it('that is the same says nothing', () => {
    const selection = aSelection([aSite('web', 2)], { rejections: [rejection('bad')] })

    expect(announce(selection, structuredClone(selection))).toEqual([])
  })

  it('tells of what is newly rejected, and of what no longer is', () => {
    const before = aSelection([aSite('web', 2)], { rejections: [rejection('a'), rejection('b')] })
    const next = aSelection([aSite('web', 2)], { rejections: [rejection('b'), rejection('c')] })

    expect(announce(before, next)).toEqual([
      { type: 'selection.rejected', rejection: rejection('c') },
      { type: 'selection.accepted', rejection: rejection('a') },
    ])
  })

  it('tells when a server moved, though their number is the same', () => {
    const before = aSelection([aSite('web', [aServer()])])
    const next = aSelection([aSite('web', [aServer({ port: 9 })])])

    expect(announce(before, next)).toEqual([{ type: 'selection.changed', sites: 1, servers: 1, rejected: 0 }])
  })

  it('tells that the last service is gone', () => {
    expect(announce(aSelection([aSite('web', 1)]), aSelection([]))).toEqual([
      { type: 'selection.changed', sites: 0, servers: 0, rejected: 0 },
    ])
  })
})

describe('holds', () => {
  const hold = (service: string, servers = 2) => ({ service, servers, since: 0 })

  it('are told when they begin, with everything that is held', () => {
    expect(announceHolds([hold('a')], [hold('a'), hold('b', 3)], 10, 30_000)).toEqual([
      { type: 'selection.held', services: ['a', 'b'], servers: 5, of: 10, until: 30_000 },
    ])
  })

  it('are told when they end', () => {
    expect(announceHolds([hold('a'), hold('b')], [hold('b')], 10, 'approved')).toEqual([
      { type: 'selection.released', services: ['a'] },
    ])
  })

  it('that go on say nothing', () => {
    expect(announceHolds([hold('a')], [hold('a')], 10, 30_000)).toEqual([])
  })
})

describe('what came and what went', () => {
  it('is named by service and endpoint', () => {
    const before = aSelection([aSite('a', 1), aSite('b', 2)])
    const next = aSelection([aSite('b', 1), aSite('c', 1)])

    expect(difference(before, next)).toEqual({
      added: ['c 10.0.0.1:8080'],
      removed: ['a 10.0.0.1:8080', 'b 10.0.0.2:8080'],
    })
  })

  it('is everything at first', () => {
    expect(difference(undefined, aSelection([aSite('a', 1)]))).toEqual({ added: ['a 10.0.0.1:8080'], removed: [] })
  })
})
