import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { get } from '../support/http.ts'
import { openScene, type Scene, shipped } from '../support/scene.ts'
import { until } from '../support/wait.ts'

describe('a start at which no source answers, and nothing is known from before', () => {
  let scene: Scene

  beforeEach(async () => {
    scene = await openScene()
    rmSync(scene.services.path)
  })
  afterEach(() => scene.close())

  const status = () => JSON.parse(readFileSync(join(scene.bench.state, 'status.json'), 'utf8'))

  it('nginx answers 503 with Retry-After, not that there is no such service; the status says why', async () => {
    const running = scene.bench.start(scene.own)
    await running.saw('generation.stood_in')

    const answer = await get(scene.port, 'web.test')
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '5'])
    expect(status()).toMatchObject({ ready: false, reason: expect.stringContaining('cannot read services from file') })

    scene.services.write({ web: [scene.backend.port] })
    await scene.answers('web.test')
    await running.saw('generation.activated')
    expect(status()).toMatchObject({ ready: true, reason: '' })
    expect((await get(scene.port, 'nobody.test')).status).toBe(404)
    expect(running.events().filter(({ type }) => type === 'generation.stood_in')).toHaveLength(1)
  })

  it('and does so again after a restart: nothing is still not "none"', async () => {
    const first = scene.bench.start(scene.own)
    await first.saw('generation.stood_in')
    await first.stop()

    scene.bench.start(scene.own)
    await until('503', async () => (await get(scene.port, 'web.test').catch(() => undefined))?.status === 503)

    expect(status().ready).toBe(false)
  })

  it('a tree of the user’s is served as it is', async () => {
    const { tree, port, bench } = scene
    const text = `server { listen 127.0.0.1:${port}; server_name old.test; return 200 "from before"; }\n`
    writeFileSync(tree.destination, text)

    const running = bench.start([...scene.adopt, `-template=${shipped}:${tree.destination}`])
    await running.saw('generation.stood_in')

    expect((await get(port, 'old.test')).text).toBe('from before')
    expect(readFileSync(tree.destination, 'utf8')).toBe(text)
    scene.services.write({ web: [scene.backend.port] })
    await scene.answers('web.test')
  })

  it('a tree that nginx cannot start from without our file gets one without services', async () => {
    const { tree, port, bench } = scene
    writeFileSync(tree.destination, 'nonsense on;\n')

    const running = bench.start([...scene.adopt, `-template=${shipped}:${tree.destination}`])
    await running.saw('generation.stood_in')

    expect((await get(port, 'web.test')).status).toBe(503)
  })
})
