import { describe, expect, it } from 'vitest'
import { aCatalog, aSelection, aServer, aSite, someRules } from '../../test/support/builders.ts'
import { serversOf } from '../model/selection.ts'
import { refusalOf, withoutRefused } from './refusals.ts'
import type { Refusals } from './rules.ts'
import { select, visibleServices } from './select.ts'

const none: Refusals = { loopback: false, self: undefined }
const self = { addresses: new Set(['10.0.0.5', 'fd00::5']), ports: new Set([80, 8443]) }

describe('a peer is refused', () => {
  it.each([
    { address: '169.254.169.254', why: 'is link-local: 169.254.169.254' },
    { address: 'fe80::1', why: 'is link-local: fe80::1' },
    { address: '224.0.0.1', why: 'is multicast: 224.0.0.1' },
    { address: '0.0.0.0', why: 'is unspecified: 0.0.0.0' },
  ])('whatever the options: $address', ({ address, why }) => {
    expect(refusalOf(address, 80, none)).toBe(why)
  })

  it.each(['127.0.0.1', '127.9.8.7', '::1'])('by -refuse=loopback, which is named: %s', address => {
    expect(refusalOf(address, 9000, { ...none, loopback: true })).toBe(`is loopback: ${address} (-refuse=loopback)`)
    expect(refusalOf(address, 9000, none)).toBeUndefined()
  })

  it.each([
    { title: 'an address of this machine', address: '10.0.0.5', port: 80, endpoint: '10.0.0.5:80' },
    { title: 'IPv6', address: 'fd00::5', port: 8443, endpoint: '[fd00::5]:8443' },
    { title: 'loopback', address: '127.0.0.1', port: 80, endpoint: '127.0.0.1:80' },
    { title: 'another address of loopback', address: '127.0.0.9', port: 80, endpoint: '127.0.0.9:80' },
  ])('by -refuse=listen, when it is $title with a port of this nginx', ({ address, port, endpoint }) => {
    expect(refusalOf(address, port, { ...none, self })).toBe(`is this nginx itself: ${endpoint} (-refuse=listen)`)
    expect(refusalOf(address, port, none)).toBeUndefined()
  })

  it.each([
    { title: 'another port of this machine', address: '10.0.0.5', port: 9000 },
    { title: 'another port of loopback', address: '127.0.0.1', port: 9000 },
    { title: 'the same port of another machine', address: '10.0.0.6', port: 80 },
  ])('but not $title', ({ address, port }) => {
    expect(refusalOf(address, port, { ...none, self })).toBeUndefined()
  })
})

describe('an instance whose address is a host name', () => {
  const instances = [{ id: 'n/1', address: 'Meta.Example', port: 80 }]
  const named = (addresses: string[], refusals = none) =>
    someRules({ refusals, resolved: new Map([['meta.example', addresses]]) })

  it('is refused for what the name stands for, and the name is said', () => {
    const { sites, rejections } = select(aCatalog({ instances }), named(['169.254.169.254']), undefined)

    expect(sites).toEqual([])
    expect(rejections).toEqual([
      {
        service: 'web',
        instance: 'n/1',
        reason: 'invalid_address',
        detail: 'address meta.example is link-local: 169.254.169.254',
      },
    ])
  })

  it('is refused by option, too', () => {
    const byOption = named(['127.0.0.1', '::1'], { loopback: true, self: undefined })

    const { sites, rejections } = select(aCatalog({ instances }), byOption, undefined)

    expect(sites).toEqual([])
    expect(rejections.map(({ reason, detail }) => `${reason}: ${detail}`)).toEqual([
      'invalid_address: address meta.example is loopback: 127.0.0.1 (-refuse=loopback)',
      'invalid_address: address meta.example is loopback: ::1 (-refuse=loopback)',
    ])
  })

  it('is served by those of its addresses that are not refused', () => {
    const { sites, rejections } = select(aCatalog({ instances }), named(['10.0.0.1', '169.254.0.1']), undefined)

    expect(sites[0]?.upstream.servers.map(({ endpoint }) => endpoint)).toEqual(['10.0.0.1:80'])
    expect(rejections).toMatchObject([{ reason: 'invalid_address' }])
  })

  it('is not shown to templates that look at all services either', () => {
    expect(visibleServices(aCatalog({ instances }), named(['169.254.169.254']))).toMatchObject([{ instances: [] }])
  })
})

describe('servers that were live when they came to be refused', () => {
  const live = aSelection([
    aSite('mixed', [aServer({ address: '10.0.0.9' }), aServer({ address: '127.0.0.1' })]),
    aSite('local', [aServer({ address: '127.0.0.1' })]),
  ])

  it('are not there for a hold to bring back', () => {
    expect(serversOf(withoutRefused(live, { ...none, loopback: true }))).toEqual(['mixed 10.0.0.9:8080'])
  })

  it('stay when no option refuses them', () => {
    expect(withoutRefused(live, none)).toBe(live)
    expect(serversOf(withoutRefused(live, { ...none, self }))).toEqual(serversOf(live))
  })
})
