import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { apply } from '../../src/delivery/apply.ts'
import { isOf } from '../../src/errors.ts'
import type { Generation } from '../../src/model/generation.ts'
import type { Event } from '../../src/observe/event.ts'
import type { Runtime } from '../../src/runtime.ts'
import { type NginxBinary, probe } from '../../src/target/nginx/binary.ts'
import { targets } from '../../src/target/registry.ts'
import type { Target } from '../../src/target/target.ts'
import { aCommand, aGeneration, aRuntime, aSelection, aSite } from '../support/builders.ts'
import { Children } from '../support/children.ts'
import { get } from '../support/http.ts'
import { makeTree } from '../support/nginx-tree.ts'
import { freePort } from '../support/ports.ts'
import { nginxOf } from '../support/upstreamd.ts'
import { until } from '../support/wait.ts'

/** Where a target works, and how to see from outside what it did. */
interface World {
  readonly section: { readonly type: string }
  /** A generation that answers with this word. */
  good(word: string): Generation
  /** One that its validator refuses, and where the fault is; undefined where there is nothing to validate. */
  broken(): { readonly generation: Generation; readonly file: string; readonly line: number } | undefined
  /** One that passes validation and cannot be made live all the same. */
  hopeless(): Promise<Generation>
  /** The word that is live; undefined when nothing is. */
  live(): Promise<string | undefined>
  /** Every byte a reader of the live tree could see, the pid file included. */
  tree(): Record<string, string>
  /** Does the target start and end a process here? */
  readonly hasProcess: boolean
  /** Where that process listens. */
  readonly port: number | undefined
}

const noSelection = aSelection([aSite('web', 1)])

let folder: string
const endings: (() => void | Promise<void>)[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'upstreamd-target-'))
})
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
  for (const { pid } of nginxOf(folder)) kill(pid)
  await until('every nginx of this test has ended', () => nginxOf(folder).length === 0)
  rmSync(folder, { recursive: true, force: true })
})

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it ended by itself
  }
}

/** Paths, texts and times below a folder: whoever rewrites a file with the same bytes is seen, too. */
function contents(root: string, skip: (path: string) => boolean = () => false): Record<string, string> {
  const found: Record<string, string> = {}
  const look = (path: string) => {
    const stat = lstatSync(path, { throwIfNoEntry: false, bigint: true })
    if (stat === undefined || skip(path)) return
    if (stat.isSymbolicLink()) found[path] = `-> ${readlinkSync(path)}`
    else if (stat.isDirectory()) for (const name of readdirSync(path)) look(join(path, name))
    else if (stat.isFile()) found[path] = `${stat.ino} ${stat.mtimeNs} ${readFileSync(path, 'latin1')}`
    else found[path] = 'socket'
  }
  look(root)
  return found
}

function server(port: number, word: string, more = '', options = ''): string {
  return `server {\n  listen 127.0.0.1:${port}${options};\n  return 200 "${word}";\n${more}}\n`
}

async function wordAt(port: number): Promise<string | undefined> {
  return get(port, 'any.host').then(
    ({ text }) => text,
    () => undefined,
  )
}

/** With `reuseport` nobody but nginx's master can say whether the port is to be had: `nginx -t` does not mind. */
async function takenServer(): Promise<string> {
  return server(await takenPort(), 'taken', '', ' reuseport')
}

