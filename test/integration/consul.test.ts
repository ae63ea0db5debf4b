import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isOf, type UpstreamdError } from '../../src/errors.ts'
import type { Snapshot } from '../../src/model/catalog.ts'
import { systemClock } from '../../src/runtime.ts'
import { connect } from '../../src/source/consul/client.ts'
import { ConsulConfig } from '../../src/source/consul/config.ts'
import { isUnaskable, servicesOf } from '../../src/source/consul/questions.ts'
import { Remembered } from '../../src/source/consul/rows.ts'
import { sources } from '../../src/source/registry.ts'
import { consulBinary, type RealConsul, startConsul } from '../support/consul.ts'
import { freePort } from '../support/ports.ts'

const MASTER = '11111111-2222-3333-4444-555555555555'

let folder: string
let consul: RealConsul | undefined

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'upstreamd-integration-'))
})
afterEach(async () => {
  await consul?.stop()
  consul = undefined
  rmSync(folder, { recursive: true, force: true })
})

/** The first snapshot, or what was thrown instead. */
async function firstOf(section: object): Promise<Snapshot | UpstreamdError> {
  const ended = new AbortController()
  const source = sources.create(
    { type: 'consul', ...section },
    { clock: systemClock, emit: () => {}, signal: ended.signal },
  )
  try {
    for await (const snapshot of source.snapshots(() => true, ended.signal)) return snapshot
    throw new Error('ended without a snapshot')
  } catch (error) {
    if (isOf('source', error)) return error
    throw error
  } finally {
    ended.abort()
  }
}

describe('a Consul that asks for a token', () => {
  const guarded = { acl: { enabled: true, default_policy: 'deny', tokens: { master: MASTER, agent: MASTER } } }

  it('never looks empty without one; is read with one, from a file that is read again', async () => {
    consul = await startConsul(guarded, MASTER)
    const address = consul.address

    const without = await firstOf({ address })
    const wrong = await firstOf({ address, token: '00000000-0000-0000-0000-00000000dead' })
    const tokenFile = join(folder, 'token')
    writeFileSync(tokenFile, `${MASTER}\n`, { mode: 0o600 })
    const right = await firstOf({ address, token_file: tokenFile })

    expect(without).toMatchObject({ code: 'SOURCE_EMPTY' })
    expect(wrong).toMatchObject({ code: 'SOURCE_DENIED' })
    expect(String((wrong as Error).message)).not.toContain('dead')
    expect(right).toMatchObject({ services: [{ name: 'consul' }] })
  })
})

describe('a Consul that speaks TLS', () => {
  it('is read with its authority and a client certificate, and refused without', async () => {
    const binary = consulBinary() ?? ''
    execFileSync(binary, ['tls', 'ca', 'create'], { cwd: folder })
    execFileSync(binary, ['tls', 'cert', 'create', '-server', '-additional-ipaddress=127.0.0.1'], { cwd: folder })
    execFileSync(binary, ['tls', 'cert', 'create', '-client'], { cwd: folder })
    const https = await freePort()
    consul = await startConsul({
      ports: { https },
      ca_file: join(folder, 'consul-agent-ca.pem'),
      cert_file: join(folder, 'dc1-server-consul-0.pem'),
      key_file: join(folder, 'dc1-server-consul-0-key.pem'),
      verify_incoming_https: true,
    })
    const ssl = {
      enabled: true,
      ca_cert: join(folder, 'consul-agent-ca.pem'),
      cert: join(folder, 'dc1-client-consul-0.pem'),
      key: join(folder, 'dc1-client-consul-0-key.pem'),
    }
    const address = `127.0.0.1:${https}`

    expect(await firstOf({ address, ssl })).toMatchObject({ services: [{ name: 'consul' }] })
    expect(await firstOf({ address, ssl: { ...ssl, ca_cert: undefined } })).toMatchObject({
      code: 'SOURCE_UNREACHABLE',
    })
    expect(await firstOf({ address, ssl: { enabled: true, ca_cert: ssl.ca_cert } })).toMatchObject({
      code: 'SOURCE_UNREACHABLE',
    })
    const both = join(folder, 'both.pem')
    writeFileSync(both, readFileSync(ssl.cert, 'utf8') + readFileSync(ssl.key, 'utf8'))
    expect(await firstOf({ address, ssl: { ...ssl, cert: both, key: undefined } })).toMatchObject({
      services: [{ name: 'consul' }],
    })
    for (const authority of [
      { ca_cert_bytes: readFileSync(ssl.ca_cert, 'utf8') },
      { ca_path: folder }, // with other files in it
    ]) {
      expect(await firstOf({ address, ssl: { ...ssl, ca_cert: undefined, ...authority } })).toMatchObject({
        services: [{ name: 'consul' }],
      })
    }
    expect(await firstOf({ address, ssl: { ...ssl, server_name: 'not.that.name' } })).toMatchObject({
      code: 'SOURCE_UNREACHABLE',
    })
  })
})

