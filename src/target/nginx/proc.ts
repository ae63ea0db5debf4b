import { readdirSync, readlinkSync } from 'node:fs'
import { commandOf, type Process, readProc, readProcess } from '../../proc.ts'

/** Every nginx process that sees the same files as we do: an nginx in a container is another one's. */
export function nginxProcesses(): Process[] {
  const here = link('/proc/self/ns/mnt')
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(name => readProcess(Number(name)) ?? [])
    .filter(({ pid, command }) => command.startsWith('nginx: ') && (link(`/proc/${pid}/ns/mnt`) ?? here) === here)
}

/** Is there an nginx that does not call itself master or worker yet? One that becomes a daemon ends before it does. */
export function isAnyStarting(): boolean {
  return readdirSync('/proc').some(
    name =>
      /^\d+$/.test(name) &&
      readProc(`/proc/${name}/comm`)?.trim() === 'nginx' &&
      /^(?!nginx: )./.test(commandOf(Number(name))),
  )
}

export function isMaster({ command }: Process): boolean {
  return command.startsWith('nginx: master process')
}

export function isWorker({ command }: Pick<Process, 'command'>): boolean {
  return command.startsWith('nginx: worker process')
}

/** Workers of a master that take new connections, by pid. */
export function workersOf(master: number): number[] {
  return childrenOf(master)
    .filter(child => isWorker(child) && !isLeaving(child))
    .map(({ pid }) => pid)
}

/** Is there any worker that takes new connections? Looks no further than the first. */
export function hasWorkers(master: number): boolean {
  return childPids(master).some(pid => {
    const child = { command: commandOf(pid) }
    return isWorker(child) && !isLeaving(child)
  })
}

/** Workers of a master that only finish the requests they have, by pid. */
export function leavingOf(master: number): number[] {
  return childrenOf(master)
    .filter(child => isWorker(child) && isLeaving(child))
    .map(({ pid }) => pid)
}

export function isLeaving({ command }: Pick<Process, 'command'>): boolean {
  return command.includes('shutting down')
}

function childrenOf(master: number): Pick<Process, 'pid' | 'command'>[] {
  return childPids(master).map(pid => ({ pid, command: commandOf(pid) }))
}

function childPids(master: number): number[] {
  return childrenText(master).split(' ').filter(Boolean).map(Number)
}

/** The pids of its children, as they stand in /proc: as long as it is the same text, none came and none went. */
export function childrenText(master: number): string {
  return readProc(`/proc/${master}/task/${master}/children`) ?? ''
}

/** The configuration file and the prefix a master was started with; undefined where it takes the compiled-in one. */
export function configurationOf({ command }: Process): { conf: string | undefined; prefix: string | undefined } {
  return { conf: / -c ?(\S+)/.exec(command)?.[1], prefix: / -p ?(\S+)/.exec(command)?.[1] }
}

export function workingFolderOf(pid: number): string | undefined {
  return link(`/proc/${pid}/cwd`)
}

function link(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined // not ours to see, or gone
  }
}
