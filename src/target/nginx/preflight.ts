import { rmSync } from 'node:fs'
import type { Diagnostic } from '../../model/diagnostic.ts'
import { ifPossible, type Process, readProc } from '../../proc.ts'
import { type Runtime, slept } from '../../runtime.ts'
import type { Prepared } from './layout.ts'
import { type Address, keyOf, type Listen, listensOf } from './listens.ts'
import type { ProcessState } from './process.ts'
import { holderOf, isTaken, listeningTcp, listeningUnix, lookAtSocket, socketsOf } from './sockets.ts'
import type { Supervisor } from './supervisor.ts'

/** nginx itself tries a port that is taken for this long; what is free by then is no reason to refuse. */
const PATIENCE_MS = 2_500
const AGAIN_MS = 100

/** What `nginx -t` says OK to and the master refuses: an address that somebody else listens on. */
export interface Preflight {
  /** One diagnostic for each `listen` that would be refused. In doubt it is nginx that decides. */
  check(prepared: Prepared, signal: AbortSignal): Promise<Diagnostic[]>
  /** Removes sockets that the last one checked wants, and that a program left behind: nginx would fail to bind them. */
  clear(): Promise<void>
}

export const noPreflight: Preflight = { check: async () => [], clear: async () => {} }

export function createPreflight(supervisor: Supervisor, startsNginx: boolean, runtime: Runtime): Preflight {
  const refused = new Map<string, string>() // address → the socket that was in its way for as long as nginx would try
  let harmless: { readonly master: string; readonly texts: ReadonlySet<string> } | undefined
  let stale: readonly string[] = []

  /** What the candidate listens on and our nginx does not hold yet; empty, too, when that cannot be told. */
  function newListens(prepared: Prepared): Listen[] {
    const found = supervisor.look()
    const ours = ownSockets(found, startsNginx)
    if (ours === undefined) return []
    const master = found.state === 'running' ? `${found.master.pid} ${found.master.startTime}` : undefined
    const texts = prepared.texts().flatMap(text => text.match(/\blisten\s[^;{}]+;/g) ?? [])
    if (master !== undefined && harmless?.master === master && texts.every(text => harmless?.texts.has(text))) return []

    const ports = new Set(listeningTcp().flatMap(({ inode, port }) => (ours.has(inode) ? [port] : [])))
    const isHeld = (address: Address) =>
      address.kind === 'tcp' ? ports.has(address.port) : listeningUnix(address.path).some(inode => ours.has(inode))
    const wanted = listensOf(prepared.tree()).filter(({ address }) => !isHeld(address))
    if (wanted.length === 0 && master !== undefined) harmless = { master, texts: new Set(texts) }
    return wanted
  }

  /** The socket in the way; undefined when there is none, or none that nginx would surely be refused for. */
  async function obstacle(address: Address): Promise<string | undefined> {
    const foreign = ifPossible(() => foreignAt(address))
    if (foreign === undefined) return undefined
    const isSure = address.kind === 'unix' ? (await lookAtSocket(address.path)) === 'alive' : await isTaken(address)
    return isSure ? foreign : undefined
  }

  function foreignAt(address: Address): string | undefined {
    const ours = ownSockets(supervisor.look(), startsNginx)
    if (ours === undefined) return undefined
    if (address.kind === 'unix') return listeningUnix(address.path).find(inode => !ours.has(inode))
    const there = listeningTcp().filter(({ port }) => port === address.port)
    // With a listener of ours on the same port nginx may get along in ways that we do not know.
    return there.some(({ inode }) => ours.has(inode)) ? undefined : there[0]?.inode
  }

  /** Who stays in the way for as long as nginx would try, said for an operator; undefined when nobody does. */
  async function lasting(address: Address, signal: AbortSignal): Promise<string | undefined> {
    const key = keyOf(address)
    const until = runtime.clock.now() + PATIENCE_MS
    let inode = await obstacle(address)
    while (inode !== undefined && refused.get(key) !== inode && runtime.clock.now() < until) {
      if (!(await slept({ ...runtime, signal }, AGAIN_MS))) signal.throwIfAborted()
      inode = await obstacle(address)
    }
    if (inode === undefined) {
      refused.delete(key)
      return undefined
    }
    const holder = ifPossible(() => holderOf(inode))
    // A worker whose master is gone lets go of it, or is ended before a start.
    if (holder?.command.startsWith('nginx: worker')) return undefined
    refused.set(key, inode)
    return nameOf(holder)
  }

  return {
    async check(prepared, signal) {
      const wanted = ifPossible(() => newListens(prepared)) ?? []
      const addresses = new Map(wanted.map(({ address }) => [keyOf(address), address]))
      const holders = new Map<string, string | undefined>()
      await Promise.all(
        [...addresses].map(async ([key, address]) => {
          holders.set(key, await lasting(address, signal))
        }),
      )
      stale = await leftovers([...addresses.values()])
      return wanted.flatMap(listen => {
        const holder = holders.get(keyOf(listen.address))
        return holder === undefined ? [] : [diagnostic(listen, holder)]
      })
    },

    async clear() {
      for (const path of stale) if ((await lookAtSocket(path)) === 'stale') rmSync(path, { force: true })
      stale = []
    },
  }
}

/** Inodes of what our nginx holds, or what is left of it; undefined when we cannot know, or when nobody would start one. */
function ownSockets(found: ProcessState, startsNginx: boolean): Set<string> | undefined {
  switch (found.state) {
    case 'running':
      return socketsOfAll([found.master.pid])
    case 'orphaned':
      return startsNginx ? socketsOfAll(found.workers) : undefined
    case 'absent':
    case 'stale_pid':
      return startsNginx ? new Set() : undefined
    case 'foreign':
      return undefined
  }
}

function socketsOfAll(pids: readonly number[]): Set<string> | undefined {
  const all = new Set<string>()
  for (const pid of pids) {
    const sockets = socketsOf(pid)
    if (sockets === undefined) return undefined
    for (const inode of sockets) all.add(inode)
  }
  return all
}

async function leftovers(addresses: readonly Address[]): Promise<string[]> {
  const found: string[] = []
  for (const address of addresses) {
    if (address.kind === 'unix' && (await lookAtSocket(address.path)) === 'stale') found.push(address.path)
  }
  return found
}

/** Not its arguments: they may hold what is nobody's business. */
function nameOf(holder: Process | undefined): string {
  if (holder === undefined) return 'a process that we may not see'
  return `process ${holder.pid} (${readProc(`/proc/${holder.pid}/comm`)?.trim()})`
}

/** In nginx's words, and who it is. */
function diagnostic({ address, file, line }: Listen, holder: string): Diagnostic {
  const message = `bind() to ${keyOf(address)} failed (98: Address already in use): ${holder} listens there`
  return { severity: 'error', message, file, line, mayPass: true }
}
