import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isMaster } from '../../src/target/nginx/proc.ts'
import { get } from '../support/http.ts'
import { canMount, fill, Mounts, useUpInodes } from '../support/mounts.ts'
import { removeInUse } from '../support/remove.ts'
import { openScene, type Scene, shipped } from '../support/scene.ts'
import { nginxOf } from '../support/upstreamd.ts'
import { until } from '../support/wait.ts'

let scene: Scene
let mounts: Mounts
let { bench, tree, services, backend, port, own, answers } = {} as Scene

beforeEach(async () => {
  mounts = new Mounts()
  scene = await openScene('disk')
  ;({ bench, tree, services, backend, port, own, answers } = scene)
})
afterEach(async () => {
  await bench.end() // before the ground is taken from under it
  mounts.clear()
  await scene.close()
})

const adopt = () => [...scene.adopt, `-template=${shipped}:${tree.destination}`]
const masterOf = () => nginxOf(bench.folder).find(isMaster)?.pid ?? 0
const problem = () => JSON.parse(readFileSync(join(bench.state, 'status.json'), 'utf8')).problem
const layouts = [
  {
    place: 'the state folder, in our own layout',
    args: () => own,
    folder: () => bench.state,
    conf: () => join(bench.state, 'nginx/current/nginx.conf'),
  },
  { place: 'the state folder, beside an adopted tree', args: adopt, folder: () => bench.state, conf: () => tree.conf },
  {
    place: "the destination's folder, in an adopted tree",
    args: adopt,
    folder: () => dirname(tree.destination),
    conf: () => tree.conf,
  },
]

function canStartFrom(conf: string): string {
  const prefix = join(bench.folder, 'prefix')
  mkdirSync(prefix, { recursive: true })
  try {
    // A pid file and a log of its own: what is asked is whether the configuration is whole.
    execFileSync('/usr/sbin/nginx', ['-t', '-q', '-c', conf, '-p', prefix], { stdio: 'pipe', cwd: prefix })
    return ''
  } catch (error) {
    return String((error as { stderr?: Buffer }).stderr)
  }
}

const isRefused = !canMount()
if (isRefused) console.warn('SKIPPED: no right to mount, so no small disk can be tried (run it as root)')

describe.skipIf(isRefused)('a disk', () => {
  const faults = [
    { fault: 'has no space left', code: 'ENOSPC', begin: fill },
    { fault: 'has no inode left', code: 'ENOSPC', begin: useUpInodes },
    {
      fault: 'has become read-only',
      code: 'EROFS',
      begin(folder: string) {
        mounts.readOnly(folder)
        return () => mounts.take(folder)
      },
    },
  ]

  describe.each(layouts)('under $place,', ({ args, folder, conf }) => {
    it.each(faults)(
      'that $fault: what is live stays, it is said, and the change goes live when the disk is well',
      async ({ code, begin }) => {
        mounts.small(folder())
        const running = bench.start(args())
        await running.saw('daemon.ready')
        await answers('web.test')
        const before = files(folder())
        const from = running.events().length

        const end = begin(folder())
        services.write({ web: [backend.port], api: [backend.port] })
        const failed = await running.saw('generation.failed', undefined, from)

        expect(failed.code).toBe('TARGET_STAGE_FAILED')
        expect(failed.problem).toContain(code)
        expect((await get(port, 'web.test')).status).toBe(200)
        expect(canStartFrom(conf())).toBe('')
        expect((await bench.run(['healthcheck'])).code).toBe(0)

        end()
        await answers('api.test')
        await until('nothing is left of it in the status', () => problem() === undefined)
        expect(litter(files(folder()), before)).toEqual([])
      },
    )
  })

  describe('that is full when upstreamd starts', () => {
    it.each([
      { what: 'in our own layout, beside an nginx that runs', args: () => own, isRunning: true },
      { what: 'beside an adopted tree, and nothing runs', args: adopt, isRunning: false },
    ])('$what: what was live last is served, and changes go live when there is room', async ({ args, isRunning }) => {
      mounts.small(bench.state)
      const first = bench.start(args())
      await first.saw('daemon.ready')
      await first.stop(isRunning ? 'SIGKILL' : 'SIGTERM')
      const end = fill(bench.state)

      const second = bench.start(args())
      await second.saw(isRunning ? 'process.found' : 'process.started')
      await answers('web.test')

      services.write({ web: [backend.port], api: [backend.port] })
      await second.saw('generation.failed')
      end()
      await answers('api.test')
    })

    it('in our own layout, and nothing runs: nginx needs room for its pid, and is started when there is', async () => {
      mounts.small(bench.state)
      const first = bench.start(own)
      await first.saw('daemon.ready')
      await first.stop()
      const end = fill(bench.state)

      const second = bench.start(own)
      const failed = await second.saw('generation.failed')

      expect(failed.problem).toMatch(/No space left|ENOSPC/)
      end()
      await answers('web.test')
    })
  })

  it.each([
    { layout: 'our own layout', args: () => own },
    { layout: 'an adopted tree', args: adopt },
  ])(
    'that takes no more of the log in which nginx says whether it reloads, in $layout: the reload is seen all the same',
    async ({ args }) => {
      const running = bench.start(args())
      await running.saw('daemon.ready')
      const [log = ''] = files(bench.state).filter(path => path.endsWith('control.log'))
      mounts.bind(join(bench.state, log), '/dev/full')
      const from = running.events().length

      services.write({ web: [backend.port], api: [backend.port] })
      const activated = await running.saw('generation.activated', undefined, from)

      expect(activated.how).toBe('reloaded')
      await answers('api.test')
    },
  )

  it('that is the destination alone, a mounted file, is written in place, also when somebody has edited it', async () => {
    writeFileSync(tree.destination, '# mounted\n')
    mounts.bind(tree.destination)
    const running = bench.start(adopt())
    await running.saw('config.warned', ({ problem }) => problem.includes('mount its folder instead'))
    await running.saw('daemon.ready')
    const text = readFileSync(tree.destination, 'utf8')

    writeFileSync(tree.destination, '# edited\n')
    await running.saw('generation.restored', ({ paths }) => paths.includes(tree.destination))

    expect(readFileSync(tree.destination, 'utf8')).toBe(text)
    services.write({ web: [backend.port], api: [backend.port] })
    await answers('api.test')
  })

  it('that is full when nginx dies: it comes back', async () => {
    mounts.small(bench.state)
    const running = bench.start(own)
    await running.saw('daemon.ready')
    const master = masterOf()
    const end = fill(bench.state)

    process.kill(master, 'SIGKILL')
    await until('nginx is gone', () => masterOf() !== master)
    end()

    await until('another one is there', () => masterOf() !== 0)
    await answers('web.test')
  })
})

