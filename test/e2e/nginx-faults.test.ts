import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readProcess } from '../../src/proc.ts'
import { isLeaving, isMaster, isWorker } from '../../src/target/nginx/proc.ts'
import { get, startBackend } from '../support/http.ts'
import { openScene, type Scene, shipped } from '../support/scene.ts'
import { canStartAsNobody, NOBODY, nginxOf } from '../support/upstreamd.ts'
import { until } from '../support/wait.ts'

let scene: Scene
let { bench, children, tree, services, backend, port, own, answers } = {} as Scene
let adopt: string[]

beforeEach(async () => {
  scene = await openScene()
  ;({ bench, children, tree, services, backend, port, own, answers } = scene)
  adopt = [...scene.adopt, `-template=${shipped}:${tree.destination}`]
})
afterEach(() => scene.close())

const masters = () => nginxOf(bench.folder).filter(isMaster)
const masterOf = () => masters()[0]?.pid ?? 0
/** A worker that was forked a moment ago still calls itself a master. */
const thereIsOneMaster = () => until('there is one master', () => masters().length === 1)
const grow = () => services.write({ web: [backend.port], api: [backend.port] })
const status = (host: string) => get(port, host).then(reply => reply.status)
const many = <T>(ask: () => Promise<T>) => Array.from({ length: 20 }, ask)
const is200 = (found: number) => found === 200

/** A program in the place of nginx. */
function program(script: string): string {
  const path = join(bench.folder, 'my-nginx')
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  return path
}

/** The compiled-in folders for temporary files belong to root. */
function allowNobody(conf: string): void {
  const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  const own = folders.map(name => `  ${name}_temp_path ${join(bench.folder, name)};`)
  writeFileSync(conf, readFileSync(conf, 'utf8').replace('http {', `http {\n${own.join('\n')}`))
}

describe('nginx -t says OK, and the master refuses', () => {
  let template: string
  beforeEach(() => {
    template = join(bench.folder, 'more.njk')
    writeFileSync(template, '')
  })
  const layouts = [
    {
      layout: 'our own layout',
      args: () => [...own, `-template=${shipped}:conf.d/ingress.conf`, at('conf.d/more.conf')],
    },
    { layout: 'an adopted tree', args: () => [...adopt, at(join(tree.folder, 'conf.d/more.conf'))] },
  ]
  const at = (destination: string) => `-template=${template}:${destination}`

  it.each(layouts)(
    'N2: another key for a shared zone in $layout: its words, and what was live stays',
    async ({ args }) => {
      const zone = (key: string) => `limit_req_zone ${key} zone=one:1m rate=9r/s;\n`
      writeFileSync(template, zone('$binary_remote_addr'))
      const running = bench.start(args())
      await running.saw('daemon.ready')

      writeFileSync(template, zone('$server_name'))
      const back = await running.saw('generation.rolled_back')

      expect(back.problem).toContain('limit_req "one" uses the "$server_name" key while previously it used')
      expect(await status('web.test')).toBe(200)
      grow()
      await answers('api.test') // with the template that was accepted
    },
  )

  it('N2: a port that only nginx can try: refused when nginx gives up', async () => {
    const taken = await startBackend('the one that has the port')
    const running = bench.start([...adopt, at(join(tree.folder, 'conf.d/more.conf'))])
    await running.saw('daemon.ready')

    writeFileSync(template, `server { listen 127.0.0.1:${taken.port} reuseport; }\n`)
    const back = await running.saw('generation.rolled_back')

    expect(back.problem).toContain(`bind() to 127.0.0.1:${taken.port} failed (98: Address already in use)`)
    expect(await status('web.test')).toBe(200)
    await taken.close()
  })

  it('N4: a port that comes free while nginx still tries: live, and on the disk', async () => {
    const taken = await startBackend('the one that has the port')
    const running = bench.start([...adopt, at(join(tree.folder, 'conf.d/more.conf'))])
    await running.saw('daemon.ready')

    writeFileSync(template, `server { listen 127.0.0.1:${taken.port} reuseport; return 204; }\n`)
    await until('nginx tries', () => /bind\(\) to [\d.:]+ failed/.test(nginxLog()))
    await taken.close()
    await until('it is live', async () => (await get(taken.port, 'x')).status === 204)

    grow()
    await answers('api.test')
    expect((await get(taken.port, 'x')).status).toBe(204)
    expect(running.events().filter(({ type }) => /rolled_back|invalid|failed/.test(type))).toEqual([])
  })

  const nginxLog = () =>
    readdirSync(bench.state, { recursive: true, encoding: 'utf8' })
      .filter(path => path.endsWith('control.log'))
      .map(path => readFileSync(join(bench.state, path), 'utf8'))
      .join('')

  it('N3: accepted, and all workers die of it, in an adopted tree: taken back with their last words', async () => {
    const frame = readFileSync(tree.conf, 'utf8')
    mkdirSync(join(tree.folder, 'main.d'))
    writeFileSync(tree.conf, `include main.d/*.conf;\n${frame}`)
    const running = bench.start([...adopt, at(join(tree.folder, 'main.d/more.conf'))])
    await running.saw('daemon.ready')

    writeFileSync(template, 'working_directory /no/such/folder;\n')
    const back = await running.saw('generation.rolled_back')

    expect(back.problem).toMatch(/fatal code|chdir/)
    await answers('web.test')
  })
})