describe('a namespace', () => {
  it.each([
    { title: 'is asked for by name', section: { namespace: 'team-a' }, name: 'team-a' },
    { title: 'is not asked for without one', section: {}, name: undefined },
  ])('$title', async ({ section, name }) => {
    const asked = new Set<unknown>()
    const server = createServer((request, response) => {
      asked.add(request.headers['x-consul-namespace'])
      response.writeHead(500).end()
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))

    await firstOf({ address: `127.0.0.1:${(server.address() as AddressInfo).port}`, ...section })
    server.close()

    expect(asked).toEqual(new Set([name]))
  })
})

describe('connections to Consul', () => {
  it('are a dozen at most, with 300 services and a limit of 20', async () => {
    consul = await startConsul({ limits: { http_max_conns_per_client: 20 } })
    for (let number = 0; number < 300; number += 1) await consul.register({ Name: `svc-${number}`, Port: 1 + number })

    const found = await firstOf({ address: consul.address })

    expect(found).toMatchObject({ services: { length: 301 } })
  })

  it('reach an IPv6 address', async () => {
    consul = await startConsul({ client_addr: '127.0.0.1 ::1' })
    const port = consul.address.split(':')[1]

    expect(await firstOf({ address: `[::1]:${port}` })).toMatchObject({ services: [{ name: 'consul' }] })
  })
})

describe('a node may have any name', () => {
  const answered = ['n.1', '..a', 'a b', 'a/b', 'a;b{}$"', '%41', 'a?b#c', 'ä', 'ノード', '😀']
  const unanswered = ['..', '.', 'a/../b', 'a//b', 'a\nb', 'a\u202eb', 'a\u00a0b']

  it('Consul has an answer for those of which we think so, and none for the others', async () => {
    consul = await startConsul()
    const { address } = consul
    for (const Node of [...answered, ...unanswered]) {
      await consul.call('PUT', '/catalog/register', {
        Node,
        Address: '10.0.0.1',
        Service: { Service: 'far', Port: 80 },
      })
    }
    async function hasAnswer(node: string): Promise<boolean> {
      const client = connect(ConsulConfig.parse({ type: 'consul', address }), { asked: 0 })
      try {
        const { body } = await client.ask(servicesOf(node, new Remembered()), new AbortController().signal)
        return body?.Services?.length === 1
      } catch {
        return false
      } finally {
        client.close()
      }
    }

    for (const node of answered) expect([node, await hasAnswer(node), isUnaskable(node)]).toEqual([node, true, false])
    for (const node of unanswered) expect([node, await hasAnswer(node), isUnaskable(node)]).toEqual([node, false, true])
    expect(await firstOf({ address })).toMatchObject({
      services: [{ name: 'consul' }, { name: 'far', instances: { length: answered.length } }],
    })
  })
})
