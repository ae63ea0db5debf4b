import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Generation } from '../../src/model/generation.ts'
import { probe } from '../../src/target/nginx/binary.ts'
import { targets } from '../../src/target/registry.ts'
import type { Staged, Target } from '../../src/target/target.ts'
import { aCommand, aGeneration, aRuntime } from '../support/builders.ts'
import { Children } from '../support/children.ts'
import { makeTree } from '../support/nginx-tree.ts'
import { freePort } from '../support/ports.ts'
import { nginxOf } from '../support/upstreamd.ts'
import { until } from '../support/wait.ts'

const forever = new AbortController().signal
const binary = await probe('nginx', forever)

let folder: string
let ends: (() => unknown)[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'upstreamd-preflight-'))
  ends = []
})
afterEach(async () => {
  for (const end of ends.reverse()) await end()
  rmSync(folder, { recursive: true, force: true })
})

function make(section: object): Target {
  const { runtime, abort } = aRuntime()
  const given = {
    type: 'nginx',
    layout: 'own',
    conf: '',
    binary,
    commands: {},
    all_told_by_command: false,
    stop_timeout: 2_000,
    may_start: true,
    check_output: true,
    state: join(folder, 'state'),
    ...section,
  }
  const target = targets.create(given, runtime)
  ends.push(
    () => until('nginx has ended', () => nginxOf(folder).length === 0),
    () => target.stop(),
    abort,
  )
  return target
}

/** Our own layout with these lines in a server block each, from line 1 of conf.d/site.conf on. */
function listening(...listens: string[]): Generation {
  const site = listens.map(listen => `server { listen ${listen}; return 204; }`).join('\n')
  const frame =
    'worker_processes 1; pid nginx.pid; error_log stderr; events {}\nhttp { access_log off; include control.conf; include conf.d/*.conf; }\n'
  return aGeneration({ 'conf.d/site.conf': site, 'nginx.conf': frame })
}

async function hold(where: { host?: string; port?: number; path?: string }): Promise<Server> {
  const server = createServer(socket => socket.destroy())
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(where, resolve))
  ends.push(() => new Promise(resolve => server.close(resolve)))
  return server
}
const portOf = (server: Server) => (server.address() as AddressInfo).port

async function judged(target: Target, generation: Generation) {
  const staged = await target.stage(generation)
  return staged.validate(forever)
}

describe('another process listens on 127.0.0.1:P', () => {
  let target: Target
  let port: number
  beforeEach(async () => {
    target = make({})
    port = portOf(await hold({ host: '127.0.0.1', port: 0 }))
  })

  it('whoever listens there, too, or everywhere on that port, is refused', async () => {
    const listens = ['127.0.0.1:P', '*:P', 'P', '[::]:P ipv6only=off']

    const verdicts = await Promise.all(
      listens.map(async (listen, number) => {
        const own = make({ state: join(folder, String(number)) })
        const { kind } = await judged(own, listening(listen.replace('P', String(port))))
        return `${listen}: ${kind}`
      }),
    )

    expect(verdicts).toEqual(listens.map(listen => `${listen}: invalid`))
  })

  it.each(['127.0.0.2:P', '[::]:P', '[::1]:P', '127.0.0.1:P reuseport', 'localhost:P'])(
    'listen %s is nginx’s business',
    async listen => {
      const verdict = await judged(target, listening(listen.replace('P', String(port))))

      expect(verdict.kind).toBe('valid')
    },
  )

  it('it is told in nginx’s words, with file, line, and who it is; the next time nobody waits for it', async () => {
    const generation = listening(`127.0.0.1:${await freePort()}`, `127.0.0.1:${port}`)

    const verdict = await judged(target, generation)

    const words = `bind\\(\\) to 127.0.0.1:${port} failed \\(98: Address already in use\\)`
    expect(verdict).toMatchObject({
      kind: 'invalid',
      diagnostics: [
        {
          message: expect.stringMatching(`^${words}: process ${process.pid} \\(.+\\) listens there$`),
          file: join(folder, 'state/generations', generation.digest, 'conf.d/site.conf'),
          line: 2,
          mayPass: true,
        },
      ],
    })
    const started = performance.now()
    expect((await judged(target, listening(`127.0.0.1:${port}`))).kind).toBe('invalid')
    expect(performance.now() - started).toBeLessThan(2_000)
  })

  it('where a command tells nginx, it may be that very nginx, where we cannot see it', async () => {
    const told = make({ state: join(folder, 'other'), commands: { 'conf.d/site.conf': aCommand('true') } })

    expect((await judged(told, listening(`127.0.0.1:${port}`))).kind).toBe('valid')
  })

  it('where nobody starts nginx, nobody is refused', async () => {
    const once = make({ state: join(folder, 'other'), may_start: false })

    expect((await judged(once, listening(`127.0.0.1:${port}`))).kind).toBe('valid')
  })

  it('a stop does not wait for it', async () => {
    const staged = await target.stage(listening(`127.0.0.1:${port}`))

    await expect(staged.validate(AbortSignal.timeout(300))).rejects.toThrow()
  })
})

