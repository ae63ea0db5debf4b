import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isMaster } from '../../src/target/nginx/proc.ts'
import { openScene, type Scene, shipped } from '../support/scene.ts'
import { nginxOf } from '../support/upstreamd.ts'
import { until } from '../support/wait.ts'

let scene: Scene
let { bench, services, backend, tree, answers } = {} as Scene
let args: string[]
let script: string
let out: string

beforeEach(async () => {
  scene = await openScene('exec')
  ;({ bench, services, backend, tree, answers } = scene)
  const template = join(bench.folder, 'in.njk')
  writeFileSync(template, '{% for site in sites %}{{ site.service }} {% endfor %}')
  out = join(bench.folder, 'out')
  args = [`-source=${services.source}`, `-template=${template}:${out}`]
  script = join(bench.folder, 'program')
})
afterEach(() => scene.close())

/** A program that tells what it gets: `start` with what it finds, then the signals. */
function program(body = 'while :; do sleep 0.05; done'): string {
  const tell = (word: string) => `echo "${word}" >> ${script}.told`
  writeFileSync(
    script,
    [
      '#!/bin/sh',
      `trap '${tell('HUP')}' HUP`,
      `trap '${tell('USR2')}' USR2`,
      `trap '${tell('INT')}; exit 3' INT`,
      tell(`start $(cat ${out})`),
      body,
    ].join('\n'),
  )
  chmodSync(script, 0o755)
  return script
}
const told = () => (existsSync(`${script}.told`) ? readFileSync(`${script}.told`, 'utf8').trim().split('\n') : [])
const toldOf = (...words: readonly string[]) =>
  until(`it was told ${words.join(', ')}`, () => words.every((word, at) => told()[at]?.trim() === word) && told())

describe('-exec: a program that runs as long as we do', () => {
  it('starts when everything is live, is told of a change, and is ended with us', async () => {
    const running = bench.start([...args, `-exec=${program()}`, '-exec-reload-signal=SIGHUP'])
    await toldOf('start web')

    services.write({ web: [backend.port], api: [backend.port] })
    await toldOf('start web', 'HUP')
    process.kill(running.pid, 'SIGUSR2')
    await toldOf('start web', 'HUP', 'USR2')

    expect(await running.stop()).toBe(0)
    expect(told()).toHaveLength(4)
    expect(told()[3]).toBe('INT')
  })

  it('is started again for a change when it has no signal for it', async () => {
    const running = bench.start([...args, `-exec=${program()}`])
    await toldOf('start web')

    services.write({ web: [backend.port], api: [backend.port] })

    await toldOf('start web', 'INT', 'start api web')
    expect(await running.stop()).toBe(0)
  })

  it('may be told through a shell that has more to do', async () => {
    const running = bench.start([...args, `-exec=cd / && ${program()}; true`, '-exec-reload-signal=SIGHUP'])
    await toldOf('start web')

    services.write({ web: [backend.port], api: [backend.port] })
    await toldOf('start web', 'HUP')
    services.write({ web: [backend.port] })
    await toldOf('start web', 'HUP', 'HUP')

    await running.stop()
  })

  it('is not told when nothing is to be told', async () => {
    const running = bench.start([...args, `-exec=${program()}`, '-exec-reload-signal='])
    await toldOf('start web')

    services.write({ web: [backend.port], api: [backend.port] })
    await until('it is live', () => readFileSync(out, 'utf8').includes('api'))

    expect(await running.stop()).toBe(0)
    expect(told().map(word => word.trim())).toEqual(['start web', 'INT'])
  })

  it('goes on over a reload of the configuration', async () => {
    const running = bench.start([...args, `-exec=${program()}`])
    await toldOf('start web')

    process.kill(running.pid, 'SIGHUP')
    await running.saw('daemon.reloading')
    await running.saw(
      'daemon.started',
      () => true,
      running.events().findIndex(({ type }) => type === 'daemon.reloading'),
    )
    services.write({ web: [backend.port], api: [backend.port] })

    await toldOf('start web', 'INT', 'start api web')
    expect(await running.stop()).toBe(0)
  })

  it.each([
    { title: 'its exit code is ours', body: 'exit 7', code: 7 },
    { title: 'it has none when a signal ends it', body: 'kill -9 $$', code: 127 },
  ])('when it ends, we end: $title', async ({ body, code }) => {
    expect(await bench.run([...args, `-exec=${program(body)}`])).toMatchObject({ code })
  })

  it('that is not there ends us with 127', async () => {
    writeFileSync(join(bench.folder, 'ct.hcl'), `exec {\n command = ["${bench.folder}/nowhere", "x"]\n}`)

    const { code, stderr } = await bench.run([...args, `-config=${bench.folder}/ct.hcl`])

    expect(code).toBe(127)
    expect(stderr).toContain('ENOENT')
  })

  it('that does not end by its signal is ended after its time', async () => {
    const stubborn = `trap '' INT; while :; do sleep 0.05; done`
    const running = bench.start([...args, `-exec=${program(stubborn)}`, '-exec-kill-timeout=300ms'])
    await toldOf('start web')

    expect(await running.stop()).toBe(0)
    expect(await running.saw('program.ended')).toMatchObject({ problem: 'SIGKILL' })
  })

  it('sees what it is to see', async () => {
    const seen = join(bench.folder, 'seen')
    const environment = { NGINX_A: '1', OTHER: '2', CONSUL_HTTP_TOKEN: 'hush' }
    const flags = [
      `-exec=env > ${seen}`,
      '-exec-env-allowlist=NGINX_*',
      '-exec-env-allowlist=PATH',
      '-exec-env-custom=X=y',
    ]

    expect(await bench.run([...args, ...flags], environment)).toMatchObject({ code: 0 })

    expect(readFileSync(seen, 'utf8')).toMatch(/^NGINX_A=1$/m)
    expect(readFileSync(seen, 'utf8')).toMatch(/^X=y$/m)
    expect(readFileSync(seen, 'utf8')).not.toMatch(/OTHER|hush/)
  })

  it('runs behind -once, to its end', async () => {
    expect(await bench.run([...args, '-once', `-exec=${program('exit 5')}`])).toMatchObject({ code: 5 })
    expect(told()).toEqual(['start web'])
  })

  it('that is nginx of the adopted tree is reloaded by us, not restarted, and ends with us', async () => {
    const nginx = `nginx -c ${tree.conf} -g 'daemon off;'`
    const running = bench.start([
      ...scene.adopt,
      `-template=${shipped}:${tree.destination}`,
      `-exec=${nginx}`,
      '-exec-kill-signal=SIGQUIT',
    ])
    await answers('web.test')
    await running.saw('daemon.ready')
    const master = nginxOf(bench.folder).find(isMaster)?.pid

    services.write({ web: [backend.port], api: [backend.port] })
    await answers('api.test')
    await running.saw('generation.activated', ({ how }) => how === 'reloaded')
    services.write({ web: [backend.port], more: [backend.port] })
    await answers('more.test')

    expect(nginxOf(bench.folder).find(isMaster)?.pid).toBe(master)
    expect(running.events().filter(({ type }) => type === 'program.started')).toHaveLength(1)
    expect(await running.stop()).toBe(0)
    expect(nginxOf(bench.folder)).toEqual([])
  })
})
