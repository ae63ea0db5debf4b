import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openScene, type Scene } from '../support/scene.ts'

describe('a service that clashes with what is still live of one that is left out', () => {
  let scene: Scene

  beforeEach(async () => {
    scene = await openScene()
  })
  afterEach(() => scene.close())

  function register(services: Readonly<Record<string, Readonly<Record<string, string>>>>): void {
    const list = Object.entries(services).map(([name, meta]) => ({
      name,
      tags: ['calico'],
      meta,
      instances: [{ address: '127.0.0.1', port: scene.backend.port }],
    }))
    writeFileSync(scene.services.path, JSON.stringify({ services: list }))
  }

  it('is left out itself, and everybody else goes live', async () => {
    const path = join(scene.bench.folder, 'front.conf.njk')
    writeFileSync(
      path,
      `server {
         listen {{ listen }};
         {% for site in sites %}location {{ site.meta.path }} {
           client_max_body_size {{ site.meta.limit | default("1m") }};
           return 200;
         }{% endfor %}
       }`,
    )
    register({ web: { path: '/web' } })
    const running = scene.bench.start([...scene.own, `-template=${path}:conf.d/front.conf`])
    await running.saw('daemon.ready')
    register({ web: { path: '/web', limit: 'abc' } })
    await running.saw('selection.rejected', ({ rejection }) => rejection.service === 'web')

    register({ web: { path: '/web', limit: 'abc' }, another: { path: '/web' }, later: { path: '/later' } })

    const { rejection } = await running.saw('selection.rejected', found => found.rejection.service !== 'web')
    expect(rejection).toMatchObject({ service: 'another', reason: 'quarantined' })
    await running.saw('generation.activated', ({ added }) => added.some(server => server.startsWith('later ')))
  })
})
