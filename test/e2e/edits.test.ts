import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isMaster, isWorker } from '../../src/target/nginx/proc.ts'
import { get } from '../support/http.ts'
import { removeInUse } from '../support/remove.ts'
import { openScene, type Scene, shipped } from '../support/scene.ts'
import { Traffic } from '../support/traffic.ts'
import { nginxOf, type Running } from '../support/upstreamd.ts'
import { until } from '../support/wait.ts'

let scene: Scene
let { bench, tree, services, backend, port, own, answers } = {} as Scene

beforeEach(async () => {
  scene = await openScene('edits')
  ;({ bench, tree, services, backend, port, own, answers } = scene)
})
afterEach(() => scene.close())

const current = () => join(bench.state, 'nginx/current')
const generation = () => join(bench.state, 'nginx/generations', readlinkSync(current()).replace('generations/', ''))
const status = () => join(bench.state, 'status.json')
const masterOf = () => nginxOf(bench.folder).find(isMaster)?.pid ?? 0
const workersOf = () =>
  nginxOf(bench.folder)
    .filter(process => isWorker(process) && !process.command.includes('shutting down'))
    .map(({ pid }) => pid)
const reloads = (running: Running) => running.events().filter(({ type }) => type === 'generation.activated').length

const layouts = [
  {
    layout: 'our own layout',
    args: () => own,
    file: () => join(generation(), 'conf.d/ingress.conf'),
    pidFile: () => join(bench.state, 'nginx/run/nginx.pid'),
  },
  {
    layout: 'an adopted tree',
    args: () => [...scene.adopt, `-template=${shipped}:${tree.destination}`],
    file: () => tree.destination,
    pidFile: () => tree.pidFile,
  },
]

describe.each(layouts)('a file of what is live, in $layout,', ({ args, file, pidFile }) => {
  let running: Running
  let path: string
  let text: string
  beforeEach(async () => {
    running = bench.start(args())
    await running.saw('daemon.ready')
    await answers('web.test')
    path = file()
    text = readFileSync(path, 'utf8')
  })
  const isBack = (what: string, wanted = text) =>
    until(`${what} is as it was`, () => existsSync(what) && readFileSync(what, 'utf8') === wanted)

  it.each([
    { how: 'edited', change: () => writeFileSync(path, `${text}\nnonsense on;\n`) },
    { how: 'deleted', change: () => rmSync(path) },
    { how: 'emptied', change: () => writeFileSync(path, '') },
  ])('that somebody has $how is put back, which is said; nginx is not told, and changes go on', async ({ change }) => {
    const before = reloads(running)
    const workers = workersOf()

    change()
    const restored = await running.saw('generation.restored')
    await isBack(path)

    expect(restored.paths).toContain(path)
    expect(restored.level).toBe(40)
    expect(workersOf()).toEqual(workers)
    services.write({ web: [backend.port], api: [backend.port] })
    await answers('api.test')
    await until('that change is the only one nginx was told of', () => reloads(running) === before + 1)
  })

  it('that somebody has edited and reloaded is put back, and nginx told again', async () => {
    writeFileSync(path, text.replaceAll('web.test', 'hacked.test'))
    process.kill(masterOf(), 'SIGHUP')
    await until('nginx runs what was edited', async () => (await get(port, 'hacked.test')).status === 200).catch(
      () => {}, // it was put back before nginx could read it, which is as good
    )

    await running.saw('generation.restored')
    await isBack(path)

    await until('nginx runs what was verified', async () => (await get(port, 'hacked.test')).status === 404)
    await answers('web.test')
  })

  it('that somebody edits again is not what nginx is told to read when somebody else has reloaded it', async () => {
    const traffic = new Traffic({ port, hosts: ['web.test'], clients: 1, keepAlive: false })
    writeFileSync(path, '# edit\n')
    await running.saw('generation.restored')
    // By now it has been looked whether nginx has read that; it is looked again after two seconds.
    await new Promise(resolve => setTimeout(resolve, 300))
    const workers = workersOf()
    process.kill(masterOf(), 'SIGHUP')
    await until('it has other workers', () => workersOf().every(pid => !workers.includes(pid)))

    writeFileSync(path, '')

    await isBack(path)
    await traffic.stop()
    expect(traffic.failures).toEqual([])
  })

  it('that somebody writes all the time is put back ever more rarely, and in the end for good', async () => {
    let round = 0
    const editor = setInterval(() => {
      round += 1
      writeFileSync(path, `# edit ${round}\n`)
    }, 400)
    await running.saw('generation.restored', ({ pause }) => pause >= 4_000).finally(() => clearInterval(editor))

    const pauses = running.events().flatMap(event => (event.type === 'generation.restored' ? [event.pause] : []))
    expect(pauses).toEqual([1_000, 2_000, 4_000])
    expect(round, 'many more edits than answers').toBeGreaterThan(5)
    await isBack(path)
    expect((await get(port, 'web.test')).status).toBe(200)
  })

  it('that was broken while nobody looked is written again by the next run, and nginx told', async () => {
    await running.stop('SIGKILL')
    writeFileSync(path, 'nonsense on;\n')

    const next = bench.start(args())
    const activated = await next.saw('generation.activated')

    expect(activated.how).toBe('reloaded')
    await isBack(path)
    await answers('web.test')
  })

  it('that was broken while nobody looked does not make a registry that was emptied meanwhile believed', async () => {
    services.write({ web: [backend.port], api: [backend.port], app: [backend.port] })
    await answers('app.test')
    await until('that is written down', () => JSON.parse(readFileSync(status(), 'utf8')).sites === 3)
    await running.stop('SIGKILL')
    writeFileSync(file(), 'nonsense on;\n')
    services.write({})

    const next = bench.start(args())
    const held = await next.saw('selection.held')

    expect([...held.services].sort()).toEqual(['api', 'app', 'web'])
    await next.saw('generation.activated', ({ how }) => how === 'reloaded')
    for (const host of ['web.test', 'api.test', 'app.test']) expect((await get(port, host)).status).toBe(200)
  })

  it('that somebody has just written again is put back before upstreamd ends', async () => {
    writeFileSync(path, '# one\n')
    await running.saw('generation.restored') // so that the next edit is not answered at once

    writeFileSync(path, '# two\n')
    expect(await running.stop()).toBe(0)

    expect(readFileSync(path, 'utf8')).toBe(text)
  })

  it('that is broken when nginx dies does not keep nginx from coming back', async () => {
    const master = masterOf()
    writeFileSync(path, 'nonsense on;\n')
    await running.saw('generation.restored') // so that the next edit is not answered at once

    writeFileSync(path, 'nonsense on;\n')
    process.kill(master, 'SIGKILL')

    await running.saw('process.started', ({ pid }) => pid !== master)
    await answers('web.test')
    await isBack(path)
    expect(running.events().filter(({ type }) => type === 'generation.failed')).toEqual([])
  })

  it.each([
    { how: 'deleted', change: (pid: string) => rmSync(pid) },
    { how: 'emptied, as nginx -t does', change: (pid: string) => writeFileSync(pid, '') },
    { how: 'pointed at a stranger', change: (pid: string) => writeFileSync(pid, `${process.pid}\n`) },
  ])('and the pid file, when somebody has $how it, is put back', async ({ change }) => {
    const pid = pidFile()
    const master = masterOf()
    await until('nginx has written it', () => readFileSync(pid, 'utf8') === `${master}\n`)

    change(pid)
    await running.saw('generation.restored', ({ paths }) => paths.includes(pid))

    await isBack(pid, `${master}\n`)
    expect(masterOf()).toBe(master)
  })
})