describe('N5: nginx is killed', () => {
  it('with a unix socket left behind: it is started again all the same', async () => {
    const socket = join(bench.folder, 'app.sock')
    writeFileSync(join(tree.folder, 'conf.d/socket.conf'), `server { listen unix:${socket}; return 204; }\n`)
    const running = bench.start(adopt)
    await running.saw('daemon.ready')
    const all = nginxOf(bench.folder)

    for (const { pid } of all) process.kill(pid, 'SIGKILL')
    expect(existsSync(socket)).toBe(true)

    await running.saw('process.started', ({ pid }) => !all.some(old => old.pid === pid))
    await answers('web.test')
  })

  it.skipIf(!canStartAsNobody())(
    'and the state folder cannot be written to: it is started without its control log, and that is said',
    async () => {
      allowNobody(tree.conf)
      const running = bench.startAsNobody(adopt)
      await running.saw('daemon.ready')
      execFileSync('chmod', ['-R', 'u-w', bench.state])

      for (const { pid } of nginxOf(bench.folder)) process.kill(pid, 'SIGKILL')
      await running.saw('config.warned', ({ problem }) => problem.includes('started without a control log'))
      await answers('web.test')

      execFileSync('chmod', ['-R', 'u+w', bench.state])
      grow()
      await answers('api.test')
      await thereIsOneMaster()
    },
  )
})

describe('N6: workers die again and again', () => {
  const workers = () => nginxOf(bench.folder).filter(process => isWorker(process) && !isLeaving(process))

  /** One after the other, as a request that nginx cannot bear does. */
  async function crash(times: number): Promise<void> {
    for (let time = 0; time < times; time += 1) {
      const [victim] = await until('there is a worker', () => workers().length > 0 && workers())
      process.kill(victim?.pid ?? 0, 'SIGSEGV')
      await until('it has died', () => !workers().some(({ pid }) => pid === victim?.pid))
    }
  }

  /** For half a second after an activation a single death counts against it: that is N3. */
  const beyondLateDeaths = () => new Promise(resolve => setTimeout(resolve, 700))

  it('it is counted and said, and not ready; nothing is rolled back that they did not begin with', async () => {
    const running = bench.start(own)
    await running.saw('daemon.ready')
    await beyondLateDeaths()

    await crash(1)
    const first = await running.saw('worker.died')
    await crash(4)
    const loop = await running.saw('worker.died', ({ isLoop }) => isLoop)

    expect(first.problem).toMatch(/^worker process \d+ exited on signal 11/)
    expect(first.isLoop).toBe(false)
    expect(loop.deaths).toBe(5)
    const check = await bench.run(['healthcheck'])
    expect(check).toMatchObject({ code: 1, stdout: expect.stringContaining('5 workers died within a minute') })
    expect(await status('web.test')).toBe(200)
    expect(running.events().filter(({ type }) => type === 'generation.rolled_back')).toEqual([])
  })

  it.each([
    { layout: 'its own layout', args: () => own },
    { layout: 'an adopted tree', args: () => adopt },
  ])('since a generation went live in $layout: it is rolled back, with nginx’s words', async ({ args }) => {
    const running = bench.start(args())
    await running.saw('daemon.ready')
    grow()
    await answers('api.test')
    await beyondLateDeaths()

    await crash(5)

    const back = await running.saw('generation.rolled_back')
    expect(back.problem).toMatch(/its workers died: \d+ within a minute, the last one: worker process \d+ exited on/)
    await until('the one before is live', async () => (await status('api.test')) === 404)
    expect(await status('web.test')).toBe(200)
    await running.saw('worker.recovered')
    expect((await bench.run(['healthcheck'])).code).toBe(0)
  })

  it('until none is left, because none can be started: nginx is told to start some when it can', async () => {
    chmodSync(bench.folder, 0o755) // workers are nobody
    const home = join(bench.folder, 'home')
    mkdirSync(home)
    const frame = join(bench.folder, 'nginx.conf.njk')
    const text = readFileSync(join(import.meta.dirname, '../../nginx/nginx.conf.njk'), 'utf8')
    writeFileSync(frame, `working_directory ${home};\n${text.replace('worker_processes auto', 'worker_processes 1')}`)
    const running = bench.start([...own, `-template=${frame}:nginx.conf`, `-template=${shipped}:conf.d/ingress.conf`])
    await running.saw('daemon.ready')

    rmdirSync(home)
    for (const { pid } of workers()) process.kill(pid, 'SIGSEGV')
    await until('none can be started', () => running.log().includes('cannot be respawned'))
    mkdirSync(home)

    await running.saw('worker.died', ({ problem }) => problem === 'no worker is left')
    await running.saw('worker.recovered')
    await answers('web.test')
    expect((await bench.run(['healthcheck'])).code).toBe(0)
  })
})

