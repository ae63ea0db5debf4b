import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anInstance, someRules } from '../../test/support/builders.ts'
import { type Claim, problemOf, serverNameOf, settle, wantedNames } from './server-name.ts'

const dotted = someRules().serverName
const flat = someRules({ serverName: { form: 'flat' } }).serverName

describe('the name a service is served under', () => {
  it.each([
    { title: 'dashes become dots', service: 'nginx-test', rule: dotted, name: 'nginx.test.flyclock.cn' },
    { title: 'dashes stay in the flat form', service: 'nginx-test', rule: flat, name: 'nginx-test.flyclock.cn' },
    { title: 'upper case is written lower case', service: 'Nginx-Test', rule: dotted, name: 'nginx.test.flyclock.cn' },
    { title: 'dots of its own stay', service: 'api.v2', rule: flat, name: 'api.v2.flyclock.cn' },
    { title: 'without a domain it stands alone', service: 'a-b', rule: { ...dotted, domain: undefined }, name: 'a.b' },
  ])('$title: $service is $name', ({ service, rule, name }) => {
    expect(serverNameOf(service, rule)).toBe(name)
  })

  it('comes from the service itself when no instance says otherwise', () => {
    expect(wantedNames('nginx-test', [anInstance(), anInstance()], dotted)).toEqual(['nginx.test.flyclock.cn'])
  })

  it('is what an instance says in meta server_name, also when the others say nothing', () => {
    const instances = [anInstance(), anInstance({ meta: { server_name: 'Shop.Example.org' } })]

    expect(wantedNames('web', instances, dotted)).toEqual(['shop.example.org'])
  })

  it('may be several names, each once and in a fixed order', () => {
    const instances = [
      anInstance({ meta: { server_name: 'b.org, a.org' } }),
      anInstance({ meta: { server_name: ' a.org\tC.org' } }),
    ]

    expect(wantedNames('web', instances, dotted)).toEqual(['a.org', 'b.org', 'c.org'])
  })

  it('is not taken from a server_name of blanks', () => {
    expect(wantedNames('web', [anInstance({ meta: { server_name: ' , ' } })], dotted)).toEqual(['web.flyclock.cn'])
  })
})

describe('a name nginx or DNS could not serve', () => {
  it.each([
    { title: 'a wildcard', name: '*.flyclock.cn' },
    { title: 'a regular expression', name: '~^.*$' },
    { title: 'a breakout', name: 'a.org;}server{listen' },
    { title: 'nothing between two dots', name: 'a..org' },
    { title: 'an address', name: '10.0.0.1' },
    { title: 'a variable', name: '$hostname' },
    { title: 'another alphabet', name: 'пример.рф' },
  ])('$title is refused: $name', ({ name }) => {
    expect(problemOf(name, dotted)).toContain('is not a host name')
  })

  it('is one that is longer than the hash of the surrounding nginx holds, and the directive is named', () => {
    const rule = { ...dotted, longest: 46 }

    expect(problemOf('a'.repeat(46), rule)).toBeUndefined()
    expect(problemOf('a'.repeat(47), rule)).toMatch(/47 characters.*server_names_hash_bucket_size holds 46/)
  })
})

describe('two services want one host name', () => {
  const claim = (service: string, createIndex: number, name = 'shop.org'): Claim => ({
    service,
    name,
    createIndex: BigInt(createIndex),
  })

  it('who holds it live keeps it, however old the other is', () => {
    const winners = settle([claim('old', 1), claim('holder', 99)], new Map([['shop.org', 'holder']]))

    expect(winners.get('shop.org')).toBe('holder')
  })

  it('a holder that no longer claims it loses it', () => {
    const winners = settle([claim('old', 1), claim('new', 99)], new Map([['shop.org', 'gone']]))

    expect(winners.get('shop.org')).toBe('old')
  })

  it('the oldest registration gets it when nobody holds it, compared as numbers', () => {
    expect(settle([claim('a', 100), claim('b', 9)], new Map()).get('shop.org')).toBe('b')
  })

  it('of two registered at once the first by name gets it', () => {
    expect(settle([claim('b', 5), claim('a', 5)], new Map()).get('shop.org')).toBe('a')
  })

  it('other names are nobody else’s business', () => {
    const winners = settle([claim('a', 5), claim('b', 5), claim('b', 5, 'b.org')], new Map())

    expect(winners).toEqual(
      new Map([
        ['shop.org', 'a'],
        ['b.org', 'b'],
      ]),
    )
  })

  it('the answer does not depend on the order in which they come', () => {
    const service = fc.constantFrom('a', 'b', 'c', 'd')
    const name = fc.constantFrom('x.org', 'y.org', 'z.org')
    const claims = fc.uniqueArray(fc.record({ service, name, createIndex: fc.bigInt(0n, 3n) }), {
      selector: ({ service, name }) => `${service} ${name}`,
    })
    const holders = fc.uniqueArray(fc.tuple(name, service), { selector: ([name]) => name })
    const given = fc.tuple(claims, holders).chain(([claims, holders]) =>
      fc.record({
        claims: fc.constant(claims),
        shuffled: fc.shuffledSubarray(claims, { minLength: claims.length }),
        holders: fc.constant(new Map(holders)),
      }),
    )

    fc.assert(
      fc.property(given, ({ claims, shuffled, holders }) => {
        const winners = settle(claims, holders)

        expect(settle(shuffled, holders)).toEqual(winners)
        for (const { name } of claims) expect(winners.has(name)).toBe(true)
      }),
    )
  })
})
