import { readdirSync, readlinkSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { isExhausted, systemCode } from '../../errors.ts'
import { type Process, readProc, readProcess } from '../../proc.ts'

/** A socket that listens somewhere in our network namespace. */
export interface Listening {
  readonly inode: string
  readonly port: number
}

/** Fields of /proc/net/tcp (proc(5)); 0A is TCP_LISTEN. */
export function listeningTcp(): Listening[] {
  const lines = ['tcp', 'tcp6'].flatMap(name => (readProc(`/proc/net/${name}`) ?? '').split('\n').slice(1))
  return lines.flatMap(line => {
    const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/)
    if (state !== '0A' || inode === undefined) return []
    return [{ inode, port: Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16) }]
  })
}

/** Inodes of the unix sockets that listen at a path; 00010000 is __SO_ACCEPTCON. */
export function listeningUnix(path: string): string[] {
  return (readProc('/proc/net/unix') ?? '').split('\n').flatMap(line => {
    const [, , , flags, , , inode, ...rest] = line.trim().split(/\s+/)
    return flags === '00010000' && inode !== undefined && rest.join(' ') === path ? [inode] : []
  })
}

/** Inodes of the sockets a process holds; undefined when we may not know, or it lives in another network. */
export function socketsOf(pid: number): string[] | undefined {
  try {
    if (readlinkSync(`/proc/${pid}/ns/net`) !== readlinkSync('/proc/self/ns/net')) return undefined
    return readdirSync(`/proc/${pid}/fd`).flatMap(name => socketAt(`/proc/${pid}/fd/${name}`) ?? [])
  } catch (error) {
    if (isExhausted(error)) throw error
    return undefined
  }
}

/** Who holds it; undefined when we may not know. */
export function holderOf(inode: string): Process | undefined {
  const pids = readdirSync('/proc').flatMap(name => (/^\d+$/.test(name) ? [Number(name)] : []))
  const holder = pids.find(pid => socketsOf(pid)?.includes(inode))
  return holder === undefined ? undefined : readProcess(holder)
}

/** Would a bind be refused because somebody else listens there? Tried for a moment, as nginx would. */
export function isTaken(address: { host: string; port: number; ipv6Only: boolean }): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer(socket => socket.destroy())
    server.once('error', error => resolve(systemCode(error) === 'EADDRINUSE'))
    server.listen({ ...address, exclusive: true }, () => {
      server.close()
      resolve(false)
    })
  })
}

/** Does anybody accept at this unix socket? `stale` when it is a leftover, undefined when there is none or we may not ask. */
export function lookAtSocket(path: string): Promise<'alive' | 'stale' | undefined> {
  return new Promise(resolve => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve('alive')
    })
    socket.once('error', error => resolve(systemCode(error) === 'ECONNREFUSED' ? 'stale' : undefined))
  })
}

function socketAt(link: string): string | undefined {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(link))?.[1]
  } catch {
    return undefined // closed while we looked
  }
}
