import { writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { get } from '../support/http.ts'
import { makeTree } from '../support/nginx-tree.ts'
import { freePort } from '../support/ports.ts'
import { openScene, type Scene, shipped } from '../support/scene.ts'
import type { Running } from '../support/upstreamd.ts'

describe('a registration that points nginx where it must not go', () => {
  let scene: Scene

  beforeEach(async () => {
    scene = await openScene()
  })
  afterEach(() => scene.close())

  /** One service for each; nginx finds out what a name stands for as the machine's resolver says. */
  function register(peers: Readonly<Record<string, { readonly address: string; readonly port: number }>>): void {
    const services = Object.entries(peers).map(([name, peer]) => ({ name, tags: ['calico'], instances: [peer] }))
    writeFileSync(scene.services.path, JSON.stringify({ services }))
  }
  const answer = async (service: string) => (await get(scene.port, `${service}.test`)).status
  const refused = (running: Running) =>
    Object.fromEntries(
      running
        .events()
        .flatMap(event => (event.type === 'selection.rejected' ? [event.rejection] : []))
        .filter(({ reason }) => reason === 'invalid_address')
        .map(({ service, detail }) => [service, detail]),
    )

  it('is refused by what its host name stands for, and the others are served', async () => {
    // Numbers are names, too, for the C library; so no DNS is needed here.
    register({
      metadata: { address: '0xa9fea9fe', port: 80 },
      any: { address: '0x0', port: scene.port },
      web: { address: '0x7f000001', port: scene.backend.port },
    })

    const running = scene.bench.start(scene.own)
    await running.saw('daemon.ready')

    expect(refused(running)).toEqual({
      metadata: 'address 0xa9fea9fe is link-local: 169.254.169.254',
      any: 'address 0x0 is unspecified: 0.0.0.0',
    })
    expect([await answer('web'), await answer('metadata'), await answer('any')]).toEqual([200, 503, 503])
  })

  it('is refused with -refuse=loopback when it names this machine in any way', async () => {
    const { port } = scene.backend
    register({
      plain: { address: '127.0.0.1', port },
      odd: { address: '127.3.2.1', port },
      six: { address: '0:0::1', port },
      mapped: { address: '::ffff:127.0.0.1', port },
      hex: { address: '0x7f000001', port },
      elsewhere: { address: '192.0.2.1', port },
    })

    const running = scene.bench.start([...scene.own, '-refuse=loopback'])
    const { added } = await running.saw('generation.activated')

    expect(added).toEqual([`elsewhere 192.0.2.1:${port}`])
    expect(refused(running)).toEqual({
      plain: 'address is loopback: 127.0.0.1 (-refuse=loopback)',
      odd: 'address is loopback: 127.3.2.1 (-refuse=loopback)',
      six: 'address is loopback: ::1 (-refuse=loopback)',
      mapped: 'address is loopback: 127.0.0.1 (-refuse=loopback)',
      hex: 'address 0x7f000001 is loopback: 127.0.0.1 (-refuse=loopback)',
    })
  })

  it('is refused with -refuse=listen when it is a port of this nginx, ours or the tree’s', async () => {
    const theirs = await freePort()
    const admin = `server { listen 127.0.0.1:${theirs}; return 200 "for operators only"; }`
    const tree = makeTree(scene.bench.folder, admin)
    register({
      circle: { address: '127.0.0.1', port: scene.port },
      named: { address: '0x7f000001', port: scene.port },
      admin: { address: '127.0.0.1', port: theirs },
      web: { address: '127.0.0.1', port: scene.backend.port },
    })

    const running = scene.bench.start([
      ...scene.own,
      '-refuse=listen',
      `-nginx-conf=${tree.conf}`,
      `-template=${shipped}:${tree.destination}`,
    ])
    await running.saw('daemon.ready')

    expect(refused(running)).toEqual({
      circle: `address is this nginx itself: 127.0.0.1:${scene.port} (-refuse=listen)`,
      named: `address 0x7f000001 is this nginx itself: 127.0.0.1:${scene.port} (-refuse=listen)`,
      admin: `address is this nginx itself: 127.0.0.1:${theirs} (-refuse=listen)`,
    })
    expect([await answer('web'), await answer('circle'), await answer('admin')]).toEqual([200, 503, 503])
  })

  it('is taken out at once when the option comes with SIGHUP, and no guard holds it', async () => {
    const config = `${scene.bench.folder}/config.yaml`
    writeFileSync(config, 'refuse: []\n')
    scene.services.write({ web: [scene.backend.port], api: [scene.backend.port], more: [scene.backend.port] })
    const running = scene.bench.start([...scene.own, `-config=${config}`])
    await running.saw('daemon.ready')
    const from = running.events().length

    writeFileSync(config, 'refuse: loopback\n')

    const { removed } = await running.saw('generation.activated', undefined, from)
    expect(removed).toHaveLength(3)
    expect(await answer('web')).toBe(503)
    expect(running.events().filter(({ type }) => type === 'selection.held')).toEqual([])
  })
})