describe('a folder', () => {
  // Root may write everywhere, unless it gives that right away.
  const asAnybody = ['setpriv', '--bounding-set=-dac_override,-dac_read_search']

  it.skipIf(process.getuid?.() !== 0)(
    'that upstreamd may not write to is named; what is live stays, and the change goes live when it may',
    async () => {
      const running = bench.startBy(asAnybody, adopt())
      await running.saw('daemon.ready')
      await answers('web.test')

      chmodSync(dirname(tree.destination), 0o555)
      services.write({ web: [backend.port], api: [backend.port] })
      const failed = await running.saw('generation.failed')

      expect(failed).toMatchObject({ code: 'TARGET_STAGE_FAILED' })
      expect(failed.problem).toMatch(/EACCES.*conf\.d/)
      expect((await get(port, 'web.test')).status).toBe(200)
      chmodSync(dirname(tree.destination), 0o755)
      await answers('api.test')
    },
  )

  it.each([
    { what: 'of the destination', args: adopt, folder: () => dirname(tree.destination) },
    { what: 'of the generations', args: () => own, folder: () => join(bench.state, 'nginx/generations') },
    { what: 'in which nginx -t is run', args: () => own, folder: () => join(bench.state, 'nginx/test') },
    { what: 'of the stages', args: adopt, folder: () => join(bench.state, stateOf('stage')) },
    { what: 'of everything in the state, beside an adopted tree', args: adopt, folder: () => bench.state },
  ])('$what that somebody removes is made again, and changes go on', async ({ args, folder }) => {
    const running = bench.start(args())
    await running.saw('daemon.ready')
    await answers('web.test')

    removeInUse(folder())
    services.write({ web: [backend.port], api: [backend.port] })

    await answers('api.test')
    expect(running.child.exitCode).toBeNull()
  })

  const stateOf = (name: string) => files(bench.state).find(path => path.endsWith(`/${name}`)) ?? ''
})

/** Paths below a folder, with what they hold where that tells them apart. */
function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
}

/** What a failed attempt has left: temporary files, and folders with half a generation in them. */
function litter(now: readonly string[], before: readonly string[]): string[] {
  return now.filter(path => !before.includes(path) && /(^|\/)\.|\.tmp$/.test(path))
}
