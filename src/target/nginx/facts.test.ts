import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { factsOf, listenPorts } from './facts.ts'

let conf: string
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'upstreamd-facts-'))
  conf = join(folder, 'nginx.conf')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function facts(http: string, listen = '80') {
  writeFileSync(join(folder, 'ours.conf'), 'upstream ours {} server { listen 80 default_server; }')
  writeFileSync(conf, `events {}\nhttp {\n${http}\ninclude ours.conf;\n}\n`)
  return factsOf(conf, [join(folder, 'ours.conf')], listen)
}

describe('what our text in a foreign tree has to reckon with', () => {
  it.each([
    { title: 'on the same port', http: 'server { listen 80 default_server; }', listen: '80' },
    { title: 'by its old name', http: 'server { listen 80 default; }', listen: '80' },
    { title: 'on a port nobody wrote down', http: 'server { listen 0.0.0.0 default_server; }', listen: '80' },
  ])('somebody else’s default server $title: ours is left out, and that is said', ({ http, listen }) => {
    const { defaultServer, warnings } = facts(http, listen)

    expect(defaultServer).toBe(`${conf}:3`)
    expect(warnings).toEqual([expect.stringContaining(`${conf}:3 is the default_server`)])
  })

  it.each([
    { title: 'there is none but ours', http: '' },
    { title: 'it is for another port', http: 'server { listen 8080 default_server; }' },
    { title: 'it is for IPv6', http: 'server { listen [::]:80 default_server; }' },
    { title: 'it is for another address', http: 'server { listen 127.0.0.9:80 default_server; }' },
    { title: 'it is for a unix socket', http: 'server { listen unix:/run/x default_server; }' },
    { title: 'a server is no default', http: 'server { listen 80; }' },
    { title: 'it is commented out', http: '# server { listen 80 default_server; }' },
  ])('no default server in our way, when $title', ({ http }) => {
    expect(facts(http)).toMatchObject({ defaultServer: undefined, warnings: [] })
  })

  it('upstream names that are taken, without case and without ours', () => {
    expect(facts('upstream Api {}\nupstream "web-2" {}').upstreams).toEqual(new Set(['api', 'web-2']))
  })

  it('the longest server name, by the size of the hash', () => {
    expect(facts('').longestServerName).toBe(46)
    expect(facts('server_names_hash_bucket_size 128;').longestServerName).toBe(110)
  })
})

describe('the ports nginx listens on', () => {
  const ports = (http: string, listen = '127.0.0.1:81') => {
    facts(http)
    return [...listenPorts(conf, listen)].sort((a, b) => a - b)
  }

  it('are that of -listen, and those of every file, ours included', () => {
    expect(ports('server { listen 8080; listen 10.0.0.1:8081 ssl; listen [::]:8082; listen *:8083; }')).toEqual([
      80, 81, 8080, 8081, 8082, 8083,
    ])
  })

  it.each([
    { title: 'an address alone means port 80', http: 'server { listen 10.0.0.1; }', found: [80, 81] },
    { title: 'an IPv6 address alone, too', http: 'server { listen [fd00::1]; }', found: [80, 81] },
    { title: 'a name', http: 'server { listen localhost:8000; }', found: [80, 81, 8000] },
    {
      title: 'a range',
      http: 'server { listen 127.0.0.1:8000-8002; listen 90-91; }',
      found: [80, 81, 90, 91, 8000, 8001, 8002],
    },
    { title: 'a unix socket has none', http: 'server { listen unix:/run/x:80; }', found: [80, 81] },
  ])('$title', ({ http, found }) => {
    expect(ports(http)).toEqual(found)
  })

  it('are that of -listen alone, where there is no configuration yet', () => {
    expect([...listenPorts(join(folder, 'none.conf'), '81')]).toEqual([81])
  })
})
