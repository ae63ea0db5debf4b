import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answers, type CatalogScene, openCatalogScene } from '../support/catalog-scene.ts'
import { TTL } from '../support/consul.ts'
import { type Backend, get, startBackend } from '../support/http.ts'
import { until } from '../support/wait.ts'

const forms = [{ form: 'dotted' }, { form: 'flat' }] as const

describe.each(forms)('with the shipped template and $form names', ({ form }) => {
  let scene: CatalogScene
  let other: Backend
  let port: number
  const shop = form === 'dotted' ? 'shop.eu.test' : 'shop-eu.test'

  beforeAll(async () => {
    scene = await openCatalogScene()
    other = await startBackend('other')
    port = scene.port
    await scene.register(
      { Name: 'shop-eu' },
      { Name: 'shop', Port: other.port },
      { Name: 'empty', Check: { ...TTL, Status: 'critical' } },
      { Name: 'portless', Port: 0 },
      { Name: 'drained', Check: TTL },
    )
    const running = scene.bench.start([...scene.args, `-server-names=${form}`])
    await answers(port, shop)
    await answers(port, 'drained.test')
    await scene.consul.setCheck('drained', 'critical')
    await running.saw('generation.activated', ({ removed }) => removed.some(server => server.startsWith('drained ')))
    await until('the old workers are gone', async () => {
      const replies = await Promise.all(Array.from({ length: 20 }, () => get(port, 'drained.test')))
      return replies.every(({ status }) => status === 503)
    })
  })
  afterAll(async () => {
    await scene?.close()
    await other?.close()
  })

  it.each([
    { title: 'nobody registered', host: 'nobody.test' },
    { title: 'the domain itself', host: 'test' },
    { title: 'an IP address', host: '127.0.0.1' },
    { title: 'an IP address and a port', host: '127.0.0.1:80' },
    { title: 'an IPv6 address', host: '[::1]' },
    { title: 'the name of a service without the domain', host: 'shop' },
    { title: 'a name with something before it', host: `x${shop}` },
    { title: 'a name with a label before it', host: `www.${shop}` },
    { title: 'a name with something behind it', host: `${shop}x` },
    { title: 'a name with another domain behind it', host: `${shop}.evil.example` },
    { title: 'a name without its last character', host: shop.slice(0, -1) },
    { title: 'an underscore, which is the name of the default server', host: '_' },
    { title: 'the name of an upstream', host: 'shop-eu' },
    { title: 'localhost', host: 'localhost' },
    { title: 'a name of another form', host: form === 'dotted' ? 'shop-eu.test' : 'shop.eu.test' },
    { title: '253 characters', host: `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.test` },
  ])('$title: 404, and no team answers', async ({ host }) => {
    const { status, text } = await get(port, host)

    expect(status).toBe(404)
    expect(text).not.toMatch(/one|other/)
  })

  it.each([
    { title: 'no Host at all', request: 'GET / HTTP/1.0\r\n\r\n', status: 404 },
    { title: 'no Host where there must be one', request: 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n', status: 400 },
    { title: 'an empty Host', request: 'GET / HTTP/1.0\r\nHost:\r\n\r\n', status: 400 },
    { title: 'two Hosts', request: `GET / HTTP/1.0\r\nHost: nobody.test\r\nHost: nowhere.test\r\n\r\n`, status: 400 },
    { title: 'a Host that is none', request: 'GET / HTTP/1.0\r\nHost: a/b\r\n\r\n', status: 400 },
    { title: 'another name in the request line', request: `GET http://nobody.test/ HTTP/1.0\r\n\r\n`, status: 404 },
  ])('$title: $status, and no team answers', async ({ request, status }) => {
    const reply = await raw(port, request)

    expect(reply).toMatch(new RegExp(`^HTTP/1\\.. ${status} `))
    expect(reply.split('\r\n\r\n')[1]).not.toMatch(/^(one|other)$/)
  })

  it.each([
    { title: 'in upper case', host: shop.toUpperCase() },
    { title: 'with a port', host: `${shop}:8080` },
    { title: 'with a dot at its end', host: `${shop}.` },
    { title: 'with all of that', host: `${shop.toUpperCase()}.:443` },
  ])('the name of a service $title: that service answers', async ({ host }) => {
    expect(await get(port, host)).toMatchObject({ status: 200, text: 'one' })
    expect(await get(port, host.toLowerCase().replace(/shop.eu/, 'shop'))).toMatchObject({ status: 200, text: 'other' })
  })

  it.each([
    { title: 'whose instances never passed', host: 'empty.test' },
    { title: 'whose instances all fail now', host: 'drained.test' },
    { title: 'whose only instance has no port', host: 'portless.test' },
    { title: 'in upper case, with a port and a dot', host: 'EMPTY.test.:80' },
  ])('a service $title: 503 with Retry-After on every path', async ({ host }) => {
    for (const path of ['/', '/a/b?c', '/.well-known/x']) {
      const { status, headers, text } = await get(port, host, path)

      expect(status).toBe(503)
      expect(headers['retry-after']).toMatch(/^\d+$/)
      expect(text).not.toMatch(/^(one|other)$/)
    }
  })
})

/** Sends bytes as they are, and gives all that comes back. */
function raw(port: number, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request))
    let text = ''
    socket.setTimeout(5_000, () => socket.destroy(new Error('timeout')))
    socket.on('data', chunk => {
      text += chunk
    })
    socket.on('end', () => resolve(text))
    socket.on('error', reject)
  })
}
