import type { Clock } from '../../runtime.ts'

/** Many sleep, each for a time of its own, until somebody wakes them all. */
export class Sleepers {
  readonly #clock: Clock
  readonly #asleep = new Set<AbortController>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** False when it was woken before its time; rejects with the signal's reason. */
  async sleep(ms: number, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted()
    const waking = new AbortController()
    const wake = () => waking.abort()
    this.#asleep.add(waking)
    signal.addEventListener('abort', wake, { once: true })
    try {
      await this.#clock.sleep(ms, waking.signal)
      return true
    } catch (error) {
      signal.throwIfAborted()
      if (!waking.signal.aborted) throw error
      return false
    } finally {
      this.#asleep.delete(waking)
      signal.removeEventListener('abort', wake)
    }
  }

  wakeAll(): void {
    for (const waking of this.#asleep) waking.abort()
  }
}
