import { styleText } from 'node:util'
import { destination, pino } from 'pino'
import { reasonOf } from '../errors.ts'
import type { Emit, Event, EventType } from './event.ts'
import type { LogFile } from './log-file.ts'
import { textOf } from './text.ts'

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

/** The one place that says how loud an event is. */
export const levelOf: Readonly<Record<EventType, LogLevel>> = {
  'template.failed': 'error',
  'template.set_aside': 'error',
  'template.waiting': 'warn',
  'template.answered': 'info',
  'generation.invalid': 'error',
  'generation.rolled_back': 'error',
  'generation.failed': 'error',
  'config.rejected': 'error',
  'process.hung': 'error',
  'config.warned': 'warn',
  'source.lost': 'warn',
  'source.partial': 'warn',
  'source.recalled': 'warn',
  'source.memory_failed': 'warn',
  'source.index_reset': 'warn',
  'lookup.failed': 'warn',
  'selection.rejected': 'warn',
  'selection.held': 'warn',
  'generation.stood_in': 'warn',
  'reloads.stretched': 'warn',
  'generation.restored': 'warn',
  'process.exited': 'warn',
  'process.cleaned': 'warn',
  'worker.died': 'warn',
  'daemon.started': 'info',
  'daemon.ready': 'info',
  'daemon.reloading': 'info',
  'daemon.stopped': 'info',
  'source.recovered': 'info',
  'source.completed': 'info',
  'lookup.recovered': 'info',
  'selection.changed': 'info',
  'selection.accepted': 'info',
  'selection.released': 'info',
  'template.loaded': 'info',
  'generation.activated': 'info',
  'generation.recalled': 'info',
  'reloads.eased': 'info',
  'worker.recovered': 'info',
  'process.found': 'info',
  'process.started': 'info',
  'process.stopped': 'info',
  'process.left': 'info',
  'program.started': 'info',
  'program.told': 'info',
  'program.ended': 'info',
  'source.snapshot': 'debug',
  'generation.rendered': 'debug',
  'generation.validated': 'debug',
}

/** Events → lines on stderr: JSON for machines, one readable line each on a terminal. The same into a file, if there is one. */
export function createLogger(level: LogLevel, format: 'pretty' | 'json', file: LogFile | undefined): Emit {
  const tee = file === undefined ? undefined : sideways(file)
  return format === 'json' ? jsonLogger(level, tee) : prettyLogger(level, tee)
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
  const least = logLevels.indexOf(level)
  return event => {
    const loudness = levelOf[event.type]
    if (logLevels.indexOf(loudness) < least) return
    const time = new Date().toTimeString().slice(0, 8)
    const text = textOf(event).replaceAll('\n', ' ')
    const name = loudness.toUpperCase().padEnd(5)
    write(`${time} ${styleText(colorOf(event, loudness), name, { stream: process.stderr })} ${text}\n`)
    tee?.(`${new Date().toISOString()} ${name} ${text}\n`)
  }
}

function colorOf(event: Event, level: LogLevel): 'red' | 'yellow' | 'green' | 'gray' {
  if (level === 'error') return 'red'
  if (level === 'warn') return 'yellow'
  return event.type === 'generation.activated' ? 'green' : 'gray'
}

function write(line: string): void {
  process.stderr.write(line)
}