it('a port that comes free while nginx would still try is no reason to refuse', async () => {
  const target = make({})
  const server = await hold({ host: '127.0.0.1', port: 0 })
  setTimeout(() => server.close(), 500)

  expect((await judged(target, listening(`127.0.0.1:${portOf(server)}`))).kind).toBe('valid')
})

describe('a unix socket', () => {
  it('that somebody listens on is refused, and is not touched', async () => {
    const path = join(folder, 'app.sock')
    const target = make({})
    const server = await hold({ path })

    const verdict = await judged(target, listening(`unix:${path}`))

    expect(verdict).toMatchObject({ kind: 'invalid', diagnostics: [{ line: 1, mayPass: true }] })
    expect(server.listening).toBe(true)
  })

  it('that somebody left behind makes way when the generation goes live', async () => {
    const path = join(folder, 'app.sock')
    const target = make({})
    await activated(target, listening(`127.0.0.1:${await freePort()}`))
    // A server that closes removes its socket; one that is killed does not.
    const children = new Children()
    const holder = children.start(process.execPath, ['-e', `require('net').createServer().listen('${path}')`])
    await until('it listens', () => existsSync(path))
    await children.end(holder, 'SIGKILL')

    const staged = await target.stage(listening(`unix:${path}`))
    expect((await staged.validate(forever)).kind).toBe('valid')
    expect((await staged.activate(forever)).kind).toBe('reloaded')
  })
})

describe('what our own nginx listens on', () => {
  it('is ours, also on another address of the same port, and costs no second look', async () => {
    const target = make({})
    const port = await freePort()
    await activated(target, listening(`127.0.0.1:${port}`))

    for (const listens of [[`127.0.0.1:${port}`], [`127.0.0.1:${port}`, `127.0.0.2:${port}`], [`*:${port}`]]) {
      expect((await judged(target, listening(...listens))).kind).toBe('valid')
    }
  })

  it('is ours while its workers are all that is left of it', async () => {
    const target = make({})
    const port = await freePort()
    await activated(target, listening(`127.0.0.1:${port}`))
    const { pid = 0 } = (await target.running(forever)) ?? {}

    process.kill(pid, 'SIGKILL')
    await until('it is gone', async () => (await target.running(forever)) === undefined)

    expect((await judged(target, listening(`127.0.0.1:${port}`, `127.0.0.1:${await freePort()}`))).kind).toBe('valid')
  })
})

it('a file of the user’s that asks for what is taken is not our refusal: it is said whose it is', async () => {
  const tree = makeTree(folder)
  const port = portOf(await hold({ host: '127.0.0.1', port: 0 }))
  const theirs = join(tree.folder, 'conf.d/theirs.conf')
  writeFileSync(theirs, `server {\n  listen 127.0.0.1:${port};\n}\n`)
  const target = make({ layout: 'adopt', conf: tree.conf })

  const verdict = judged(target, aGeneration({ [tree.destination]: '# nothing\n' }))

  await expect(verdict).rejects.toMatchObject({
    code: 'TARGET_TREE_BROKEN',
    message: expect.stringContaining(`${theirs}:2: bind() to 127.0.0.1:${port} failed`),
  })
})

async function activated(target: Target, generation: Generation): Promise<Staged> {
  const staged = await target.stage(generation)
  expect((await staged.validate(forever)).kind).toBe('valid')
  expect(await staged.activate(forever)).not.toMatchObject({ kind: 'rolled_back' })
  return staged
}
