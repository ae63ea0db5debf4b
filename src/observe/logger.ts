import { styleText } from 'node:util'
import { destination, pino } from 'pino'
import type { Emit, Event, EventType } from './event.ts'
import { textOf } from './text.ts'

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

/** The one place that says how loud an event is. */
export const levelOf: Readonly<Record<EventType, LogLevel>> = {
  'template.failed': 'error',
  'template.set_aside': 'error',
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
  'source.snapshot': 'debug',
  'generation.rendered': 'debug',
  'generation.validated': 'debug',
}

/** Events → lines on stderr: JSON for machines, one readable line each on a terminal. */
export function createLogger(level: LogLevel, format: 'pretty' | 'json'): Emit {
  return format === 'json' ? jsonLogger(level) : prettyLogger(level)
}

function jsonLogger(level: LogLevel): Emit {
  // Synchronous: the last line before an end is the one that is wanted most.
  const log = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    destination({ dest: 2, sync: true }),
  )
  return event => log[levelOf[event.type]]({ ...event }, textOf(event))
}

function prettyLogger(level: LogLevel): Emit {
  const least = logLevels.indexOf(level)
  return event => {
    const loudness = levelOf[event.type]
    if (logLevels.indexOf(loudness) < least) return
    const time = new Date().toTimeString().slice(0, 8)
    write(`${time} ${mark(event, loudness)} ${textOf(event).replaceAll('\n', ' ')}\n`)
  }
}

function mark(event: Event, level: LogLevel): string {
  const color =
    level === 'error' ? 'red' : level === 'warn' ? 'yellow' : event.type === 'generation.activated' ? 'green' : 'gray'
  return styleText(color, level.toUpperCase().padEnd(5), { stream: process.stderr })
}

function write(line: string): void {
  process.stderr.write(line)
}
