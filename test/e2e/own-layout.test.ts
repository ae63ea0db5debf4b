import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Backend, get, startBackend } from '../support/http.ts'
import { freePort } from '../support/ports.ts'
import { type ServiceFile, serviceFile } from '../support/services.ts'
import { type Bench, workbench } from '../support/upstreamd.ts'
import { until } from '../support/wait.ts'

const root = join(import.meta.dirname, '../..')

describe('our own layout', () => {
  let bench: Bench
  let services: ServiceFile
  let backend: Backend
  let port: number
  let frame: string
  let args: string[]

  beforeEach(async () => {
    bench = workbench()
    services = serviceFile(bench.folder)
    backend = await startBackend('one')
    port = await freePort()
    services.write({ web: [backend.port] })
    frame = join(bench.folder, 'nginx.conf.njk')
    writeFileSync(frame, readFileSync(join(root, 'nginx/nginx.conf.njk')))
    args = [
      `-source=${services.source}`,
      '-tag=calico',
      '-domain=test',
      `-listen=127.0.0.1:${port}`,
      `-template=${frame}:nginx.conf`,
      `-template=${join(root, 'ctmpl/ingress.conf.njk')}:conf.d/ingress.conf`,
    ]
  })
  afterEach(async () => {
    await bench.clear()
    await backend.close()
  })
  const answers = (host: string) => until(`${host} answers`, async () => (await get(port, host)).status === 200)

  it('takes a configuration back whose workers die, and says what they died of', async () => {
    const running = bench.start(args)
    await answers('web.test')
    await running.saw('daemon.ready')

    // nginx -t and the master accept it; then every worker dies at once.
    writeFileSync(frame, `working_directory /no/such/folder;\n${readFileSync(frame, 'utf8')}`)
    const back = await running.saw('generation.rolled_back')

    expect(back.problem).toMatch(/fatal code|chdir|workers/)
    await answers('web.test')
    services.write({ web: [backend.port], api: [backend.port] })
    await answers('api.test')
  })

  it('serves names longer than the hash of a stock nginx holds', async () => {
    const name = 'a-very-long-name-that-somebody-chose-for-a-service-in-a-test-environment'
    services.write({ web: [backend.port], [name]: [backend.port] })

    bench.start(args)

    await answers(`${name.replaceAll('-', '.')}.test`)
  })

  it('leaves a template out that does not answer for services without servers: they keep the ones they had', async () => {
    const plain = join(bench.folder, 'plain.njk')
    writeFileSync(
      plain,
      `{% for site in sites %}upstream {{ site.upstream.name }} { {% for s in site.upstream.servers %}server {{ s.endpoint }}; {% endfor %} }
server { listen 127.0.0.1:${port}; server_name {{ site.serverNames | join(" ") }}; location / { proxy_pass http://{{ site.upstream.name }}; } }
{% endfor %}`,
    )
    const running = bench.start([...args.slice(0, -1), `-template=${plain}:conf.d/plain.conf`])
    await answers('web.test')
    await running.saw('daemon.ready')

    await running.saw('config.warned', ({ problem }) => problem.includes('no template has a default_server'))
    writeFileSync(
      services.path,
      JSON.stringify({
        services: [
          {
            name: 'web',
            tags: ['calico'],
            instances: [{ address: '127.0.0.1', port: backend.port, health: 'critical' }],
          },
          { name: 'other', tags: ['calico'], instances: [{ address: '127.0.0.1', port: backend.port }] },
        ],
      }),
    )
    await answers('other.test')

    expect((await get(port, 'web.test')).status).toBe(200)
  })
})