describe('our own layout', () => {
  beforeEach(async () => {
    const running = bench.start(own)
    await running.saw('daemon.ready')
    await answers('web.test')
    Object.assign(scene, { running })
  })
  const restored = (path: string) =>
    (scene as Scene & { running: Running }).running.saw('generation.restored', ({ paths }) => paths.includes(path))

  it('goes back to what was live although somebody has just edited it', async () => {
    const frame = join(bench.folder, 'nginx.conf.njk')
    const text = readFileSync(join(import.meta.dirname, '../../nginx/nginx.conf.njk'), 'utf8')
    writeFileSync(frame, text)
    await scene.bench.end()
    const running = bench.start([...own, `-template=${frame}:nginx.conf`, `-template=${shipped}:conf.d/ingress.conf`])
    await running.saw('generation.activated') // beside an nginx.conf of the user's the text is another one
    const live = generation()
    const path = join(live, 'conf.d/ingress.conf')
    const wanted = readFileSync(path, 'utf8')
    for (const pause of [1_000, 2_000]) {
      writeFileSync(path, `# edit, answered with ${pause}\n`)
      await running.saw('generation.restored', event => event.pause === pause)
    }

    // Within the pause of two seconds: nginx accepts it, and its workers die.
    writeFileSync(path, '# one more edit\n')
    writeFileSync(frame, `working_directory /no/such/folder;\n${text}`)
    await running.saw('generation.rolled_back')

    expect(generation()).toBe(live)
    expect(readFileSync(path, 'utf8')).toBe(wanted)
    await answers('web.test')
  })

  it('puts a whole generation back', async () => {
    const folder = generation()
    const paths = () => readdirSync(folder, { recursive: true }).sort()
    const before = paths()

    removeInUse(folder)
    await restored(join(folder, 'nginx.conf'))

    await until('all of it is there', () => existsSync(folder) && paths().join() === before.join())
  })

  it.each([
    { how: 'deleted', change: () => rmSync(current()) },
    {
      how: 'pointed elsewhere',
      change() {
        rmSync(current())
        symlinkSync('/etc/nginx', current())
      },
    },
  ])('puts the link back that somebody has $how', async ({ change }) => {
    const before = readlinkSync(current())

    change()
    await until('it leads where it led', () => existsSync(current()) && readlinkSync(current()) === before)
  })
})
