import { reasonOf } from '../errors.ts'
import type { Emit } from '../observe/event.ts'
import { runProgram } from '../target/program.ts'

const PATIENCE = 10_000 // ms

/**
 * Tells systemd of `daemon.ready` where it waits for that (Type=notify; sd_notify(3)). By systemd-notify(1), because Node
 * has no datagrams for unix sockets: as root it speaks in our name, for others the unit needs NotifyAccess=all.
 */
export function notifying(emit: Emit, environment: NodeJS.ProcessEnv, signal: AbortSignal): Emit {
  if (!environment.NOTIFY_SOCKET) return emit
  return event => {
    emit(event)
    if (event.type !== 'daemon.ready') return
    notify(signal).then(problem => {
      if (problem === undefined) return
      const todo = 'it will end us when it tires of waiting; Type=exec in the unit does not wait'
      emit({ type: 'config.warned', problem: `cannot tell systemd that everything is ready: ${problem}: ${todo}` })
    })
  }
}

/** Resolves with what was in the way. */
async function notify(signal: AbortSignal): Promise<string | undefined> {
  try {
    const run = await runProgram('systemd-notify', ['--ready'], { timeout: PATIENCE, signal })
    if (run.exitCode === 0) return undefined
    return run.problem ?? (run.output.trim() || `systemd-notify ended with code ${run.exitCode}`)
  } catch (error) {
    return signal.aborted ? undefined : reasonOf(error) // who is being ended need not be ready
  }
}
