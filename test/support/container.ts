import { type ChildProcess, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, openSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { commandOf } from '../../src/proc.ts'
import { Children } from './children.ts'
import type { Bench, Ended, Running } from './upstreamd.ts'
import { until } from './wait.ts'

/** The files of those who run consul-template today, as they are. */
export const userSetup = join(import.meta.dirname, '../fixtures/user-setup')

/**
 * What a container is made of, without one: /etc, /tmp, /run and /var/log/nginx, processes and a network of its own; the
 * rest of the machine as it is. In it lie Debian's nginx tree, the users' template and their nginx.sh, where they have them.
 */
export interface Container {
  /** The users' -template, of which nothing is changed. */
  readonly template: string
  /** A socket file: what is sent there arrives at port 80 inside. */
  readonly door: string
  // What lies inside, as it is called outside.
  readonly nginxFolder: string
  readonly destination: string
  readonly script: string
  readonly pidFile: string
  /** The built program, inside. */
  start(args: readonly string[]): Promise<Running>
  /** The same, to its end. */
  finish(args: readonly string[]): Promise<Ended>
  /** `nginx -t` inside, with the tree as it is. */
  acceptedByNginx(): true | string
  /** The pids of nginx's masters, as they are called outside. */
  masters(): number[]
  /** Ends the one master that runs with SIGKILL, and nobody else. */
  killMaster(): number
  /** From now on nobody answers at Consul's address. */
  loseConsul(): Promise<void>
  findConsul(): Promise<void>
  /** Ends everything inside. */
  close(): Promise<void>
}

const unshare = ['--mount', '--pid', '--net', '--fork', '--kill-child', '--mount-proc']
const loopbackUp = 'ip link set lo up'

/** Undefined when this machine gives us such a thing; else what it says. */
export function whyNoContainer(): string | undefined {
  const script = `${loopbackUp} && mount --bind /tmp /tmp && command -v nsenter`
  const { status, stderr, error } = spawnSync('unshare', [...unshare, 'sh', '-c', script], { encoding: 'utf8' })
  return status === 0 ? undefined : `no namespaces here: ${error ?? stderr.trim()}`
}

/** The backend answers on every address of loopback, Consul at the address it has outside. */
export async function openContainer(bench: Bench, consul: string, backendPort: number): Promise<Container> {
  const children = new Children()
  const inside = join(bench.folder, 'inside')
  const door = join(bench.folder, 'door.sock')
  const consulSocket = join(bench.folder, 'consul.sock')
  furnish(inside)
  const way = createWay(consulSocket, Number(consul.split(':')[1]))
  await way.open()

  const program = [process.execPath, join(import.meta.dirname, 'inside.mjs')]
  const relay = [door, '80', String(backendPort), consulSocket, consul.split(':')[1] ?? '']
  const said = join(bench.folder, 'container.log')
  const holder = children.start('unshare', [...unshare, 'sh', '-c', boot(inside, bench.folder), ...program, ...relay], {
    stdio: ['ignore', 'ignore', openSync(said, 'a')],
  })
  await until('the container is up', () => canConnect(door)).catch(error => {
    throw new Error(`${error.message}: ${readFileSync(said, 'utf8')}`)
  })
  const first = childOf(holder.pid ?? 0) ?? 0
  const enter = ['nsenter', '--target', String(first), '--mount', '--net', '--pid', '--']
  const network = networkOf(first)
  const nginxFolder = join(inside, 'etc/nginx')
  const masters = () =>
    readdirSync('/proc')
      .map(Number)
      .filter(pid => pid > 0 && commandOf(pid).startsWith('nginx: master') && networkOf(pid) === network)

  return {
    template: '/etc/ctmpl/ctmpl:/etc/nginx/conf.d/app.conf:/tmp/nginx.sh',
    door,
    nginxFolder,
    destination: join(nginxFolder, 'conf.d/app.conf'),
    script: join(inside, 'tmp/nginx.sh'),
    pidFile: join(inside, 'run/nginx.pid'),
    async start(args) {
      const running = bench.startBy(enter, args)
      // nsenter stays outside, and passes no signal on.
      const pid = await until('it runs inside', () => childOf(running.pid))
      return { ...running, pid, stop: signal => endedBy(running.child, pid, signal) }
    },
    finish: args => bench.run(args, {}, enter),
    acceptedByNginx() {
      const { status, stderr } = spawnSync('nsenter', [...enter.slice(1), 'nginx', '-t', '-q'], { encoding: 'utf8' })
      return status === 0 || stderr
    },
    masters,
    killMaster() {
      const [master, ...others] = masters()
      // No pid, 0 for short, would be everybody in our own group.
      if (master === undefined || others.length > 0) throw new Error(`not one master: ${masters()}`)
      process.kill(master, 'SIGKILL')
      return master
    },
    loseConsul: () => way.close(),
    findConsul: () => way.open(),
    async close() {
      await children.end(holder, 'SIGKILL') // with it goes the first process inside, and all the others with that one
      await way.close()
      rmSync(inside, { recursive: true, force: true })
    },
  }
}

/** What lies inside in the place of what the machine has. */
function furnish(inside: string): void {
  for (const folder of ['tmp', 'run', 'log']) mkdirSync(join(inside, folder), { recursive: true })
  cpSync('/etc', join(inside, 'etc'), { recursive: true, verbatimSymlinks: true, preserveTimestamps: true })
  mkdirSync(join(inside, 'etc/ctmpl'), { recursive: true })
  // Debian's default site answers 200 to everybody; whoever is not served is to be seen.
  writeFileSync(
    join(inside, 'etc/nginx/sites-available/default'),
    'server { listen 80 default_server; listen [::]:80 default_server; return 404; }\n',
  )
  cpSync(join(userSetup, 'app.ctmpl'), join(inside, 'etc/ctmpl/ctmpl'))
  cpSync(join(userSetup, 'nginx.sh'), join(inside, 'tmp/nginx.sh'))
}

/** A script that hides what is to be hidden, but for what the program needs, and stays as the first process inside. */
function boot(inside: string, bench: string): string {
  const root = join(import.meta.dirname, '../..')
  const needed = [bench, root, dirname(process.execPath)].filter(path => path.startsWith('/tmp/'))
  return [
    'set -e',
    loopbackUp,
    ...needed.flatMap(path => [`mkdir -p '${join(inside, path)}'`, `mount --rbind '${path}' '${join(inside, path)}'`]),
    `mount --bind '${inside}/etc' /etc`,
    `mount --bind '${inside}/run' /run`,
    `mount --bind '${inside}/log' /var/log/nginx`,
    `mount --rbind '${inside}/tmp' /tmp`,
    '"$0" "$@" & wait', // a shell, because it reaps whoever lost his parent
  ].join('\n')
}

interface Way {
  open(): Promise<void>
  close(): Promise<void>
}

/** From a socket file to a port of loopback, as long as it is open. */
function createWay(path: string, port: number): Way {
  const sockets = new Set<Socket>()
  let server: Server | undefined
  return {
    async open() {
      rmSync(path, { force: true })
      const opened = createServer(client => {
        const there = connect(port, '127.0.0.1')
        for (const [one, other] of [[client, there] as const, [there, client] as const]) {
          sockets.add(one)
          one.on('error', () => other.destroy())
          one.on('close', () => {
            sockets.delete(one)
            other.destroy()
          })
        }
        client.pipe(there).pipe(client)
      })
      server = opened
      await new Promise<void>(resolve => opened.listen(path, resolve))
    },
    async close() {
      const closing = server
      server = undefined
      if (closing === undefined) return
      const closed = new Promise<void>(resolve => closing.close(() => resolve()))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

function canConnect(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(path)
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

function childOf(pid: number): number | undefined {
  const [child = ''] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')
  return child === '' ? undefined : Number(child)
}

function networkOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`)
  } catch {
    return undefined // it ended meanwhile
  }
}

async function endedBy(child: ChildProcess, pid: number, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const ended = new Promise<number | null>(resolve => child.once('exit', resolve))
  process.kill(pid, signal)
  return ended
}