describe('N7: the nginx master hangs', () => {
  it('and was started by upstreamd: it is ended, and another one serves the change', async () => {
    const running = bench.start(own)
    await running.saw('daemon.ready')
    const old = masterOf()

    process.kill(old, 'SIGSTOP')
    grow()
    const hung = await running.saw('process.hung')
    await running.saw('process.started', ({ pid }) => pid !== old)

    await answers('api.test')
    expect(hung).toMatchObject({ pid: old, isReplaced: true })
    expect(masters().map(({ pid }) => pid)).not.toContain(old)
    expect(running.events().filter(({ type }) => /rolled_back|failed|exited/.test(type))).toEqual([])
  })

  it('and was only found: that is said, it is left alone, and goes on when it wakes up', async () => {
    const theirs = await tree.startNginx(children)
    const running = bench.start(adopt)
    await running.saw('daemon.ready')

    process.kill(theirs, 'SIGSTOP')
    grow()
    const hung = await running.saw('process.hung')
    const back = await running.saw('generation.rolled_back')
    expect(await status('web.test')).toBe(200)
    expect(hung).toMatchObject({ pid: theirs, isReplaced: false })
    expect(back.problem).toContain('has not reacted to a signal')
    expect(readFileSync(tree.destination, 'utf8')).not.toContain('api.test')

    process.kill(theirs, 'SIGCONT')
    services.write({ web: [backend.port], api: [backend.port], more: [backend.port] })
    await answers('more.test')
    expect(masterOf()).toBe(theirs)
  })

  it('when a command tells it: an exit code of 0 is not believed', async () => {
    const script = join(bench.folder, 'reload.sh')
    const tell = `if [ -s ${tree.pidFile} ]; then kill -HUP $(cat ${tree.pidFile}); else nginx -c ${tree.conf}; fi`
    writeFileSync(script, `#!/bin/sh\n${tell}\n`, { mode: 0o755 })
    const running = bench.start([...scene.adopt, `-template=${shipped}:${tree.destination}:${script}`])
    await answers('web.test')
    await running.saw('daemon.ready')
    const old = masterOf()

    process.kill(old, 'SIGSTOP')
    grow()

    await running.saw('process.hung', ({ isReplaced }) => isReplaced)
    await answers('api.test')
    expect(masters().map(({ pid }) => pid)).not.toContain(old)
  })
})

