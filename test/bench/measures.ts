import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { isMaster } from '../../src/target/nginx/proc.ts'
import { nginxOf } from '../support/upstreamd.ts'
import { sleep } from './answers.ts'

const TICK_MS = 1_000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

/** Milliseconds of processor time. */
export interface Cpu {
  readonly own: number
  readonly children: number // that it has waited for: `nginx -t`, `nginx -s reload`, shells
}

export function cpuOf(pid: number): Cpu {
  const stat = textOf(`/proc/${pid}/stat`)
  const [user = 0, system = 0, childUser = 0, childSystem = 0] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 15)
    .map(ticks => Number(ticks) * TICK_MS)
  return { own: user + system, children: childUser + childSystem }
}

/** Of an nginx with all its workers, those that have ended included. */
export function nginxCpuOf(folder: string): number {
  return nginxOf(folder)
    .map(process => {
      const { own, children } = cpuOf(process.pid)
      return isMaster(process) ? own + children : own
    })
    .reduce((sum, ms) => sum + ms, 0)
}

/** MiB. */
export function rssOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(textOf(`/proc/${pid}/status`))?.[1] ?? Number.NaN) / 1024
}

/** Connections that this process itself holds to a port of loopback. */
export function connectionsOf(pid: number, port: number): number {
  const sockets = new Set(namesIn(`/proc/${pid}/fd`).flatMap(name => socketOf(`/proc/${pid}/fd/${name}`) ?? []))
  const remote = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return ['/proc/net/tcp', '/proc/net/tcp6']
    .flatMap(path => textOf(path).split('\n').slice(1))
    .map(line => line.trim().split(/\s+/))
    .filter(([, , to, state, , , , , , inode]) => to?.endsWith(remote) && state === '01' && sockets.has(inode ?? ''))
    .length
}

/** How often this nginx has read its configuration again; of the signal it says so, too, which is not counted. */
export function reloadsIn(log: string): number {
  return textOf(log).match(/#\d+: reconfiguring$/gm)?.length ?? 0
}

const LOOK_MS = 100
const CALM_MS = 500
const PATIENCE_MS = 30_000

/**
 * Resolves when neither the program nor its nginx has done anything for half a second; a tick is nothing. It returns
 * false when they do not come to rest.
 */
export async function calm(pid: number, folder: string): Promise<boolean> {
  const masters = nginxOf(folder).filter(isMaster)
  const busy = () =>
    [pid, ...masters.map(({ pid }) => pid)].map(cpuOf).reduce((sum, { own, children }) => sum + own + children, 0)
  const end = performance.now() + PATIENCE_MS
  let last = busy()
  let since = performance.now()
  while (performance.now() < end) {
    await sleep(LOOK_MS)
    const now = busy()
    if (now > last + TICK_MS) {
      last = now
      since = performance.now()
    }
    if (performance.now() - since >= CALM_MS) return true
  }
  return false
}

function socketOf(path: string): string | undefined {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(path))?.[1]
  } catch {
    return undefined // closed while we looked
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return [] // its process has ended
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // not there (yet, or any more)
  }
}
