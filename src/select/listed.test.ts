import { describe, expect, it } from 'vitest'
import { aCatalog, aSelection, aServer, aSite, someRules } from '../../test/support/builders.ts'
import type { HealthRow } from '../model/query.ts'
import { checkedAnswer, listChecked, listedSite, listServices } from './listed.ts'
import { select } from './select.ts'

const rules = someRules()
const listed = (catalog: Parameters<typeof select>[0], live?: Parameters<typeof select>[2]) =>
  listChecked(catalog, rules, select(catalog, rules, live))
const addresses = (rows: readonly HealthRow[] = []) => rows.map(({ Service }) => `${Service.Address}:${Service.Port}`)

const row: HealthRow = {
  Node: { Node: 'n1', Address: 'fd00::1', Meta: { rack: 'a "b"', zone: 'x' } },
  Service: {
    ID: 'web-1',
    Service: 'web',
    Tags: ['ok', 'a b', 'x;y'],
    Address: 'fd00::5',
    Port: 80,
    Meta: { a$b: '1', say: 'a b' },
  },
  Checks: [{ CheckID: 'service:web-1', Name: "Service 'web'", Status: 'passing', Output: 'a\nb' }],
}

describe('services as they are registered', () => {
  it('keep every value, and are the same objects as long as they are the same services', () => {
    const catalog = aCatalog({ name: 'web', instances: [{ row, address: 'x; }', port: 0, health: 'critical' }] })

    const [web] = listServices(catalog)

    expect(web?.rows).toEqual([row])
    expect(web?.isNamed).toBe(true)
    expect(listServices(catalog)[0]).toBe(web)
  })

  it.each([
    { health: 'passing', checks: [] },
    { health: 'critical', checks: ['critical'] },
    { health: 'maintenance', checks: ['critical'] },
  ] as const)('whom no Consul told of ($health) are given the rows that Consul would give', ({ health, checks }) => {
    const [web] = listServices(aCatalog({ name: 'web', tags: ['a'], instances: [{ health, meta: { k: 'v' } }] }))
    const [only] = web?.rows ?? []

    expect(only?.Service).toMatchObject({ ID: 'web-1', Service: 'web', Tags: ['a'], Port: 8080, Meta: { k: 'v' } })
    expect(only?.Checks.map(({ Status }) => Status)).toEqual(checks)
  })
})

