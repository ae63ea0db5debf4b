import type { Config } from '../config.ts'
import type { Delivery } from '../delivery/delivery.ts'
import { withConsul } from '../entries.ts'
import { createExec } from '../exec.ts'
import type { Emit } from '../observe/event.ts'
import { type Runtime, systemClock } from '../runtime.ts'
import type { Signals } from './command.ts'

/** The program of `exec`, if there is one, and what it has to know of deliveries and signals. */
export interface Program {
  /** To be used by everybody: from the events it learns which nginx is ours. */
  readonly emit: Emit
  /** Something may be live that was not. */
  see(deliveries: readonly Pick<Delivery, 'confirmed' | 'target'>[]): void
  /** Its exit code, when it has ended by itself. */
  readonly ended: Promise<number>
  stop(): Promise<void>
}

export function attend(config: Config, emit: Emit, signals: Signals): Program {
  if (config.exec === undefined) return { emit, see: () => {}, ended: new Promise(() => {}), stop: async () => {} }

  const runtime: Runtime = { clock: systemClock, emit, signal: signals.stop }
  const environment = withConsul(config.exec.environment, config)
  const exec = createExec({ ...config.exec, environment }, runtime)
  let nginx: number | undefined // pid
  signals.onOther(exec.forward)
  return {
    emit(event) {
      if (event.type === 'process.found' || event.type === 'process.started') nginx = event.pid
      emit(event)
    },
    see(deliveries) {
      exec.see(
        deliveries.map(({ confirmed, target }) => ({
          digest: confirmed(),
          pid: target.name === 'nginx' ? nginx : undefined,
        })),
      )
    },
    ended: exec.ended,
    stop: exec.stop,
  }
}
