import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join, relative } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type FakeConsul, startFakeConsul } from '../support/fake-consul.ts'
import { openScene, type Scene, shipped } from '../support/scene.ts'
import { nginxOf, type Running } from '../support/upstreamd.ts'
import { until } from '../support/wait.ts'

const SECRET = 'f3a1c0de-very-secret-0815'

let scene: Scene
let { bench, tree, services, backend, port, answers } = {} as Scene
let consul: FakeConsul

beforeEach(async () => {
  scene = await openScene('secret')
  ;({ bench, tree, services, backend, port, answers } = scene)
  consul = await startFakeConsul()
})
afterEach(async () => {
  await scene.close()
  await consul.stop()
})

const forms = [SECRET, Buffer.from(SECRET).toString('base64'), Buffer.from(`me:${SECRET}`).toString('base64')]
const hasSecret = (text: string) => forms.some(form => text.includes(form))

/** Paths below a folder whose text holds the secret. */
function findIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .filter(path => hasSecret(readFileSync(path, 'latin1')))
}

describe('a token', () => {
  const keep = (name: string, text: string) => {
    const folder = join(bench.folder, 'secrets')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, name), text, { mode: 0o600 })
    return join(folder, name)
  }

  it.each([
    { given: 'as a flag', args: () => [`-consul-token=${SECRET}`], warns: true },
    { given: 'in the environment', env: { CONSUL_HTTP_TOKEN: SECRET, CONSUL_TOKEN: SECRET } },
    { given: 'in a file', args: () => [`-consul-token-file=${keep('token', `${SECRET}\n`)}`] },
    { given: 'with a user name', env: { CONSUL_HTTP_AUTH: `me:${SECRET}` } },
  ] as { given: string; args?: () => string[]; env?: Record<string, string>; warns?: boolean }[])(
    'given $given is in no log, no error, no state and no child’s environment, whatever happens',
    async ({ args = () => [], env = {}, warns = false }) => {
      const seen = join(bench.folder, 'seen')
      mkdirSync(seen)
      const binary = join(bench.folder, 'my-nginx')
      writeFileSync(binary, `#!/bin/sh\nenv >> ${seen}/nginx\nexec /usr/sbin/nginx "$@"\n`, { mode: 0o755 })
      const template = join(bench.folder, 'ingress.conf.njk')
      writeFileSync(template, readFileSync(shipped))
      const list = join(bench.folder, 'list.njk')
      writeFileSync(
        list,
        '{% for site in sites %}{{ site.service }} {% endfor %}{{ env.CONSUL_HTTP_TOKEN | default("") }}',
      )
      const asked: string[] = []
      let answer: Wrong | undefined = 'an error'
      consul.interfere((request, response) => {
        asked.push(`${request.headers['x-consul-token']} ${request.headers.authorization}`)
        if (answer !== undefined) repeat(answer, asked.at(-1) ?? '', response)
        return answer !== undefined
      })
      await consul.register({ Name: 'web', Port: backend.port, Tags: ['calico'] })

      const running = bench.start(
        [
          `-consul-addr=${consul.address}`,
          '-tag=calico',
          '-domain=test',
          '-reload-interval=0s',
          `-listen=127.0.0.1:${port}`,
          `-nginx-bin=${binary}`,
          `-template=${template}:conf.d/ingress.conf`,
          `-template=${list}:${bench.folder}/list.txt:env > ${seen}/command; test ! -e ${bench.folder}/fail`,
          ...args(),
        ],
        env,
      )
      for (const [next, code] of wrongs) {
        answer = next
        await running.saw('source.lost', event => event.code === code, running.events().length)
      }
      answer = undefined
      process.kill(running.pid, 'SIGHUP') // who is not allowed to read waits for half a minute
      await answers('web.test')
      await everythingElse(running, template)
      const environments = nginxOf(bench.folder).map(({ pid }) => readFileSync(`/proc/${pid}/environ`, 'latin1'))
      expect(await running.stop()).toBe(0)

      expect(asked.some(hasSecret)).toBe(true)
      expect(environments.length).toBeGreaterThan(1)
      expect(environments.filter(hasSecret)).toEqual([])
      expect(readdirSync(seen).sort()).toEqual(['command', 'nginx'])
      expect(findIn(bench.folder).filter(path => !path.includes('/secrets/'))).toEqual([])
      expect(
        running.events().some(({ type, msg }) => type === 'config.warned' && msg.includes('list of processes')),
      ).toBe(warns)
    },
  )

  /** Answers that repeat what they were asked with, and what they are called. */
  const wrongs = [
    ['an error', 'SOURCE_UNREACHABLE'],
    ['a page', 'SOURCE_MALFORMED'],
    ['another shape', 'SOURCE_MALFORMED'],
    ['a refusal', 'SOURCE_DENIED'],
  ] as const
  type Wrong = (typeof wrongs)[number][0]

  function repeat(answer: Wrong, given: string, response: ServerResponse): void {
    const status = { 'an error': 500, 'a page': 200, 'another shape': 200, 'a refusal': 403 }[answer]
    const body = answer === 'another shape' ? JSON.stringify({ [given]: given }) : `<html>you sent ${given}</html>`
    response.writeHead(status, { 'x-consul-index': '7' }).end(body)
  }

  /** A change, a template nginx refuses, one that fails, a command that fails, a reload of everything. */
  async function everythingElse(running: Running, template: string): Promise<void> {
    await consul.register({ Name: 'api', Port: backend.port, Tags: ['calico'] })
    await answers('api.test')
    writeFileSync(template, `no_such_directive;\n# more\n${readFileSync(shipped, 'utf8')}`)
    await running.saw('generation.invalid')
    writeFileSync(template, '{{ env.CONSUL_HTTP_TOKEN.length }}')
    await running.saw('template.failed')
    writeFileSync(join(bench.folder, 'fail'), '')
    writeFileSync(template, readFileSync(shipped))
    await consul.register({ Name: 'more', Port: backend.port, Tags: ['calico'] })
    await running.saw('generation.rolled_back', ({ code }) => code === 'TARGET_COMMAND_FAILED')
    const from = running.events().length
    process.kill(running.pid, 'SIGHUP')
    await running.saw('daemon.started', undefined, from)
    await answers('more.test')
  }
})

