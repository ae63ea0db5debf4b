import { Command, CommanderError, Option } from 'commander'
import { idleFlags } from './consul-template-flags.ts'
import type { Flag } from './flag.ts'
import { flags } from './flags.ts'

const common: readonly Flag[] = [...flags, ...idleFlags]

/** A command line that is wrong: one line that says what and where. */
export class UsageError extends Error {}

/** What a command says of itself. */
export interface Described {
  readonly name: string
  readonly help: string
  readonly operands?: string // what stands behind its name: `TEMPLATE…`; none: nothing may
  readonly flags?: readonly Flag[] // beside those of all commands, or with other values
}

export interface CommandLine {
  readonly command: string | undefined
  readonly operands: readonly string[] // what else stands there
  /** Values by flag name; on-or-off flags hold a boolean. */
  readonly given: Readonly<Record<string, string | boolean | readonly string[]>>
}

/** Reads a Go-style command line: `-x=v`, `-x v`, `--x`, repeated. Throws UsageError. */
export function parseCommandLine(argv: readonly string[], commands: readonly Described[]): CommandLine {
  const accepted = acceptedBy(commands)
  const program = describe(accepted).argument('[command]').allowExcessArguments(true)
  program.exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} })
  try {
    program.parse(normalise(argv, accepted), { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) throw new UsageError(goStyle(error.message))
    throw error
  }
  const [name, ...operands] = program.args
  const command = commands.find(command => command.name === name)
  if (name !== undefined && command === undefined) {
    const names = commands.map(({ name }) => name).join(', ')
    throw new UsageError(`unexpected argument "${name}"; commands are: ${names}`)
  }
  if (operands.length > 0 && command?.operands === undefined) {
    throw new UsageError(`unexpected argument "${operands[0]}"`)
  }
  const given = valuesOf(program, accepted)
  refuseForeign(given, command, commands)
  return { command: name, operands, given }
}

function acceptedBy(commands: readonly Described[]): readonly Flag[] {
  const own = commands.flatMap(({ flags = [] }) => flags)
  return [...common, ...own.filter(({ name }) => !isCommon(name))]
}

function isCommon(name: string): boolean {
  return common.some(flag => flag.name === name)
}

function refuseForeign(
  given: CommandLine['given'],
  command: Described | undefined,
  commands: readonly Described[],
): void {
  for (const name of Object.keys(given).filter(name => !isCommon(name))) {
    if (command?.flags?.some(flag => flag.name === name)) continue
    const owner = commands.find(({ flags = [] }) => flags.some(flag => flag.name === name))
    throw new UsageError(`-${name} is for upstreamd ${owner?.name}`)
  }
}

/** The page behind `-help`. */
export function helpText(commands: readonly Described[]): string {
  const own = commands.filter(({ flags = [] }) => flags.length > 0)
  const all = [...flags, ...own.flatMap(({ flags = [] }) => flags)]
  const width = Math.max(...all.map(flag => termOf(flag).length)) + 2
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
    ...commands.map(command => `       upstreamd ${calledAs(command).padEnd(19)}${command.help}`),
    '',
    ...flags.map(line),
    '',
    ...own.flatMap(({ name, flags = [] }) => [`Of ${name}:`, ...flags.map(line), '']),
    'What else consul-template has, such as -vault-addr, is accepted and does nothing: docs/from-consul-template.md.',
    'Signals: TERM, INT stop; HUP reads configuration and templates again; USR1 approves a loss that is held.',
    'Try:     upstreamd -consul-addr=127.0.0.1:8500 -tag=calico -domain=example.org -dry',
    '',
  ].join('\n')
}

function calledAs({ name, operands = '' }: Described): string {
  return `${name} ${operands}`
}

function describe(accepted: readonly Flag[]): Command {
  const program = new Command('upstreamd').helpOption(false)
  for (const flag of accepted) {
    const option = new Option(`--${flag.name} <value>`, flag.help)
    program.addOption(flag.isList ? option.argParser((value, before: string[] = []) => [...before, value]) : option)
  }
  return program
}

/** `-x=v` → `--x=v`; on-or-off flags get their value, so that they never take the next word for it. */
function normalise(argv: readonly string[], accepted: readonly Flag[]): string[] {
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

function valuesOf(program: Command, accepted: readonly Flag[]): CommandLine['given'] {
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
    .replace(/^option '--([\w-]+) <value>' argument missing$/, '-$1 needs a value')
    .replace(/\n\(Did you mean (?:one of )?(.*?)\?\)/, ' (did you mean $1?)')
    .replaceAll('--', '-')
}