describe('N8: nginx is replaced by somebody else', () => {
  it('a new binary (USR2, then QUIT): the new master is taken over and brought up to date', async () => {
    execFileSync('/usr/sbin/nginx', ['-c', tree.conf]) // a daemon, as distributions have it
    const running = bench.start(adopt)
    await running.saw('daemon.ready')
    const old = masterOf()

    process.kill(old, 'SIGUSR2')
    const next = await until('there is a second master', () => masters().find(({ pid }) => pid !== old)?.pid)
    const from = running.events().length
    grow() // the old master is told; the new one has read what was live before
    await running.saw('generation.activated', undefined, from)
    process.kill(old, 'SIGQUIT')
    await running.saw('process.found', ({ pid }) => pid === next)

    await until('every worker knows it', async () => (await Promise.all(many(() => status('api.test')))).every(is200))
    expect(await running.stop()).toBe(0)
    expect(masterOf()).toBe(next)
  })

  it('a restart from outside: its successor is taken over, and reloads go there', async () => {
    const first = await tree.startNginx(children)
    const running = bench.start(adopt)
    await running.saw('daemon.ready')

    process.kill(first, 'SIGQUIT')
    await until('it has ended', () => !masters().some(({ pid }) => pid === first))
    const second = await tree.startNginx(children)
    await running.saw('process.found', ({ pid }) => pid === second)
    grow()

    await answers('api.test')
    expect(await running.stop()).toBe(0)
    expect(masterOf()).toBe(second)
  })

  it('after a reboot its pid and start time are a stranger’s: nothing is signalled', async () => {
    const first = bench.start(adopt)
    await first.saw('daemon.ready')
    await first.stop()
    const stranger = children.start('sleep', ['1000'])
    const pid = stranger.pid ?? 0
    const record = { pid, startTime: readProcess(pid)?.startTime, started: true, logged: true, workers: [] }
    const folder = readdirSync(bench.state).find(name => name.startsWith('nginx-')) ?? ''
    writeFileSync(join(bench.state, folder, 'run/process.json'), JSON.stringify(record))

    const second = bench.start(adopt)
    await second.saw('daemon.ready')
    grow()
    await answers('api.test')

    expect(await second.stop()).toBe(0)
    expect(readProcess(pid)?.command).toBe('sleep 1000')
  })
})

describe('N10: nginx -t hangs', () => {
  it('it is ended with all it started, that is said, and the change goes live when it answers again', async () => {
    const [hang, sleeper] = [join(bench.folder, 'hang'), join(bench.folder, 'sleeper')]
    const binary = program(`if [ "$1" = -t ] && [ -e ${hang} ]; then sleep 1000 & echo $! >${sleeper}; wait; fi
exec /usr/sbin/nginx "$@"`)
    const running = bench.start([...own, `-nginx-bin=${binary}`])
    await running.saw('daemon.ready')

    writeFileSync(hang, '')
    grow()
    const pid = await until('it hangs', () => Number(readFileSync(sleeper, 'utf8')) || undefined)
    // The shell writes its number before it has become what it is to be.
    await until('it sleeps', () => readProcess(pid)?.command === 'sleep 1000')
    await until('it is ended', () => readProcess(pid) === undefined)
    rmSync(hang)
    const invalid = await running.saw('generation.invalid')
    expect(await status('web.test')).toBe(200)
    services.write({ web: [backend.port], api: [backend.port], more: [backend.port] })

    await answers('more.test')
    expect(invalid.msg).toMatch(/nginx -t was ended after \d+ ms/)
  })
})

describe('N11: the nginx binary', () => {
  it.each([
    { title: 'is gone', spoil: (path: string) => renameSync(path, `${path}.old`), says: 'ENOENT' },
    { title: 'is not executable', spoil: (path: string) => chmodSync(path, 0o644), says: 'EACCES' },
  ])('$title: that is said, what is live stays; put back, everything goes on', async ({ spoil, says }) => {
    const binary = join(bench.folder, 'nginx')
    copyFileSync('/usr/sbin/nginx', binary)
    const running = bench.start([...own, `-nginx-bin=${binary}`])
    await running.saw('daemon.ready')

    spoil(binary)
    grow()
    const failed = await running.saw('generation.failed', ({ code }) => code === 'TARGET_NOT_INSTALLED')
    expect(failed.problem).toContain(says)
    expect(await status('web.test')).toBe(200)

    process.kill(masterOf(), 'SIGKILL')
    await running.saw('generation.failed', ({ code, problem }) => code === 'TARGET_EXITED' && problem.includes(says))
    rmSync(binary, { force: true })
    copyFileSync('/usr/sbin/nginx', binary)
    chmodSync(binary, 0o755)

    await answers('web.test')
    services.write({ web: [backend.port], api: [backend.port], more: [backend.port] })
    await answers('more.test')
  })

  it('is a newer one than what runs, and knows more: the one that runs has the last word', async () => {
    const binary = program('[ "$1" = -t ] && exit 0\nexec /usr/sbin/nginx "$@"')
    const template = join(bench.folder, 'ingress.conf.njk')
    writeFileSync(template, readFileSync(shipped))
    const running = bench.start([...own, `-nginx-bin=${binary}`, `-template=${template}:conf.d/ingress.conf`])
    await running.saw('daemon.ready')

    writeFileSync(template, `only_newer_ones_know_this on;\n# more\n${readFileSync(shipped, 'utf8')}`)
    const back = await running.saw('generation.rolled_back')

    expect(back.problem).toContain('unknown directive "only_newer_ones_know_this"')
    expect(await status('web.test')).toBe(200)
    grow()
    await answers('api.test')
  })
})

