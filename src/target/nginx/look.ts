import { readFileSync } from 'node:fs'
import { nginxProcesses, workingFolderOf } from './proc.ts'
import { assess, type Evidence, type ProcessState } from './process.ts'
import { listeningTcp, socketsOf } from './sockets.ts'

/** Where to look for an nginx, and what makes it ours. */
export interface Surroundings extends Pick<Evidence, 'conf' | 'compiledIn' | 'prefix' | 'isPidFileShared'> {
  readonly pidFile: string // path
}

/** Searches the processes for the nginx that runs our configuration, and for what is left of one. */
export function lookAround(where: Surroundings, recorded: Evidence['recorded']): ProcessState {
  const { conf, compiledIn, prefix, isPidFileShared } = where
  return assess({
    conf,
    compiledIn,
    prefix,
    pidFile: readText(where.pidFile),
    isPidFileShared,
    recorded,
    processes: nginxProcesses(),
    folderOf: workingFolderOf,
    listeningOf,
  })
}

function listeningOf(pid: number): readonly string[] | undefined {
  const listening = new Set(listeningTcp().map(({ inode }) => inode))
  return socketsOf(pid)?.filter(inode => listening.has(inode))
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined // none, or not ours to read: then it tells us nothing
  }
}
