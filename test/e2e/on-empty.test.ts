import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isWorker } from '../../src/target/nginx/proc.ts'
import { get } from '../support/http.ts'
import { openScene, type Scene } from '../support/scene.ts'
import { nginxOf } from '../support/upstreamd.ts'
import { until } from '../support/wait.ts'

describe('a service whose last instance fails its check', () => {
  let scene: Scene

  beforeEach(async () => {
    scene = await openScene()
  })
  afterEach(() => scene.close())

  type Health = 'passing' | 'critical'
  /** Services with one instance each, in this state. */
  function register(services: Readonly<Record<string, Health>>): void {
    const list = Object.entries(services).map(([name, health]) => ({
      name,
      tags: ['calico'],
      instances: [{ address: '127.0.0.1', port: scene.backend.port, health }],
    }))
    writeFileSync(scene.services.path, JSON.stringify({ services: list }))
  }
  const status = async (service: string) => (await get(scene.port, `${service}.test`)).status
  const statuses = async (...services: string[]) => Promise.all(services.map(status))
  const workers = () =>
    new Set(
      nginxOf(scene.bench.folder)
        .filter(isWorker)
        .map(({ pid }) => pid),
    )
  /** What came later is live, and the workers from before, which answer for a moment more, are gone. */
  async function laterIsLive(before: ReadonlySet<number>): Promise<void> {
    await scene.answers('later.test')
    await until('the workers from before are gone', () => [...workers()].every(pid => !before.has(pid)))
  }
  /** A template that says nothing of services without servers. */
  function plainTemplate(): string {
    const path = join(scene.bench.folder, 'plain.conf.njk')
    writeFileSync(
      path,
      `server { listen {{ listen }} default_server; return 404; }
       {% for site in sites %}upstream {{ site.upstream.name }} {
         {% for server in site.upstream.servers %}server {{ server.endpoint }};{% endfor %}
       }
       server {
         listen {{ listen }};
         server_name {{ site.serverNames | join(" ") }};
         location / { proxy_pass http://{{ site.upstream.name }}; }
       }
       {% endfor %}`,
    )
    return `-template=${path}:conf.d/plain.conf`
  }

  it.each([
    { onEmpty: '503', api: 503, never: 503 },
    { onEmpty: 'keep', api: 200, never: 503 },
    { onEmpty: 'drop', api: 404, never: 404 },
  ])('-on-empty=$onEmpty: answers $api with the shipped template, and $never if it never had one', async given => {
    register({ api: 'passing', web: 'passing', never: 'critical' })
    const running = scene.bench.start([...scene.own, `-on-empty=${given.onEmpty}`])
    await running.saw('daemon.ready')
    expect(await statuses('api', 'never')).toEqual([200, given.never])

    const before = workers()
    register({ api: 'critical', web: 'passing', never: 'critical', later: 'passing' })

    await laterIsLive(before)
    expect(await statuses('api', 'never', 'web')).toEqual([given.api, given.never, 200])
    await running.saw('selection.rejected', ({ rejection }) => rejection.service === 'api')
  })

  it.each([
    { onEmpty: '503', api: 200 },
    { onEmpty: 'keep', api: 200 },
    { onEmpty: 'drop', api: 404 },
  ])('-on-empty=$onEmpty: answers $api with a template that has no answer for it', async ({ onEmpty, api }) => {
    register({ api: 'passing', web: 'passing', never: 'critical' })
    const running = scene.bench.start([...scene.own, plainTemplate(), `-on-empty=${onEmpty}`])
    await running.saw('daemon.ready')

    const before = workers()
    register({ api: 'critical', web: 'passing', never: 'critical', later: 'passing' })

    await laterIsLive(before)
    expect(await statuses('api', 'never', 'web')).toEqual([api, 404, 200])
  })

  it('-on-empty=keep: is served by its last servers after a restart, too, and gone when nobody registers it', async () => {
    register({ api: 'passing', web: 'passing' })
    const args = [...scene.own, '-on-empty=keep']
    const first = scene.bench.start(args)
    await first.saw('daemon.ready')
    const before = workers()
    register({ api: 'critical', web: 'passing', later: 'passing' })
    await laterIsLive(before)
    await first.stop()

    const second = scene.bench.start(args)
    await second.saw('daemon.ready')
    await scene.answers('later.test')
    expect(await status('api')).toBe(200)

    register({ web: 'passing', later: 'passing' })
    await until('it is gone', async () => (await status('api')) === 404)
  })

  it('-on-empty=drop: is held with all the others when all fail at once, until that is approved', async () => {
    register({ api: 'passing', web: 'passing', more: 'passing' })
    const running = scene.bench.start([...scene.own, '-on-empty=drop'])
    await running.saw('daemon.ready')

    register({ api: 'critical', web: 'critical', more: 'critical' })
    const held = await running.saw('selection.held')
    expect(held).toMatchObject({ services: ['api', 'more', 'web'], until: 'approved' })
    expect(await statuses('api', 'web', 'more')).toEqual([200, 200, 200])

    process.kill(running.pid, 'SIGUSR1')
    await until('the loss is believed', async () =>
      (await statuses('api', 'web', 'more')).every(found => found === 404),
    )
  })

  it('is dropped without a hold when that is what a changed -on-empty asks for', async () => {
    const config = join(scene.bench.folder, 'config.yaml')
    writeFileSync(config, 'on_empty: keep\n')
    register({ api: 'passing', web: 'passing', more: 'passing' })
    const running = scene.bench.start([...scene.own, `-config=${config}`])
    await running.saw('daemon.ready')
    register({ api: 'critical', web: 'critical', more: 'critical' })
    await running.saw('selection.rejected', ({ rejection }) => rejection.service === 'web')
    expect(await statuses('api', 'web', 'more')).toEqual([200, 200, 200])

    writeFileSync(config, 'on_empty: 503\n')

    await until('they are answered for', async () =>
      (await statuses('api', 'web', 'more')).every(found => found === 503),
    )
    expect(running.events().filter(({ type }) => type === 'selection.held')).toEqual([])
  })
})
