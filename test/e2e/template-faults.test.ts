import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { get } from '../support/http.ts'
import { openScene, type Scene, shipped } from '../support/scene.ts'
import type { Running } from '../support/upstreamd.ts'
import { until } from '../support/wait.ts'

let scene: Scene
let { bench, services, backend, port, own, answers } = {} as Scene
let template: string
let text: string
let args: string[]

beforeEach(async () => {
  scene = await openScene('template')
  ;({ bench, services, backend, port, own, answers } = scene)
  template = join(bench.folder, 'ingress.conf.njk')
  text = readFileSync(shipped, 'utf8')
  writeFileSync(template, text)
  args = [...own, `-template=${template}:conf.d/ingress.conf`]
})
afterEach(() => scene.close())

const other = () => text.replace('no service has this host name', 'nobody is called so')
const refused = () => JSON.parse(readFileSync(join(bench.state, 'status.json'), 'utf8')).templates
const isOther = () =>
  until('the new text is served', async () => (await get(port, 'x.test')).text.includes('nobody is called so'))

const faults = [
  { fault: 'deleted', begin: () => rmSync(template), end: () => {} },
  {
    fault: 'replaced by a folder',
    begin() {
      rmSync(template)
      mkdirSync(template)
    },
    end: () => rmSync(template, { recursive: true }),
  },
  {
    fault: 'replaced by a link that leads nowhere',
    begin() {
      rmSync(template)
      symlinkSync(join(bench.folder, 'nowhere'), template)
    },
    end: () => rmSync(template),
  },
  {
    fault: 'replaced by a link that leads to itself',
    begin() {
      rmSync(template)
      symlinkSync(template, template)
    },
    end: () => rmSync(template),
  },
]

describe('a template that', () => {
  it.each(faults)(
    'is $fault stays in use as it was read last, which is said; it is taken up when it is back',
    async ({ begin, end }) => {
      const running = bench.start(args)
      await running.saw('daemon.ready')
      await answers('web.test')

      begin()
      const failed = await running.saw('template.failed')
      await goesOn(running)

      expect(failed).toMatchObject({ path: template, code: 'TEMPLATE_UNREADABLE', level: 50 })
      expect(failed.message).toContain(template)
      expect(refused()).toEqual({ [template]: failed.message })
      end()
      writeFileSync(template, other())
      await isOther()
      await until('nothing is left of it in the status', () => Object.keys(refused()).length === 0)
    },
  )

  it.skipIf(process.getuid?.() !== 0)('may not be read any more stays in use until it may', async () => {
    const running = bench.startBy(['setpriv', '--bounding-set=-dac_override,-dac_read_search'], args)
    await running.saw('daemon.ready')

    chmodSync(template, 0o000)
    writeFileSync(`${template}.new`, other(), { mode: 0o000 })
    renameSync(`${template}.new`, template)
    const failed = await running.saw('template.failed')
    await goesOn(running)

    expect(failed.message).toContain('EACCES')
    chmodSync(template, 0o644)
    await isOther()
  })

  it('is exchanged with its folder, as Kubernetes does it, is taken up each time, also when it was away for a while', async () => {
    const folder = join(bench.folder, 'mounted')
    const exchange = (round: number, texts: string) => {
      mkdirSync(join(folder, `..${round}`), { recursive: true })
      writeFileSync(join(folder, `..${round}/ingress.conf.njk`), texts)
      symlinkSync(`..${round}`, join(folder, '..data.new'))
      renameSync(join(folder, '..data.new'), join(folder, '..data'))
      rmSync(join(folder, `..${round - 1}`), { recursive: true, force: true })
    }
    exchange(0, text)
    symlinkSync('..data/ingress.conf.njk', join(folder, 'ingress.conf.njk'))
    const running = bench.start([...own, `-template=${join(folder, 'ingress.conf.njk')}:conf.d/ingress.conf`])
    await running.saw('daemon.ready')

    for (const round of [1, 2, 3]) {
      exchange(round, text.replace('no service has this host name', `round ${round}`))
      await until(`round ${round} is served`, async () => (await get(port, 'x.test')).text.includes(`round ${round}`))
    }
    rmSync(join(folder, '..data'))
    await running.saw('template.failed')
    await goesOn(running)

    symlinkSync('..3', join(folder, '..data'))
    exchange(4, other())
    await isOther()
  })

  it('is gone when upstreamd starts again is used as it was accepted last', async () => {
    const first = bench.start(args)
    await first.saw('daemon.ready')
    await first.stop()
    rmSync(template)

    const second = bench.start(args)
    const failed = await second.saw('template.failed')
    await second.saw('daemon.ready')

    expect(failed.code).toBe('TEMPLATE_UNREADABLE')
    await goesOn(second)
    writeFileSync(template, other())
    await isOther()
  })
})

/** What is in use still renders: a change of the catalog goes live. */
async function goesOn(running: Running): Promise<void> {
  services.write({ web: [backend.port], api: [backend.port] })
  await answers('api.test')
  expect((await get(port, 'web.test')).status).toBe(200)
  expect(running.child.exitCode).toBeNull()
}
