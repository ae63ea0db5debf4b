import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RealConsul, startConsul, TTL } from '../support/consul.ts'
import { type Backend, get, post, startBackend } from '../support/http.ts'
import { freePort } from '../support/ports.ts'
import { type Bench, type Running, workbench } from '../support/upstreamd.ts'
import { until } from '../support/wait.ts'

describe('services in Consul are served by nginx under their own names', () => {
  let consul: RealConsul
  let bench: Bench
  let running: Running
  let port: number
  let backends: Backend[]

  beforeAll(async () => {
    consul = await startConsul()
    bench = workbench()
    port = await freePort()
    backends = await Promise.all(['one', 'two', 'three'].map(name => startBackend(name)))
    for (const { name, port } of backends) {
      await consul.register({ Name: 'nginx-test', ID: name, Port: port, Tags: ['calico'], Check: TTL })
    }
    running = bench.start([
      `-consul-addr=${consul.address}`,
      '-tag=calico',
      '-domain=flyclock.cn',
      `-listen=127.0.0.1:${port}`,
      '-reload-interval=0s', // one change comes after the other here
    ])
    await running.saw('daemon.ready')
  })
  afterAll(async () => {
    await running?.stop()
    await bench?.clear()
    await consul?.stop()
    for (const backend of backends ?? []) await backend.close()
  })

  const answers = async (host: string, times = 12) => {
    const texts = await Promise.all(Array.from({ length: times }, () => get(port, host)))
    return new Set(texts.map(({ status, text }) => (status === 200 ? text : String(status))))
  }

  it('spreads requests over all instances', async () => {
    expect(await answers('nginx.test.flyclock.cn')).toEqual(new Set(['one', 'two', 'three']))
  })

  it('answers 404 for a host nobody registered', async () => {
    expect((await get(port, 'nobody.flyclock.cn')).status).toBe(404)
  })

  it('serves a service as soon as it is registered', async () => {
    await consul.register({ Name: 'api', ID: 'api', Port: backends[0]?.port ?? 0, Tags: ['calico'] })

    await until('api answers', async () => (await get(port, 'api.flyclock.cn')).text === 'one', 2_000)
  })

  it('does not serve what lacks the tag', async () => {
    await consul.register({ Name: 'other', ID: 'other', Port: backends[0]?.port ?? 0, Tags: ['bridge'] })
    await consul.register({ Name: 'after', ID: 'after', Port: backends[0]?.port ?? 0, Tags: ['calico'] })
    await until('what was registered later answers', async () => (await get(port, 'after.flyclock.cn')).status === 200)

    expect((await get(port, 'other.flyclock.cn')).status).toBe(404)
  })

  it('takes an instance out when its check fails, and back when it passes', async () => {
    await consul.setCheck('two', 'critical')
    await until('two is out', async () => !(await answers('nginx.test.flyclock.cn')).has('two'))

    await consul.setCheck('two', 'passing')
    await until('two is back', async () => (await answers('nginx.test.flyclock.cn')).has('two'))
  })

  it('answers 503 with Retry-After when no instance is healthy, and 404 when the service is gone', async () => {
    await consul.register({ Name: 'lonely', ID: 'lonely', Port: backends[0]?.port ?? 0, Tags: ['calico'], Check: TTL })
    await until('lonely answers', async () => (await get(port, 'lonely.flyclock.cn')).status === 200)

    await consul.setCheck('lonely', 'critical')
    const reply = await until('lonely is unavailable', async () => {
      const found = await get(port, 'lonely.flyclock.cn')
      return found.status === 503 && found
    })
    expect(reply.headers['retry-after']).toBe('5')

    await consul.deregister('lonely')
    await until('lonely is unknown', async () => (await get(port, 'lonely.flyclock.cn')).status === 404)
  })

  it('gives weights to nginx as they are registered', async () => {
    const [heavy, light] = backends
    await consul.register({
      Name: 'weighted',
      ID: 'w1',
      Port: heavy?.port ?? 0,
      Tags: ['calico'],
      Weights: { Passing: 9, Warning: 1 },
    })
    await consul.register({
      Name: 'weighted',
      ID: 'w2',
      Port: light?.port ?? 0,
      Tags: ['calico'],
      Weights: { Passing: 1, Warning: 1 },
    })

    // Workers of the generation before go on answering for a moment, so the share is looked at more than once.
    await until('nine of ten requests reach the heavy one', async () => {
      const texts = await Promise.all(
        Array.from({ length: 50 }, async () => (await get(port, 'weighted.flyclock.cn')).text),
      )
      return texts.filter(text => text === 'one').length === 45
    })
  })

  it('passes request bodies that are too large for memory', async () => {
    const reply = await post(port, 'api.flyclock.cn', 'x'.repeat(4_000_000))

    expect(reply.status).toBe(200)
  })

  it('serves 500 instances of one service', async () => {
    for (let number = 0; number < 500; number += 1) {
      await consul.register({
        Name: 'many',
        ID: `many-${number}`,
        Address: `127.1.${number >> 8}.${number & 255}`,
        Port: backends[0]?.port ?? 0,
        Tags: ['calico'],
      })
    }

    const found = await running.saw(
      'generation.activated',
      ({ added }) => added.length > 0 && added.some(server => server.includes('127.1.1.243')),
    )
    expect(found.how).toBe('reloaded')
    for (let number = 0; number < 500; number += 1) await consul.deregister(`many-${number}`)
  })

  it('reaches an instance by IPv6', async () => {
    const backend = await startBackend('six', '::1')
    try {
      await consul.register({ Name: 'six', ID: 'six', Address: '0:0::1', Port: backend.port, Tags: ['calico'] })

      await until('six answers', async () => (await get(port, 'six.flyclock.cn')).text === 'six')
    } finally {
      await consul.deregister('six')
      await backend.close()
    }
  })

  it('names every bad registration with its reason, and serves the good one that came with them', async () => {
    const good = backends[0]?.port ?? 0
    const from = running.events().length
    await consul.register({ Name: 'bad name;}', ID: 'p1', Port: good, Tags: ['calico'] })
    await consul.register({ Name: 'no-port', ID: 'p2', Tags: ['calico'] })
    await consul.register({
      Name: 'breakout',
      ID: 'p3',
      Address: '10.1.1.2:80; } server { listen 81;',
      Port: 80,
      Tags: ['calico'],
    })
    await consul.register({ Name: 'Nginx-Test', ID: 'p4', Port: good, Tags: ['calico'] })
    await consul.register({ Name: 'fine', ID: 'p5', Port: good, Tags: ['calico'] })

    await until('the good one answers', async () => (await get(port, 'fine.flyclock.cn')).status === 200)
    for (const [service, reason] of [
      ['bad name;}', 'invalid_service_name'],
      ['no-port', 'invalid_port'],
      ['breakout', 'invalid_address'],
      ['Nginx-Test', 'server_name_taken'],
    ]) {
      await running.saw(
        'selection.rejected',
        ({ rejection }) => rejection.service === service && rejection.reason === reason,
        from,
      )
    }
    expect(await answers('nginx.test.flyclock.cn')).toEqual(new Set(['one', 'two', 'three']))
    for (const id of ['p1', 'p2', 'p3', 'p4']) await consul.deregister(id)
  })

  it('does nothing when nothing changes', async () => {
    await consul.register({ Name: 'last', ID: 'last', Port: backends[0]?.port ?? 0, Tags: ['calico'] })
    await until('last answers', async () => (await get(port, 'last.flyclock.cn')).status === 200)
    const before = running.events().filter(({ type }) => type === 'generation.validated').length

    // The same again, and a change of what nobody selects: both reach us, neither is worth a reload.
    await consul.register({ Name: 'last', ID: 'last', Port: backends[0]?.port ?? 0, Tags: ['calico'] })
    await consul.register({ Name: 'foreign', ID: 'foreign', Port: 1, Tags: ['bridge'] })
    await running.saw('source.snapshot', ({ index }) => Number(index) > 0, running.events().length)

    expect(running.events().filter(({ type }) => type === 'generation.validated')).toHaveLength(before)
  })

  it('keeps serving when Consul dies, says how long it has been, and goes on when it is back', async () => {
    const from = running.events().length
    await consul.kill()
    await running.saw('source.lost', undefined, from)

    expect(await answers('nginx.test.flyclock.cn')).toEqual(new Set(['one', 'two', 'three']))
    const check = await bench.run(['healthcheck'])
    expect(check.code).toBe(0)
  })
})
