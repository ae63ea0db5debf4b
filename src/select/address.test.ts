import { describe, expect, it } from 'vitest'
import { quote } from '../model/quote.ts'
import { endpointOf, isHostName, parseAddress } from './address.ts'

describe('an address as somebody registered it', () => {
  it.each([
    { title: 'an IPv4 address is taken as it is', text: '10.0.0.7', address: '10.0.0.7' },
    { title: 'loopback is an address like any other', text: '127.0.0.1', address: '127.0.0.1' },
    {
      title: 'a long IPv6 address is printed short',
      text: '2001:0DB8:0000:0000:0000:0000:0000:0005',
      address: '2001:db8::5',
    },
    { title: 'a half shortened IPv6 address is printed short', text: 'fd00:0::0005', address: 'fd00::5' },
    { title: 'upper case becomes lower case', text: 'FD00::ABCD', address: 'fd00::abcd' },
    { title: 'IPv6 loopback, spelled oddly', text: '0:0::1', address: '::1' },
    { title: 'IPv6 with a tail of IPv4 notation', text: 'fd00::10.0.0.7', address: 'fd00::a00:7' },
    { title: 'a mapped IPv4 address is IPv4', text: '::ffff:10.0.0.7', address: '10.0.0.7' },
    { title: 'a mapped IPv4 address in hexadecimal is IPv4', text: '::FFFF:0A00:0007', address: '10.0.0.7' },
    { title: 'a zone is not printed', text: 'fd00::5%eth0', address: 'fd00::5' },
  ])('$title: $text', ({ text, address }) => {
    expect(parseAddress(text)).toEqual({ kind: 'ip', address })
  })

  it.each([
    { text: '0.0.0.0', why: 'unspecified' },
    { text: '0.1.2.3', why: 'unspecified' },
    { text: '::', why: 'unspecified' },
    { text: '0:0:0:0:0:0:0:0', why: 'unspecified' },
    { text: '169.254.169.254', why: 'link-local' },
    { text: '::ffff:169.254.169.254', why: 'link-local' },
    { text: '::ffff:a9fe:a9fe', why: 'link-local' },
    { text: 'fe80::1', why: 'link-local' },
    { text: 'FE80::1%eth0', why: 'link-local' },
    { text: 'febf::1', why: 'link-local' },
    { text: '224.0.0.1', why: 'multicast' },
    { text: 'ff02::1', why: 'multicast' },
    { text: '255.255.255.255', why: 'reserved' },
  ])('$text is refused, because it is $why', ({ text, why }) => {
    expect(parseAddress(text)).toEqual({ kind: 'refused', why: expect.stringContaining(why) })
  })

  it.each([
    { text: 'db.example.org', name: 'db.example.org' },
    { text: 'DB.Example.org', name: 'db.example.org' },
    { text: 'my_db-1', name: 'my_db-1' },
    { text: 'localhost', name: 'localhost' },
  ])('$text is a host name that has to be resolved', ({ text, name }) => {
    expect(parseAddress(text)).toEqual({ kind: 'name', name })
  })

  it.each([
    { title: 'nothing at all', text: '' },
    { title: 'a unix socket', text: 'unix:/var/run/docker.sock' },
    { title: 'a path', text: '/var/run/docker.sock' },
    { title: 'an address with a port', text: '10.0.0.7:80' },
    { title: 'an address in brackets', text: '[fd00::5]' },
    { title: 'a bare IPv6 address with a port glued to it', text: 'fd00::5:80:99999' },
    { title: 'octal IPv4', text: '010.0.0.1' },
    { title: 'IPv4 with three parts', text: '10.0.1' },
    { title: 'IPv4 as one number', text: '167772161' },
    { title: 'a breakout', text: '10.1.1.2:80; } server { listen 81; } upstream z { server 10.0.0.1' },
    { title: 'a variable', text: '$http_host' },
    { title: 'a newline behind a good address', text: '10.0.0.7\n' },
    { title: 'a blank before a good address', text: ' 10.0.0.7' },
    { title: 'a comment', text: '10.0.0.7#' },
    { title: 'NUL', text: '10.0.0.7\0' },
    { title: 'a name that begins with a dash', text: '-rf' },
    { title: 'a wildcard', text: '*.example.org' },
    { title: 'two dots', text: 'a..b' },
    { title: 'a Cyrillic letter that looks Latin', text: 'ex\u0430mple.org' },
    { title: 'full-width digits', text: '１０.0.0.1' },
    { title: 'a label of 64 characters', text: 'a'.repeat(64) },
    { title: 'a name of 254 characters', text: `${'a'.repeat(63)}.`.repeat(4).slice(0, 254) },
  ])('$title is refused, and said why', ({ text }) => {
    expect(parseAddress(text)).toEqual({ kind: 'refused', why: expect.stringMatching(/^is /) })
  })
})

describe('a host name', () => {
  it('may have 253 characters, in labels of 63', () => {
    const name = [...Array(3).fill('a'.repeat(63)), 'a'.repeat(61)].join('.')

    expect(name).toHaveLength(253)
    expect(isHostName(name)).toBe(true)
  })

  it('is never what some resolvers take for an address', () => {
    expect(['1.2.3', '12345', '1.'].map(isHostName)).toEqual([false, false, false])
  })
})

it('an IPv6 endpoint has brackets, because nginx takes the last colon for the port', () => {
  expect([endpointOf('10.0.0.7', 8080), endpointOf('fd00::5', 80)]).toEqual(['10.0.0.7:8080', '[fd00::5]:80'])
})

describe('a foreign value in a message', () => {
  it('cannot write a second line, nor turn the text around', () => {
    const shown = quote('a\nERROR nginx is down\u202e\u200b\u0085\ufeff')

    expect(shown).toBe('"a\\nERROR nginx is down\\u202e\\u200b\\u0085\\ufeff"')
  })

  it('is cut short, so that a 5 KiB tag does not fill the log', () => {
    expect(quote('x'.repeat(5_000)).length).toBeLessThan(100)
  })
})
