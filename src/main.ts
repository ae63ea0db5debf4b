import { setFlagsFromString } from 'node:v8'
import type { Signals } from './command/command.ts'
import { helpText, parseCommandLine, UsageError } from './command/command-line.ts'
import { commands } from './command/registry.ts'
import { EXIT_USAGE, exitCodeOf, reasonOf, UpstreamdError } from './errors.ts'
import { version } from './shipped.ts'

// Between changes most memory is free, and would be kept: young objects get less room. Measured with 3,000 services:
// 173 MB are resident instead of 216, for a tenth more of processor time for each change.
setFlagsFromString('--semi-space-growth-factor=1')

/** argv → command → exit code. The only place that ends the process or listens to its signals. */
async function main(argv: readonly string[]): Promise<number> {
  const line = parseCommandLine(argv, commands)
  if (line.given.help) return print(helpText(commands))
  if (line.given.version) return print(`upstreamd ${version}\n`)

  const command = commands.find(({ name }) => name === line.command) ?? commands[0]
  const asked = signals()
  try {
    return await command.execute(line, asked)
  } catch (error) {
    // Told to stop before anything had begun: whatever was waited for threw the reason.
    if (asked.stop.aborted && error === asked.stop.reason) return 0
    throw error
  }
}

/** What a program may be sent through us. */
const others = ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT', 'SIGALRM'] as const
const nothing = () => {}

function signals(): Signals {
  const stop = new AbortController()
  const listeners = { reload: [] as (() => void)[], approve: [] as (() => void)[] }
  const meanings = new Map<NodeJS.Signals, () => void>()
  function listen(name: NodeJS.Signals, meaning: () => void): void {
    if (!meanings.has(name)) process.on(name, () => meanings.get(name)?.())
    meanings.set(name, meaning)
  }
  const tell = (list: readonly (() => void)[]) => () => {
    for (const listener of list) listener()
  }
  // A second one changes nothing: the stop is bounded, and supervisors like to send two.
  for (const name of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) listen(name, () => stop.abort(name))
  listen('SIGPIPE', nothing) // whoever read our output is gone; that is no reason to go, too
  listen('SIGHUP', tell(listeners.reload))
  listen('SIGUSR1', tell(listeners.approve))
  return {
    stop: stop.signal,
    assign({ kill, reload }) {
      if (kill !== undefined) listen(kill, () => stop.abort(kill))
      if (reload !== 'SIGHUP' && kill !== 'SIGHUP') listen('SIGHUP', nothing)
      if (reload !== undefined) listen(reload, tell(listeners.reload))
    },
    onReload: listener => void listeners.reload.push(listener),
    onOther(listener) {
      for (const name of others) {
        const meaning = meanings.get(name)
        const isOurs = name !== 'SIGUSR1' && meaning !== undefined && meaning !== nothing
        if (!isOurs) listen(name, () => [meaning?.(), listener(name)])
      }
    },
    onApprove: listener => void listeners.approve.push(listener),
  }
}

function print(text: string): number {
  process.stdout.write(text)
  return 0
}

function complain(error: unknown): number {
  if (error instanceof UsageError) {
    process.stderr.write(`upstreamd: ${error.message}\nTry: upstreamd -help\n`)
    return EXIT_USAGE
  }
  if (error instanceof UpstreamdError) process.stderr.write(`upstreamd: ${reasonOf(error)} (${error.code})\n`)
  else
    process.stderr.write(
      `upstreamd: this is a bug; nginx goes on serving: ${error instanceof Error ? error.stack : error}\n`,
    )
  return exitCodeOf(error)
}

// nginx is a session of its own and goes on serving; whoever supervises us starts us again.
process.on('uncaughtException', error => process.exit(complain(error)))

process.title = 'upstreamd'
process.exitCode = await main(process.argv.slice(2)).catch(complain)
process.exit()
