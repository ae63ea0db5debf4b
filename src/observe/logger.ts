import { styleText } from 'node:util'
import { destination, pino } from 'pino'
import { reasonOf } from '../errors.ts'
import type { Emit, Event } from './event.ts'
import { type LogLevel, levelOf, logLevels } from './level.ts'
import type { LogFile } from './log-file.ts'
import type { Syslog } from './syslog.ts'
import { textOf } from './text.ts'

export interface LoggerOptions {
  readonly level: LogLevel
  readonly format: 'pretty' | 'json' | undefined // pretty on a terminal, json otherwise
  readonly file?: LogFile | undefined
  readonly syslog?: Syslog | undefined
}

/**
 * Events → lines on stderr: JSON for machines, one readable line each on a terminal. The same into a file, if there is
 * one; the readable line into the system log.
 */
export function createLogger({ level, format, file, syslog }: LoggerOptions): Emit {
  const tee = file === undefined ? undefined : sideways(file)
  const isPretty = format === undefined ? process.stderr.isTTY : format === 'pretty'
  const log = isPretty ? prettyLogger(level, tee) : jsonLogger(level, tee)
  if (syslog === undefined) return log
  return event => {
    log(event)
    if (isLoud(event, level)) syslog(levelOf[event.type], lineOf(event))
  }
}

/** A disk that is full must end neither the daemon nor the log on stderr; each failure is told there once. */
function sideways(file: LogFile): LogFile {
  let told: string | undefined
  return line => {
    try {
      file(line)
      told = undefined
    } catch (error) {
      const problem = reasonOf(error)
      if (problem !== told) write(`upstreamd: cannot write the log file: ${problem}\n`)
      told = problem
    }
  }
}

function jsonLogger(level: LogLevel, tee: LogFile | undefined): Emit {
  // Synchronous: the last line before an end is the one that is wanted most.
  const stderr = destination({ dest: 2, sync: true })
  function both(line: string): void {
    stderr.write(line)
    tee?.(line)
  }
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime }
  const log = pino(options, tee === undefined ? stderr : { write: both })
  return event => log[levelOf[event.type]]({ ...event }, textOf(event))
}

function prettyLogger(level: LogLevel, tee: LogFile | undefined): Emit {
  return event => {
    if (!isLoud(event, level)) return
    const loudness = levelOf[event.type]
    const time = new Date().toTimeString().slice(0, 8)
    const text = lineOf(event)
    const name = loudness.toUpperCase().padEnd(5)
    write(`${time} ${styleText(colorOf(event, loudness), name, { stream: process.stderr })} ${text}\n`)
    tee?.(`${new Date().toISOString()} ${name} ${text}\n`)
  }
}

function isLoud({ type }: Event, least: LogLevel): boolean {
  return logLevels.indexOf(levelOf[type]) >= logLevels.indexOf(least)
}

function lineOf(event: Event): string {
  return textOf(event).replaceAll('\n', ' ')
}

function colorOf(event: Event, level: LogLevel): 'red' | 'yellow' | 'green' | 'gray' {
  if (level === 'error') return 'red'
  if (level === 'warn') return 'yellow'
  return event.type === 'generation.activated' ? 'green' : 'gray'
}

function write(line: string): void {
  process.stderr.write(line)
}
