import { type ChildProcess, spawn } from 'node:child_process'
import { withoutSecrets } from '../environment.ts'
import { UpstreamdError } from '../errors.ts'
import type { LogLevel } from './level.ts'

export interface SyslogOptions {
  readonly facility: string // as logger(1) names it: local0
  readonly name: string // stands before every line
}

/** Sends a line to the system log. What hinders it is told, and ends nothing. */
export type Syslog = (level: LogLevel, text: string) => void

/** Those of syslog(3). */
const facilities: readonly string[] = [
  ...['kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news', 'uucp', 'cron', 'authpriv', 'ftp'],
  ...['local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'],
]

/** RFC 5424, 6.2.1. */
const severities: Readonly<Record<LogLevel, number>> = { error: 3, warn: 4, info: 6, debug: 7, trace: 7 }

/** rsyslog takes as much of one message, in bytes. */
const LONGEST = 8_192
/** A system log that hangs must not take our memory. */
const MOST_WAITING = 1024 * 1024 // bytes
/** So long is not tried again what has just failed. */
const PAUSE = 1_000 // ms

/**
 * By logger(1) of util-linux, because Node has no datagrams for unix sockets. It lives as long as we do, and reads on
 * when the system log is started again. Each new problem is told once. Throws CONFIG_INVALID for a facility that is none.
 */
export function openSyslog(options: SyslogOptions, now: () => number, tell: (problem: string) => void): Syslog {
  if (!facilities.includes(options.facility)) {
    const all = facilities.join(', ')
    throw new UpstreamdError('CONFIG_INVALID', `syslog.facility: "${options.facility}" is none of ${all}`)
  }
  let logger: ChildProcess | undefined
  let started = Number.NEGATIVE_INFINITY
  let told: string | undefined

  function fail(problem: string): void {
    if (problem !== told) tell(problem)
    told = problem
  }
  function start(): ChildProcess {
    started = now()
    const child = startLogger(options, problem => {
      if (logger === child) logger = undefined
      if (now() - started > PAUSE) told = undefined // it has been of use in between
      fail(problem)
    })
    return child
  }
  return (level, text) => {
    if (logger === undefined && now() - started > PAUSE) logger = start()
    const input = logger?.stdin
    if (!input?.writable) return
    if (input.writableLength > MOST_WAITING) return fail('it takes nothing; lines are left out')
    input.write(`<${severities[level]}>${text}\n`)
  }
}

/** `ended` is called once, with the reason. */
function startLogger({ facility, name }: SyslogOptions, ended: (problem: string) => void): ChildProcess {
  const priority = ['--prio-prefix', `--priority=${facility}.notice`] // the severity is in each line
  const whose = [`--tag=${name}`, `--id=${process.pid}`]
  const how = ['--socket-errors=on', `--size=${LONGEST}`]
  // Detached: Ctrl-C in a terminal must not take the last lines away.
  const child = spawn('logger', [...priority, ...whose, ...how], {
    stdio: ['pipe', 'ignore', 'pipe'],
    env: withoutSecrets(process.env),
    detached: true,
  })
  let words = ''
  child.stderr.setEncoding('utf8').on('data', text => {
    words = (words + text).slice(-LONGEST)
  })
  child.stdin.on('error', () => {}) // its end says why
  child.once('error', error => {
    words = `${error.message}: is logger(1) of util-linux installed?`
  })
  child.once('close', (code, signal) => ended(words.trim() || `logger ended with ${signal ?? `code ${code}`}`))
  // We do not wait for it: it ends with what it reads from.
  child.unref()
  for (const pipe of [child.stdin, child.stderr]) (pipe as Partial<{ unref(): void }>).unref?.()
  return child
}
