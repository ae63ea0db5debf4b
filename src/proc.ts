import { readFileSync } from 'node:fs'
import { isExhausted } from './errors.ts'

/** What /proc says of a process; field numbers are those of proc(5). */
export interface Process {
  readonly pid: number
  readonly parent: number
  readonly session: number
  readonly startTime: string // clock ticks since boot: with the pid it names a process for good
  readonly command: string // arguments joined with blanks
  readonly isStopped: boolean // by SIGSTOP or a debugger: nothing but SIGKILL reaches it
}

/** Undefined when there is none, or only a zombie: that runs nothing. */
export function readProcess(pid: number): Process | undefined {
  const state = readState(pid)
  return state && { pid, ...state, command: commandOf(pid) }
}

/** Arguments joined with blanks; '' when there is no such process, or only a zombie. */
export function commandOf(pid: number): string {
  return (readProc(`/proc/${pid}/cmdline`) ?? '').replaceAll('\0', ' ').trim()
}

export function isAlive(process: { readonly pid: number; readonly startTime: string }): boolean {
  return readState(process.pid)?.startTime === process.startTime
}

function readState(pid: number): Omit<Process, 'pid' | 'command'> | undefined {
  const stat = readProc(`/proc/${pid}/stat`)
  if (stat === undefined) return undefined

  // The name is in parentheses and may hold anything, parentheses included.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, parent, , session] = fields
  if (state === 'Z' || state === 'X') return undefined
  return {
    parent: Number(parent),
    session: Number(session),
    startTime: fields[19] ?? '',
    isStopped: state === 'T' || state === 't',
  }
}

/** A file of /proc; undefined when its process has ended. Throws when we cannot look: that is no sign of an end. */
export function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (isExhausted(error)) throw error
    return undefined
  }
}

/** What a look shows; undefined when the machine has nothing left to look with, for whoever looks again soon. */
export function ifPossible<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (error) {
    if (isExhausted(error)) return undefined
    throw error
  }
}
