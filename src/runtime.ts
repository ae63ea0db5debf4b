import { setTimeout as sleep } from 'node:timers/promises'
import type { Emit } from './observe/event.ts'

export interface Clock {
  now(): number // ms, monotonic: a changed wall clock moves no timer
  sleep(ms: number, signal: AbortSignal): Promise<void> // rejects with the signal's reason
}

/** The only ambient capabilities; never holds configuration. */
export interface Runtime {
  readonly clock: Clock
  readonly emit: Emit
  readonly signal: AbortSignal
}

export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, { signal }),
}

/** Sleeps and says whether it slept to the end; an abort is an answer here, not an error. */
export async function slept(runtime: Runtime, ms: number): Promise<boolean> {
  try {
    await runtime.clock.sleep(ms, runtime.signal)
    return true
  } catch (error) {
    if (runtime.signal.aborted) return false
    throw error
  }
}
