import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { get } from '../support/http.ts'
import { unbounded } from '../support/replacements.ts'
import { openScene, type Scene, shipped } from '../support/scene.ts'
import { until } from '../support/wait.ts'

/** More steps than a run has; the test ends at the first that is never reached. */
const MANY = 150

// Beside each other: most of the time is spent waiting for the next try.
describe.concurrent('a disk that is full for a moment, at any write, fsync or rename of a run', () => {
  it.each([
    { layout: 'our own layout', args: ({ own }: Scene) => own },
    {
      layout: 'an adopted tree',
      args: ({ adopt, tree }: Scene) => [...adopt, `-template=${shipped}:${tree.destination}`],
    },
  ])(
    'costs no request in $layout; the change goes live in the end, and nothing is left over',
    { timeout: 240_000 },
    async ({ args }) => {
      const scene = await openScene('full')
      try {
        await failAtEveryStep(scene, args(scene))
      } finally {
        await scene.close()
      }
    },
  )
})

async function failAtEveryStep({ bench, services, backend, port }: Scene, args: readonly string[]): Promise<void> {
  const control = join(bench.folder, 'full')
  const running = bench.startOnFullDisk(control, [...args, ...unbounded])
  await running.saw('daemon.ready')
  const client = steadily(port)

  let steps = 0
  let wasReached = true
  while (wasReached && steps < MANY) {
    const name = `step${steps}`
    const from = running.events().length
    writeFileSync(control, String(steps))
    services.write({ web: [backend.port], [name]: [backend.port] })
    await until(`${name}.test answers`, async () => (await get(port, `${name}.test`)).status === 200)
    await running.saw('generation.activated', undefined, from)
    await until('what is live is written down', () => isWrittenDown(bench.state, name))
    wasReached = await until('the step is reached', () => !existsSync(control), 1_000).catch(() => false)
    rmSync(control, { force: true })
    steps += 1
  }

  expect(await client.failures()).toEqual([])
  expect(running.child.exitCode).toBeNull()
  expect(steps, 'a run has steps that need room').toBeGreaterThan(15)
  expect(steps).toBeLessThan(MANY)
  const left = readdirSync(bench.state, { recursive: true, encoding: 'utf8' })
  expect(left.filter(path => /(^|\/)\.|\.tmp$/.test(path))).toEqual([])
}

/** Is the generation to go back to the one with this service? */
function isWrittenDown(state: string, service: string): boolean {
  const [root = ''] = readdirSync(state).filter(name => /^nginx/.test(name))
  const { good, pending } = JSON.parse(readFileSync(join(state, root, 'ledger.json'), 'utf8'))
  const manifest = readFileSync(join(state, root, 'generations', good, 'manifest.json'), 'utf8')
  return pending === undefined && manifest.includes(`"${service}"`)
}

/** Requests one after the other until it is asked what failed. */
function steadily(port: number): { failures(): Promise<string[]> } {
  const failed: string[] = []
  let isOver = false
  async function ask(): Promise<void> {
    while (!isOver) {
      const outcome = await get(port, 'web.test').then(({ status }) => String(status), String)
      if (outcome !== '200') failed.push(outcome)
    }
  }
  const asking = ask()
  return {
    async failures() {
      isOver = true
      await asking
      return failed
    },
  }
}
