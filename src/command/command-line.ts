import { Command, CommanderError, Option } from 'commander'
import { idleFlags } from './consul-template-flags.ts'
import type { Flag } from './flag.ts'
import { flags } from './flags.ts'

const accepted: readonly Flag[] = [...flags, ...idleFlags]

/** A command line that is wrong: one line that says what and where. */
export class UsageError extends Error {}

export interface CommandLine {
  readonly command: string | undefined
  /** Values by flag name; on-or-off flags hold a boolean. */
  readonly given: Readonly<Record<string, string | boolean | readonly string[]>>
}

/** Reads a Go-style command line: `-x=v`, `-x v`, `--x`, repeated. Throws UsageError. */
export function parseCommandLine(argv: readonly string[], commands: readonly string[]): CommandLine {
  const program = describe().argument('[command]').allowExcessArguments(true)
  program.exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} })
  try {
    program.parse(normalise(argv), { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) throw new UsageError(goStyle(error.message))
    throw error
  }
  const [command, ...extra] = program.args
  if (command !== undefined && !commands.includes(command)) {
    throw new UsageError(`unexpected argument "${command}"; commands are: ${commands.join(', ')}`)
  }
  if (extra.length > 0) throw new UsageError(`unexpected argument "${extra[0]}"`)
  return { command, given: valuesOf(program) }
}

/** The page behind `-help`. */
export function helpText(commands: Readonly<Record<string, string>>): string {
  const width = Math.max(...flags.map(flag => termOf(flag).length)) + 2
  const line = (flag: Flag) => {
    const notes = [flag.env && `[${flag.env.join(', ')}]`, flag.fallback && `(default: ${flag.fallback})`].filter(
      Boolean,
    )
    return `  ${termOf(flag).padEnd(width)}${[flag.help, ...notes].join(' ')}`
  }
  return [
    'upstreamd keeps nginx in step with Consul: validated, verified, rolled back.',
    '',
    'Usage: upstreamd [flags]             run beside nginx until it is told to stop',
    ...Object.entries(commands).map(([name, help]) => `       upstreamd ${name.padEnd(19)}${help}`),
    '',
    ...flags.map(line),
    '',
    'What else consul-template has, such as -vault-addr, is accepted and does nothing: docs/from-consul-template.md.',
    'Signals: TERM, INT stop; HUP reads configuration and templates again; USR1 approves a loss that is held.',
    'Try:     upstreamd -consul-addr=127.0.0.1:8500 -tag=calico -domain=example.org -dry',
    '',
  ].join('\n')
}

function describe(): Command {
  const program = new Command('upstreamd').helpOption(false)
  for (const flag of accepted) {
    const option = new Option(`--${flag.name} <value>`, flag.help)
    program.addOption(flag.isList ? option.argParser((value, before: string[] = []) => [...before, value]) : option)
  }
  return program
}

/** `-x=v` → `--x=v`; on-or-off flags get their value, so that they never take the next word for it. */
function normalise(argv: readonly string[]): string[] {
  const normal: string[] = []
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] ?? ''
    const match = /^--?([a-zA-Z][\w-]*)(?:=(.*))?$/s.exec(word)
    if (match === null) {
      normal.push(word)
      continue
    }
    const name = match[1] === 'h' ? 'help' : match[1] === 'v' ? 'version' : (match[1] ?? '')
    const flag = accepted.find(candidate => candidate.name === name)
    const value = match[2] ?? (flag !== undefined && flag.value === undefined ? 'true' : undefined)
    // Of an unknown flag only the name is passed on, so that the hint compares names.
    normal.push(value === undefined || flag === undefined ? `--${name}` : `--${name}=${value}`)
    // The next word is this flag's value, even when it begins with a dash.
    if (value === undefined && flag !== undefined && at + 1 < argv.length) {
      at += 1
      normal[normal.length - 1] = `--${name}=${argv[at]}`
    }
  }
  return normal
}

function valuesOf(program: Command): CommandLine['given'] {
  const given: Record<string, string | boolean | readonly string[]> = {}
  for (const flag of accepted) {
    const option = program.options.find(candidate => candidate.name() === flag.name)
    const value = program.getOptionValue(option?.attributeName() ?? flag.name) as string | string[] | undefined
    if (value === undefined) continue
    given[flag.name] = flag.value === undefined ? toBoolean(`-${flag.name}`, String(value)) : value
  }
  return given
}

export function toBoolean(name: string, text: string): boolean {
  if (/^(1|t|true)$/i.test(text)) return true
  if (/^(0|f|false)$/i.test(text)) return false
  throw new UsageError(`${name}: "${text}" is neither true nor false`)
}

function termOf(flag: Flag): string {
  return flag.value === undefined ? `-${flag.name}` : `-${flag.name}=${flag.value}`
}

function goStyle(message: string): string {
  return message
    .replace(/^error: /, '')
    .replace(/\n\(Did you mean (?:one of )?(.*?)\?\)/, ' (did you mean $1?)')
    .replaceAll('--', '-')
}
