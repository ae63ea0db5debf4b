import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Datagrams } from '../support/datagrams.ts'
import { type ServiceFile, serviceFile } from '../support/services.ts'
import { type Bench, workbench } from '../support/upstreamd.ts'
import { until } from '../support/wait.ts'

let bench: Bench
let services: ServiceFile
let manager: Datagrams
let args: string[]

beforeEach(() => {
  bench = workbench('systemd')
  services = serviceFile(bench.folder)
  manager = new Datagrams(join(bench.folder, 'notify.socket'))
  writeFileSync(join(bench.folder, 'in.njk'), '{% for site in sites %}{{ site.service }}\n{% endfor %}')
  args = [`-source=${services.source}`, `-template=${bench.folder}/in.njk:${bench.folder}/out`]
})
afterEach(async () => {
  await bench.end()
  await manager.stop()
  await bench.clear()
})

describe('a service manager that waits', () => {
  const isThere = spawnSync('systemd-notify', ['--version']).status === 0
  if (!isThere) console.warn('SKIPPED: no systemd-notify, so no Type=notify can be tried')

  it.skipIf(!isThere)('is told when everything is live, not before', async () => {
    await manager.start()
    const running = bench.start(args, { NOTIFY_SOCKET: manager.socket })
    await running.saw('daemon.started')
    expect(manager.received()).not.toContain('READY=1')

    services.write({ web: [8080] })
    await running.saw('daemon.ready')

    await until('it is told', () => manager.received().includes('READY=1'))
    expect(running.events().filter(({ type }) => type === 'config.warned')).toEqual([])
  })

  it.each([
    { hindrance: 'no systemd-notify', path: 'empty', problem: /ready: .*ENOENT.*Type=exec/s },
    { hindrance: 'nobody who listens', path: undefined, problem: /ready: .*Type=exec/s },
  ])('cannot be told: $hindrance; that is said and stops nothing', async ({ path, problem }) => {
    mkdirSync(join(bench.folder, 'empty'))
    services.write({ web: [8080] })
    const running = bench.start(args, {
      NOTIFY_SOCKET: manager.socket,
      ...(path !== undefined && { PATH: join(bench.folder, path) }),
    })

    expect((await running.saw('config.warned')).problem).toMatch(problem)
    const from = running.events().length
    services.write({ web: [8080], api: [8080] })
    await running.saw('generation.activated', undefined, from)
  })
})
