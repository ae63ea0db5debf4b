import { describe, expect, it } from 'vitest'
import { addressOf, keyOf, listensOf } from './listens.ts'
import { readTree } from './tree.ts'

describe('what a listen binds', () => {
  it.each([
    { listen: '80', key: '0.0.0.0:80' },
    { listen: '*:81', key: '0.0.0.0:81' },
    { listen: '127.0.0.1', key: '127.0.0.1:80' },
    { listen: '127.0.0.1:8080', key: '127.0.0.1:8080' },
    { listen: '[::]:80', key: '[::]:80' },
    { listen: '[fd00::5]', key: '[fd00::5]:80' },
    { listen: 'unix:/run/app.sock', key: 'unix:/run/app.sock' },
  ])('$listen → $key', ({ listen, key }) => {
    const address = addressOf([listen, 'default_server'])

    expect(address && keyOf(address)).toBe(key)
  })

  it.each([
    'localhost:80',
    '8000-8010',
    '127.0.0.1:8000-8010',
    'unix:app.sock',
    '127.0.0.1:99999',
    '',
    '$port',
    '[::1',
  ])('%j is left to nginx', listen => {
    expect(addressOf([listen])).toBeUndefined()
  })

  it('IPv6 alone, unless both are asked for', () => {
    expect(addressOf(['[::]:80'])).toMatchObject({ ipv6Only: true })
    expect(addressOf(['[::]:80', 'ipv6only=off'])).toMatchObject({ ipv6Only: false })
  })
})

it('the listens of a tree are told with file and line, but for those that are no listeners or share their port', () => {
  const main = [
    'stream { server { listen 53 udp; proxy_pass x; } }',
    'http {',
    '  include /conf.d/*.conf;',
    '  server { listen 90; listen 91',
    '    ssl; }',
    '}',
  ].join('\n')
  const shared = 'server { listen 443 quic reuseport; }\nserver { listen 443 ssl; }\nserver { listen 90 deferred; }'
  const tree = readTree('/nginx.conf', new Map(Object.entries({ '/nginx.conf': main, '/conf.d/a.conf': shared })))

  const found = listensOf(tree).map(({ address, file, line }) => `${file}:${line} ${keyOf(address)}`)

  expect(found.sort()).toEqual(['/conf.d/a.conf:3 0.0.0.0:90', '/nginx.conf:4 0.0.0.0:90', '/nginx.conf:4 0.0.0.0:91'])
})
