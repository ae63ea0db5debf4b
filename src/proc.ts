import { readFileSync } from 'node:fs'

/** What /proc says of a process; field numbers are those of proc(5). */
export interface Process {
  readonly pid: number
  readonly parent: number
  readonly session: number
  readonly startTime: string // clock ticks since boot: with the pid it names a process for good
  readonly command: string // arguments joined with blanks
}

/** Undefined when there is none, or only a zombie: that runs nothing. */
export function readProcess(pid: number): Process | undefined {
  const stat = read(`/proc/${pid}/stat`)
  if (stat === undefined) return undefined

  // The name is in parentheses and may hold anything, parentheses included.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, parent, , session] = fields
  if (state === 'Z' || state === 'X') return undefined

  const command = (read(`/proc/${pid}/cmdline`) ?? '').replaceAll('\0', ' ').trim()
  return { pid, parent: Number(parent), session: Number(session), startTime: fields[19] ?? '', command }
}

export function isAlive(process: { readonly pid: number; readonly startTime: string }): boolean {
  return readProcess(process.pid)?.startTime === process.startTime
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined // it ended while we looked
  }
}