describe('the state folder is closed to others', () => {
  it.each([
    { layout: 'our own layout', args: () => scene.own },
    { layout: 'an adopted tree', args: () => [...scene.adopt, `-template=${shipped}:${tree.destination}`] },
    { layout: 'a plain file', args: () => [...scene.own, `-template=${shipped}:${bench.folder}/out.conf`] },
  ])('with $layout: generations 0640, state 0600, sockets in a folder with 0700', async ({ layout, args }) => {
    const running = bench.start(args())
    await running.saw('daemon.ready')
    services.write({ web: [backend.port], api: [backend.port] })
    await until('a second generation is live', () => running.events().filter(isActivated).length > 1)

    const found = readdirSync(bench.state, { recursive: true, withFileTypes: true }).map(entry => {
      const path = join(entry.parentPath, entry.name)
      return { path: relative(bench.state, path), entry, mode: statSync(path).mode & 0o777 }
    })
    const kind = (path: string) =>
      /\/(run|test|stage)$/.test(path) ? 'closed' : /\/(generations|current)\//.test(path) ? 'generation' : 'state'
    const wanted = { closed: 0o700, generation: 0o640, state: 0o600 }
    const wrong = found
      .filter(({ entry }) => !entry.isSymbolicLink())
      // What nginx itself writes (pid, sockets, folders) is as it wants it; the folder around it is closed.
      .filter(({ path }) => !/\/(run|test)\/(nginx\.pid|.*\.sock|temp-|sketch)/.test(path))
      .filter(({ path, mode, entry }) => {
        if (entry.isDirectory() && kind(path) !== 'closed') return (mode & 0o007) !== 0
        if (path.endsWith('.log') || path.endsWith('.out')) return (mode & 0o027) !== 0
        return mode !== wanted[kind(path)]
      })
      .map(({ path, mode }) => `${path} ${mode.toString(8)}`)

    expect(wrong).toEqual([])
    expect(statSync(bench.state).mode & 0o777).toBe(0o700)
    expect(found.some(({ path }) => path.endsWith('.sock'))).toBe(layout === 'our own layout')
  })

  const isActivated = ({ type }: { type: string }) => type === 'generation.activated'
})
