import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { answers, type CatalogScene, keepAsking, openCatalogScene } from '../support/catalog-scene.ts'
import { type RealConsul, startConsul } from '../support/consul.ts'
import { type Container, openContainer, userSetup, whyNoContainer } from '../support/container.ts'
import { consulTemplate, populate, recordedSum, roomy, SIZES, sumOf, theirText } from '../support/drop-in.ts'
import { until } from '../support/wait.ts'

const why = whyNoContainer()
const peer = consulTemplate()

describe.skipIf(why !== undefined)(`the command line of consul-template, with its files${why ?? ''}`, () => {
  let consul: RealConsul
  let scene: CatalogScene
  let container: Container
  let args: readonly string[] // as users have them

  beforeAll(async () => {
    consul = await startConsul(roomy)
  })
  beforeEach(async () => {
    scene = await openCatalogScene(consul)
    container = await openContainer(scene.bench, consul.address, scene.backend.port)
    args = [`-consul-addr=${consul.address}`, '-wait=5s', `-template=${container.template}`]
  })
  afterEach(async () => {
    await container?.close()
    await scene?.close()
  })
  afterAll(() => consul?.stop())

  const written = () => readFileSync(container.destination, 'utf8')
  const hasty = () => args.filter(arg => arg !== '-wait=5s')
  const listening = { Name: 'nginx-test', Address: '127.0.0.2' }

  it('nginx is started by their script, and reloaded by it when a service registers; its host is answered', async () => {
    await scene.register(listening)
    const running = await container.start(args)
    await running.saw('generation.activated', ({ how }) => how === 'started')
    await answers(container.door, 'nginx.test.flyclock.cn')
    const [master] = container.masters()
    const traffic = keepAsking(container.door, ['nginx.test.flyclock.cn'])

    await scene.register({ Name: 'Shop-cart', Address: '127.0.0.3' }, { Name: 'bridged', Tags: ['bridge'] })

    await answers(container.door, 'shop.cart.flyclock.cn')
    await running.saw('generation.activated', ({ how }) => how === 'reloaded')
    expect(container.masters()).toEqual([master])
    expect(readFileSync(container.pidFile, 'utf8').trim()).toMatch(/^\d+$/)
    expect(written()).not.toContain('bridged')
    expect(await traffic.stop()).toEqual([])
  })

  it('SIGTERM while -wait lasts ends it at once, and nginx with it; the next start without Consul serves what was', async () => {
    await scene.register(listening)
    const first = await container.start(args)
    await first.saw('daemon.ready')
    await scene.register({ Name: 'late', Address: '127.0.0.3' })
    await first.saw('source.snapshot', ({ services }) => services === 3) // with Consul's own

    expect(await first.stop()).toBe(0)

    expect(container.masters()).toEqual([])
    expect(written()).not.toContain('late')
    await container.loseConsul()
    await container.start(args)
    await answers(container.door, 'nginx.test.flyclock.cn')
    await container.findConsul()
    await answers(container.door, 'late.flyclock.cn')
  })

  it('a bad edit of nginx.conf: what runs goes on, the file and line are named; mended, the catalog goes on', async () => {
    await scene.register(listening)
    const running = await container.start(hasty())
    await running.saw('daemon.ready')
    const conf = join(container.nginxFolder, 'nginx.conf')
    const good = readFileSync(conf, 'utf8')
    const before = written()
    const traffic = keepAsking(container.door, ['nginx.test.flyclock.cn'])

    writeFileSync(conf, `no_such_directive on;\n${good}`)
    await scene.register({ Name: 'fresh', Address: '127.0.0.3' })
    const said = await running.saw('generation.failed', ({ code }) => code === 'TARGET_TREE_BROKEN')

    expect(said.problem).toContain('/etc/nginx/nginx.conf:1')
    expect(written()).toBe(before)
    writeFileSync(conf, good)
    await answers(container.door, 'fresh.flyclock.cn')
    expect(await traffic.stop()).toEqual([])
  })

  it('their script fails: the file is put back and that is said; when it works again, the change goes live', async () => {
    await scene.register(listening)
    const running = await container.start(hasty())
    await running.saw('daemon.ready')
    const before = written()
    writeFileSync(container.script, '#!/bin/bash\necho no reload today >&2\nexit 3\n')
    const traffic = keepAsking(container.door, ['nginx.test.flyclock.cn'])

    await scene.register({ Name: 'fresh', Address: '127.0.0.3' })
    const failed = await running.saw('generation.rolled_back', ({ code }) => code === 'TARGET_COMMAND_FAILED')

    expect(failed.problem).toContain('no reload today')
    expect(written()).toBe(before)
    writeFileSync(container.script, readFileSync(join(userSetup, 'nginx.sh')))
    await answers(container.door, 'fresh.flyclock.cn')
    expect(await traffic.stop()).toEqual([])
  })

  it('their script calls a reload done that nginx refused: upstreamd finds out, and it is live when nginx takes it', async () => {
    const limits = join(container.nginxFolder, 'conf.d/limits.conf')
    const zone = (key: string) => writeFileSync(limits, `limit_req_zone ${key} zone=one:1m rate=99r/s;\n`)
    zone('$remote_addr')
    await scene.register(listening)
    const running = await container.start(hasty())
    await running.saw('daemon.ready')
    const before = written()
    const traffic = keepAsking(container.door, ['nginx.test.flyclock.cn'])

    zone('$http_host') // `nginx -t` takes it, the master that runs does not
    await scene.register({ Name: 'fresh', Address: '127.0.0.3' })
    const said = await running.saw('generation.rolled_back', ({ code }) => code === 'TARGET_NOT_TAKEN_UP')

    expect(said.problem).toMatch(/limit_req "one" uses the "\$http_host" key/)
    expect(written()).toBe(before)
    zone('$remote_addr')
    await scene.register({ Name: 'next', Address: '127.0.0.3' }) // the very same would be tried again later
    await answers(container.door, 'fresh.flyclock.cn')
    expect(await traffic.stop()).toEqual([])
  })

  it('nginx is killed, its workers and its pid file left behind: it is back with what was served', async () => {
    await scene.register(listening)
    const running = await container.start(hasty())
    await running.saw('daemon.ready')

    const master = container.killMaster()
    await running.saw('process.exited')
    await until('there is another', () => container.masters().some(pid => pid !== master))

    await answers(container.door, 'nginx.test.flyclock.cn')
    await scene.register({ Name: 'fresh', Address: '127.0.0.3' })
    await answers(container.door, 'fresh.flyclock.cn')
  })

  it('a script that starts nginx when it has ended itself: nginx is taken over, and is ready', async () => {
    writeFileSync(container.script, '#!/bin/bash\n(sleep 0.5; nginx) >/dev/null 2>&1 &\n')
    await scene.register(listening)

    const running = await container.start(hasty())
    await running.saw('process.found')

    await running.saw('daemon.ready')
    await answers(container.door, 'nginx.test.flyclock.cn')
  })

  it('-once writes the file and runs the script; -dry prints the text and touches nothing', async () => {
    await scene.register(listening)

    const dry = await container.finish([...args, '-dry'])
    expect(dry.code).toBe(0)
    expect(dry.stdout).toContain('server_name nginx.test.flyclock.cn;')
    expect(existsSync(container.destination)).toBe(false)
    expect(container.masters()).toEqual([])

    const once = await container.finish([...args, '-once'])
    expect(once).toMatchObject({ code: 0 })
    expect(written()).toContain('server_name nginx.test.flyclock.cn;')
    expect(readdirSync(join(container.nginxFolder, 'conf.d'))).toEqual(['app.conf'])
    await answers(container.door, 'nginx.test.flyclock.cn')
  })

  // Last, because the catalog grows.
  it.each(SIZES)('what it writes for %i services is, byte for byte, what consul-template writes', async size => {
    await populate(consul, size)

    const running = await container.start(args)
    await running.saw('daemon.ready')

    expect(sumOf(written())).toBe(recordedSum(size))
    if (peer !== undefined) expect(written()).toBe(theirText(peer, consul.address))
    expect(container.acceptedByNginx()).toBe(true)
    expect(container.masters()).toHaveLength(1)
  })
})