describe('N12: a tree that logs to /dev/stdout and /dev/stderr', () => {
  beforeEach(() => {
    const text = readFileSync(tree.conf, 'utf8')
    const logging = text
      .replace(/error_log .*;/, 'error_log /dev/stderr;')
      .replace('access_log off', 'access_log /dev/stdout')
    writeFileSync(tree.conf, logging)
  })

  it.each([
    { output: 'files', stdio: 'file' as const },
    { output: 'sockets, as under systemd', stdio: 'socket' as const },
  ])('is validated, started and reloaded when our own output goes to $output', async ({ stdio }) => {
    if (stdio === 'file') bench.start(adopt)
    else {
      const upstreamd = join(import.meta.dirname, '../../dist/upstreamd.js')
      const child = children.start(process.execPath, [upstreamd, `-state-dir=${bench.state}`, ...adopt], {
        stdio: ['ignore', 'pipe', 'pipe'], // of Node: socket pairs, which nobody can open again
      })
      child.stdout?.resume()
      child.stderr?.resume()
    }

    await answers('web.test')
    grow()
    await answers('api.test')
  })
})

describe('S7: a machine that has nothing left to give', () => {
  const limit = (pid: number, what: string, user = process.getuid?.()) =>
    execFileSync('prlimit', [`--pid=${pid}`, what], { uid: user, gid: user })

  it.each([
    { layout: 'its own layout', args: () => own },
    { layout: 'an adopted tree', args: () => adopt },
  ])(
    'no file descriptor: nginx in $layout serves on untouched, and the change goes live when there are some',
    async ({ args }) => {
      const running = bench.start(args())
      await running.saw('daemon.ready')
      const master = masterOf()

      limit(running.pid, '--nofile=3:')
      grow()
      await running.saw('source.lost', ({ problem }) => problem.includes('EMFILE'))
      expect(await status('web.test')).toBe(200)
      limit(running.pid, '--nofile=1024:')

      await answers('api.test')
      expect(masterOf()).toBe(master)
      expect(running.events().filter(({ type }) => /process.(exited|cleaned)/.test(type))).toEqual([])
    },
  )

  it('no file descriptor when nginx is killed: it is back when there are some, and once only', async () => {
    const running = bench.start(own)
    await running.saw('daemon.ready')

    limit(running.pid, '--nofile=3:')
    process.kill(masterOf(), 'SIGKILL')
    grow()
    await running.saw('source.lost', ({ problem }) => problem.includes('EMFILE'))
    limit(running.pid, '--nofile=1024:')

    await answers('api.test')
    await thereIsOneMaster()
  })

  // Node needs a thread to watch over a template and ends without one: then nginx goes on by itself.
  it.skipIf(!canStartAsNobody())(
    'no process and no thread to be started: what is live stays, and the next start goes on from there',
    async () => {
      const first = bench.startAsNobody(own)
      await first.saw('daemon.ready')
      const master = masterOf()

      limit(first.pid, '--nproc=1:', NOBODY)
      grow()
      await until('upstreamd has ended', () => first.child.signalCode !== null || first.child.exitCode !== null)
      expect(await status('web.test')).toBe(200)

      const second = bench.startAsNobody(own)
      await second.saw('process.found', ({ pid }) => pid === master)
      await answers('api.test')
    },
  )
})