describe('services for nginx’s configuration', () => {
  it('have no text that holds syntax, and an IPv6 address that a port can follow', () => {
    const [web] = listed(aCatalog({ name: 'web', instances: [{ row, address: 'fd00::5', port: 80 }] }))

    expect(web?.tags).toEqual(['a b', 'ok'])
    expect(web?.rows).toEqual([
      {
        Node: { Node: 'n1', Address: '[fd00::1]', Meta: { zone: 'x' } },
        Service: {
          ID: 'web-1',
          Service: 'web',
          Tags: ['ok', 'a b'],
          Address: '[fd00::5]',
          Port: 80,
          Meta: { say: 'a b' },
        },
        Checks: [{ CheckID: 'service:web-1', Status: 'passing' }],
      },
    ])
  })

  it.each([
    { title: 'a port nobody can have', instance: { port: 0 } },
    { title: 'an address that is none', instance: { address: 'x; } server { listen 1' } },
    { title: 'an address nobody serves', instance: { address: '169.254.169.254' } },
  ])('leave out $title; a service with nobody left is not named', ({ instance }) => {
    const catalog = aCatalog({ name: 'bad', instances: [instance] }, { name: 'half', instances: [instance, {}] })

    const [bad, half] = listed(catalog)

    expect([bad?.rows, bad?.isNamed]).toEqual([[], false])
    expect([addresses(half?.rows), half?.isNamed]).toEqual([['10.0.0.2:8080'], true])
  })

  it('are not there when their name is no name', () => {
    expect(listed(aCatalog({ name: 'a b' }, { name: '$host' }))).toEqual([])
  })

  it('tell of those that fail, too, but are not named when nobody passes', () => {
    const [web] = listed(aCatalog({ name: 'web', instances: [{ health: 'critical' }] }))

    expect([addresses(web?.rows), web?.isNamed]).toEqual([['10.0.0.1:8080'], false])
  })

  it('are as they are selected: who is held passes, and who is gone is there still', () => {
    const catalog = aCatalog({ name: 'web', instances: [{ health: 'critical', row }, {}] })
    const [, second] = catalog.services[0]?.instances ?? []
    const held = [
      aServer({ id: catalog.services[0]?.instances[0]?.id ?? '' }),
      aServer({ id: second?.id ?? '', address: '10.0.0.2' }),
    ]
    const selection = aSelection([aSite('gone', [aServer({ address: '10.9.9.9' })]), aSite('web', held)])

    const [gone, web] = listChecked(catalog, rules, selection)

    expect(addresses(gone?.rows)).toEqual(['10.9.9.9:8080'])
    expect(web?.rows.map(({ Checks }) => Checks)).toEqual([[], []])
    expect(web?.isNamed).toBe(true)
  })

  it('who passes and is not selected, because of a tag, is there: consul-template knows no such rule', () => {
    const tagged = someRules({ tags: { all: ['calico'] } })
    const catalog = aCatalog({ name: 'web', instances: [{ tags: ['calico'] }, { tags: [] }] })

    const [web] = listChecked(catalog, tagged, select(catalog, tagged, undefined))

    expect(addresses(web?.rows).sort()).toEqual(['10.0.0.1:8080', '10.0.0.2:8080'])
  })

  it('are the same objects as long as nothing of them changes', () => {
    const before = aCatalog({ name: 'a' }, { name: 'b' })
    const selection = select(before, rules, undefined)
    const [a, b] = listChecked(before, rules, selection)
    const [other, same] = listChecked(
      {
        ...before,
        services: [{ ...(before.services[0] as (typeof before.services)[0]) }, ...before.services.slice(1)],
      },
      rules,
      selection,
    )

    expect(other).not.toBe(a)
    expect(same).toBe(b)
  })
})

it('a site alone is a service that passes', () => {
  expect(listedSite(aSite('web', 2))).toMatchObject({
    name: 'web',
    isNamed: true,
    rows: [{ Checks: [] }, { Checks: [] }],
  })
})

describe('what others registered elsewhere', () => {
  const there = (Address: string, Port: unknown): HealthRow => ({ ...row, Service: { ...row.Service, Address, Port } })

  it('is of services only those with an IP address and a port', () => {
    const answer = [there('10.0.0.1', 80), there('', 80), there('x; }', 80), there('web.lan', 80), there('10.0.0.1', 0)]

    const checked = checkedAnswer('service', answer) as readonly HealthRow[]

    expect(addresses(checked)).toEqual(['10.0.0.1:80', '[fd00::1]:80'])
    expect(checkedAnswer('service', answer)).toBe(checked)
  })

  it('is of services only those whose name is one', () => {
    const named = (Service: string): HealthRow => ({ ...row, Service: { ...row.Service, Service } })
    const of = (Service: string, Address: string) => ({ Service, Address })
    const onNode = [of('web', ''), of('db', 'fd00::1'), of('../../etc/x', ''), of('c', 'unix:/run/c.sock')]

    expect(checkedAnswer('service', [named('../../etc/x'), named('a b')])).toEqual([])
    expect(checkedAnswer('services', { web: ['a'], '../../etc/x': [], 'a b': [] })).toEqual({ web: ['a'] })
    expect(checkedAnswer('node', { Node: { Node: 'n' }, Services: onNode })).toEqual({
      Node: { Node: 'n' },
      Services: [of('web', ''), of('db', '[fd00::1]')],
    })
  })

  it('loses what is syntax; keys and files are the operator’s', () => {
    expect(checkedAnswer('nodes', [{ Node: 'a', Meta: { x: 'a;b' } }])).toEqual([{ Node: 'a', Meta: {} }])
    expect(checkedAnswer('key', { Value: 'a;b' })).toEqual({ Value: 'a;b' })
    expect(checkedAnswer('file', 'a;b')).toBe('a;b')
  })
})