/** A port somebody else listens on. */
async function takenPort(): Promise<number> {
  const holder: Server = createServer()
  await new Promise<void>(resolve => holder.listen(0, '127.0.0.1', resolve))
  endings.push(() => void holder.close())
  const address = holder.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

const forever = new AbortController().signal
const binary: NginxBinary = await probe('nginx', forever)
const nginxSection = {
  type: 'nginx',
  binary,
  commands: {},
  all_told_by_command: false,
  stop_timeout: 8_000,
  check_output: true,
  may_start: true,
}

async function ownWorld(): Promise<World> {
  const state = join(folder, 'state')
  const port = await freePort()
  const files = (site: string) =>
    aGeneration(
      {
        'conf.d/site.conf': site,
        'nginx.conf': [
          'worker_processes 1;',
          'pid nginx.pid;',
          'error_log stderr;',
          'events {}',
          'http { access_log off; include control.conf; include conf.d/*.conf; }',
          '',
        ].join('\n'),
      },
      noSelection,
    )
  return {
    section: { ...nginxSection, layout: 'own', conf: '', state } as { type: string },
    hasProcess: true,
    port,
    good: word => files(server(port, word)),
    broken() {
      const generation = files(server(port, 'broken', '  nonsense on;\n'))
      return { generation, file: join(state, 'generations', generation.digest, 'conf.d/site.conf'), line: 4 }
    },
    hopeless: async () => files(server(port, 'hopeless') + (await takenServer())),
    live: () => wordAt(port),
    tree() {
      const current = lstatSync(join(state, 'current'), { throwIfNoEntry: false })
      const served = current === undefined ? {} : contents(join(state, readlinkSync(join(state, 'current'))))
      return {
        ...contents(join(state, 'run'), path => path.endsWith('.log')),
        ...contents(join(state, 'current')),
        ...served,
      }
    },
  }
}

async function adoptWorld(before = ''): Promise<World & { startByHand(): Promise<number> }> {
  const tree = makeTree(folder)
  const port = await freePort()
  if (before !== '') writeFileSync(tree.destination, server(port, before))
  const files = (text: string) => aGeneration({ [tree.destination]: text }, noSelection)
  return {
    section: { ...nginxSection, layout: 'adopt', conf: tree.conf, state: join(folder, 'state') } as { type: string },
    hasProcess: true,
    port,
    good: word => files(server(port, word)),
    broken: () => ({ generation: files(server(port, 'broken', '  nonsense on;\n')), file: tree.destination, line: 4 }),
    hopeless: async () => files(server(port, 'hopeless') + (await takenServer())),
    live: () => wordAt(port),
    tree: () => ({ ...contents(tree.folder), ...contents(tree.pidFile) }),
    async startByHand() {
      const children = new Children()
      endings.push(() => children.endAll())
      const pid = await tree.startNginx(children)
      await until('the nginx that was started by hand answers', async () => (await wordAt(port)) === before)
      return pid
    },
  }
}

async function filesWorld(): Promise<World> {
  const place = join(folder, 'place')
  mkdirSync(place)
  const destination = join(place, 'app.conf')
  const told = join(folder, 'told')
  const command = `if grep -q hopeless ${destination}; then echo no such word >&2; exit 3; fi; cp ${destination} ${told}`
  const file = (text: string) => aGeneration({ [destination]: text }, noSelection)
  return {
    section: { type: 'files', destination, command: aCommand(command), state: join(folder, 'state') } as {
      type: string
    },
    hasProcess: false,
    port: undefined,
    good: file,
    broken: () => undefined, // a plain file has no validator: its command is the judge
    hopeless: async () => file('hopeless'),
    async live() {
      const texts = [destination, told].map(path =>
        lstatSync(path, { throwIfNoEntry: false }) ? readFileSync(path, 'utf8') : undefined,
      )
      return texts[0] === texts[1] ? texts[0] : `${texts}`
    },
    tree: () => contents(place),
  }
}

/** Every way to have a target of each type. One without a way fails the first test below. */
const worlds: Readonly<Record<string, readonly { readonly title: string; start(): Promise<World> }[]>> = {
  nginx: [
    { title: 'nginx, in our own layout', start: ownWorld },
    { title: 'nginx, in a tree that is adopted', start: () => adoptWorld() },
  ],
  files: [{ title: 'files', start: filesWorld }],
}

it('every target that is registered has to keep these promises', () => {
  expect(Object.keys(worlds).sort()).toEqual([...targets.types].sort())
})

/** A target as a daemon holds it; the one before it, if any, is gone like a daemon that ended. */
function make(world: World): { target: Target; runtime: Runtime; events: Event[] } {
  const { runtime, events, abort } = aRuntime()
  endings.push(abort)
  const target = targets.create(world.section, runtime)
  return { target, runtime, events }
}

const isLive = (world: World, word: string | undefined) =>
  until(`${word} is live`, async () => (await world.live()) === word || undefined)

describe.each(Object.values(worlds).flat())('target $title', ({ start }) => {
  let world: World
  let target: Target
  let runtime: Runtime
  beforeEach(async () => {
    world = await start()
    ;({ target, runtime } = make(world))
    endings.push(() => target.stop())
  })
  const digest = async (of = target) => (await of.running(forever))?.digest

  async function activated(generation: Generation): Promise<string> {
    const staged = await target.stage(generation)
    expect(await staged.validate(forever)).toMatchObject({ kind: 'valid' })
    const activation = await staged.activate(forever)
    await staged.discard()
    if (activation.kind === 'rolled_back') throw activation.cause
    return activation.kind
  }

  it('knows of nothing at first', async () => {
    expect(await target.recall()).toBeUndefined()
    expect(await digest()).toBeUndefined()
    expect(await world.live()).toBeUndefined()
  })

  it('what is activated is live, is what the target says is running, and can be recalled', async () => {
    const generation = world.good('one')

    const kind = await activated(generation)

    expect(kind).toBe(world.hasProcess ? 'started' : 'written')
    await isLive(world, 'one')
    expect(await digest()).toBe(generation.digest)
    expect(await target.recall()).toEqual(generation)
  })

  it('the next one takes its place without a new start', async () => {
    await activated(world.good('one'))
    const before = (await target.running(forever))?.pid

    const kind = await activated(world.good('two'))

    expect(kind).toBe(world.hasProcess ? 'reloaded' : 'written')
    await isLive(world, 'two')
    expect((await target.running(forever))?.pid).toBe(before)
    expect(await digest()).toBe(world.good('two').digest)
  })

  it('a generation before it that still finishes a request is counted until it is done', async () => {
    if (world.port === undefined) return
    await activated(world.good('one'))
    await isLive(world, 'one')
    const client = connect(world.port, '127.0.0.1')
    client.on('error', () => {})
    endings.push(() => void client.destroy())
    client.write('GET / HTTP/1.1\r\nHost: slow.test\r\n') // and does not go on
    await until('its worker has begun to read it', () => client.bytesWritten > 0 && !client.connecting)

    await activated(world.good('two'))
    await isLive(world, 'two')
    const draining = async () => (await target.running(forever))?.draining
    await until('the generation before is draining', async () => (await draining()) === 1)

    client.destroy()
    await until('it is done', async () => (await draining()) === 0)
  })

  it('going back to one that was live before is as good as any other', async () => {
    await activated(world.good('one'))
    await activated(world.good('two'))

    await activated(world.good('one'))

    await isLive(world, 'one')
    expect(await digest()).toBe(world.good('one').digest)
  })

  it('a change that is taken back at once is taken back, however often', async () => {
    for (const word of ['one', 'two', 'one', 'two', 'one', 'two', 'one']) {
      expect(await apply(world.good(word), target, runtime)).not.toEqual({ kind: 'unchanged' })
    }

    await isLive(world, 'one')
    expect(await digest()).toBe(world.good('one').digest)
  })

  it('staging and validating leave the live tree as it is, to the byte', async () => {
    await activated(world.good('one'))
    await isLive(world, 'one')
    const before = world.tree()

    const staged = await target.stage(world.good('two'))
    expect(world.tree()).toEqual(before)
    expect(await staged.validate(forever)).toMatchObject({ kind: 'valid' })
    expect(world.tree()).toEqual(before)
    await staged.discard()

    expect(world.tree()).toEqual(before)
    expect(await world.live()).toBe('one')
    expect(await digest()).toBe(world.good('one').digest)
  })

  it('also when nothing is live yet: not even a pid file is left behind', async () => {
    const before = world.tree()

    const staged = await target.stage(world.good('one'))
    await staged.validate(forever)
    await staged.discard()

    expect(world.tree()).toEqual(before)
    expect(await world.live()).toBeUndefined()
  })

  it('staging the same twice is harmless', async () => {
    await activated(world.good('one'))
    const first = await target.stage(world.good('two'))
    const second = await target.stage(world.good('two'))

    expect(await first.validate(forever)).toMatchObject({ kind: 'valid' })
    expect(await second.validate(forever)).toMatchObject({ kind: 'valid' })
    expect(await second.activate(forever)).not.toMatchObject({ kind: 'rolled_back' })
    await first.discard()
    await second.discard()

    await isLive(world, 'two')
    expect(await digest()).toBe(world.good('two').digest)
  })

  it('staging what is live already is harmless, too', async () => {
    await activated(world.good('one'))
    const before = world.tree()

    const staged = await target.stage(world.good('one'))
    await staged.validate(forever)
    await staged.discard()

    expect(world.tree()).toEqual(before)
    expect(await target.recall()).toEqual(world.good('one'))
    expect(await world.live()).toBe('one')
  })

  it('what is invalid is refused with its file and line, and nothing is changed', async () => {
    const broken = world.broken()
    if (broken === undefined) return
    await activated(world.good('one'))
    const before = world.tree()

    const staged = await target.stage(broken.generation)
    const validation = await staged.validate(forever)
    await staged.discard()

    const message = 'unknown directive "nonsense"'
    const { file, line } = broken
    expect(validation).toEqual({
      kind: 'invalid',
      diagnostics: [{ severity: 'error', message, file, line, source: 'nonsense on;' }],
    })
    expect(world.tree()).toEqual(before)
  })

  it('a generation can be judged alone: the verdict is the same, and nothing of it is kept', async () => {
    const broken = world.broken()
    await activated(world.good('one'))
    const before = world.tree()

    expect(await target.judge(world.good('two'), forever)).toMatchObject({ kind: 'valid' })
    if (broken !== undefined) {
      expect(await target.judge(broken.generation, forever)).toMatchObject({
        kind: 'invalid',
        diagnostics: [{ message: 'unknown directive "nonsense"', line: broken.line }],
      })
    }
    expect(world.tree()).toEqual(before)
  })

  it('what is invalid is never activated', async () => {
    const broken = world.broken()
    if (broken === undefined) return
    await activated(world.good('one'))
    const before = world.tree()

    expect(await apply(broken.generation, target, runtime)).toMatchObject({ kind: 'invalid' })

    expect(world.tree()).toEqual(before)
    expect(await world.live()).toBe('one')
    expect(await digest()).toBe(world.good('one').digest)
    expect(await target.recall()).toEqual(world.good('one'))
  })

  it('nor when it is the first: nothing is started with it', async () => {
    const broken = world.broken()
    if (broken === undefined) return
    const before = world.tree()

    expect(await apply(broken.generation, target, runtime)).toMatchObject({ kind: 'invalid' })

    expect(world.tree()).toEqual(before)
    expect(nginxOf(folder)).toEqual([])
  })

  it('what cannot be made live is rolled back: what was live is live again', async () => {
    await activated(world.good('one'))

    const outcome = await apply(await world.hopeless(), target, runtime)

    expect(outcome).toMatchObject({
      kind: 'rolled_back',
      cause: { message: expect.stringMatching(/bind\(\)|no such word/) },
    })
    if (outcome.kind === 'rolled_back') expect(isOf('target', outcome.cause)).toBe(true)
    // A plain file is put back; what its command had made of it is the command's business.
    if (world.hasProcess) await isLive(world, 'one')
    expect(await target.recall()).toEqual(world.good('one'))
    expect(await apply(world.good('two'), target, runtime)).not.toMatchObject({ kind: 'rolled_back' })
    await isLive(world, 'two')
  })

  it('what is live already is not applied again', async () => {
    await apply(world.good('one'), target, runtime)
    await isLive(world, 'one')
    const before = world.tree()

    expect(await apply(world.good('one'), target, runtime)).toEqual({ kind: 'unchanged' })

    expect(world.tree()).toEqual(before)
  })

  it('somebody’s edit is seen: it is not what was activated', async () => {
    await activated(world.good('one'))
    const [path] = Object.keys(world.tree()).filter(name => /site\.conf$|app\.conf$/.test(name))
    if (path === undefined) throw new Error('no file')
    writeFileSync(path, `${readFileSync(path, 'utf8')}# edited\n`)

    const outcome = await apply(world.good('one'), target, runtime)

    // In our own layout nginx itself says what it runs, and that has not changed.
    if (outcome.kind !== 'unchanged') expect(readFileSync(path, 'utf8')).not.toContain('edited')
    await isLive(world, 'one')
  })

  it('an abort before the commit changes nothing', async () => {
    await activated(world.good('one'))
    const before = world.tree()
    const staged = await target.stage(world.good('two'))

    await expect(staged.activate(AbortSignal.abort(new Error('stopping')))).rejects.toThrow()
    await staged.discard()

    expect(world.tree()).toEqual(before)
    expect(await world.live()).toBe('one')
  })

  it('a new daemon on the same state knows what is live, and need not do anything', async () => {
    await activated(world.good('one'))
    await isLive(world, 'one')
    const before = world.tree()

    const next = make(world)

    expect(await next.target.recall()).toEqual(world.good('one'))
    expect(await digest(next.target)).toBe(world.good('one').digest)
    expect(await apply(world.good('one'), next.target, next.runtime)).toEqual({ kind: 'unchanged' })
    expect(world.tree()).toEqual(before)
  })

  it('a stop ends what was started, and what was live comes back with the next start', async () => {
    await activated(world.good('one'))
    await isLive(world, 'one')

    await target.stop()
    expect(nginxOf(folder)).toEqual([])

    const next = make(world)
    endings.push(() => next.target.stop())
    expect(await next.target.recall()).toEqual(world.good('one'))
    await apply(world.good('one'), next.target, next.runtime)
    await isLive(world, 'one')
  })

  it('stopping what never started is nothing, and so is stopping twice', async () => {
    await target.stop()
    await target.stop()

    expect(world.tree()).toEqual(world.tree())
    expect(nginxOf(folder)).toEqual([])
  })
})

describe('target nginx, adopting an nginx that somebody else has started', () => {
  it('it is reloaded, never started again, and left running at the end', async () => {
    const world = await adoptWorld('theirs')
    const pid = await world.startByHand()
    const { target, runtime, events } = make(world)

    expect(await apply(world.good('one'), target, runtime)).toMatchObject({ kind: 'reloaded' })
    await isLive(world, 'one')
    expect(await target.running(forever)).toMatchObject({ pid, digest: world.good('one').digest })

    await target.stop()
    expect(nginxOf(folder).some(process => process.pid === pid)).toBe(true)
    expect(await world.live()).toBe('one')
    expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(['process.found', 'process.left']))
  })

  it('what stood at the destination before us is what a refusal goes back to', async () => {
    const world = await adoptWorld('theirs')
    await world.startByHand()
    const { target, runtime } = make(world)
    const before = readFileSync(join(folder, 'etc-nginx/conf.d/app.conf'), 'utf8')

    expect(await apply(await world.hopeless(), target, runtime)).toMatchObject({ kind: 'rolled_back' })

    expect(readFileSync(join(folder, 'etc-nginx/conf.d/app.conf'), 'utf8')).toBe(before)
    await isLive(world, 'theirs')
  })

  it('a tree that is broken without us is not our refusal: it is said whose fault it is', async () => {
    const world = await adoptWorld()
    writeFileSync(join(folder, 'etc-nginx/conf.d/broken.conf'), 'their mistake;\n')
    const { target, runtime } = make(world)

    await expect(apply(world.good('one'), target, runtime)).rejects.toMatchObject({
      code: 'TARGET_TREE_BROKEN',
      message: expect.stringContaining(`${join(folder, 'etc-nginx/conf.d/broken.conf')}:1: unknown directive "their"`),
    })
    expect(nginxOf(folder)).toEqual([])
  })
})
