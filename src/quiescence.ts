import pDebounce from 'p-debounce'

/** How long a change waits for others. */
export interface Wait {
  readonly min: number // ms of calm
  readonly max: number // ms after the first change, at the latest
}

export interface Quiescence {
  /**
   * Something changed, `age` ms ago: run after `min` of calm, at the latest `max` after the first tick. The first run
   * waits for nothing.
   */
  tick(age?: number): void
  /** Run without waiting for calm: an operator asked, or something broke. */
  now(): void
  /** Has something changed since the last run began? */
  isStale(): boolean
  /** Resolves when nothing is pending or running. */
  idle(): Promise<void>
}

/**
 * One run at a time with one trailing run, so the newest state wins and nothing queues.
 * `run` must not reject: what can fail is handled inside it.
 */
export function quiesce(
  run: () => Promise<void>,
  wait: Wait,
  signal: AbortSignal,
  /** What may be done while waiting for calm, once for every wait and never beside a run; must not reject. */
  meanwhile: () => Promise<void> = async () => {},
): Quiescence {
  // Of p-debounce only the single flight: its own timer starts anew at every tick and never fires under load.
  const single = pDebounce.promise(
    async () => {
      if (waiting !== undefined) await waiting
      waiting = undefined
      isStale = false
      await run()
    },
    { after: true },
  )
  let waiting: Promise<void> | undefined
  let isRunning = false
  let isStale = false
  let timer: NodeJS.Timeout | undefined
  let deadline: number | undefined
  let isFirst = true
  let running: Promise<unknown> = Promise.resolve()

  function fire(): void {
    clearTimeout(timer)
    timer = undefined
    deadline = undefined
    isFirst = false
    isStale = true
    if (signal.aborted) return
    isRunning = true
    running = single().finally(() => {
      isRunning = false
    })
  }

  signal.addEventListener('abort', () => clearTimeout(timer), { once: true })
  return {
    tick(age = 0) {
      if (signal.aborted) return
      if (isFirst) return fire()
      isStale = true
      const now = performance.now()
      if (deadline === undefined && !isRunning) waiting = meanwhile()
      deadline ??= now + wait.max
      clearTimeout(timer)
      timer = setTimeout(fire, Math.max(0, Math.min(wait.min - age, deadline - now)))
    },
    now: fire,
    isStale: () => isStale,
    async idle() {
      while (timer !== undefined && !signal.aborted) await new Promise(resolve => setTimeout(resolve, wait.min))
      await running
    },
  }
}
