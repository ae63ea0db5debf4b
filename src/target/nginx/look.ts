import { readFileSync } from 'node:fs'
import type { Clock } from '../../runtime.ts'
import { nginxProcesses, workingFolderOf } from './proc.ts'
import { assess, type Evidence, type ProcessState } from './process.ts'
import { listeningTcp, socketsOf } from './sockets.ts'

/** From its first instruction until an nginx calls itself master. */
const STARTING_MS = 1_000
const LOOK_MS = 10
const neverAborted = new AbortController().signal

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

/** What is there behind a command that may have started an nginx a moment ago. */
export async function lookBehind(
  look: () => ProcessState,
  isAnyStarting: () => boolean,
  clock: Clock,
  signal: AbortSignal,
): Promise<ProcessState> {
  const until = clock.now() + STARTING_MS
  while (true) {
    // In this order: asked afterwards, one that has become master between the two would be neither.
    const mayCome = isAnyStarting()
    const found = look()
    if (found.state === 'running' || !mayCome || clock.now() >= until || signal.aborted) return found
    await clock.sleep(LOOK_MS, neverAborted)
  }
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
