import type { Clock } from '../../runtime.ts'
import { Sleepers } from './sleepers.ts'

/** Between two questions to somebody of whom nothing came but errors since the last answer. */
const APART_MS = 500
/** A loss that lasts longer is one of everybody who asks there, and so is its end. */
const SURE_MS = 2_000

/**
 * Is anybody there? What one query learns of a datacenter holds for all that ask there: while nothing but errors comes
 * back, one question at a time finds out whether that is over.
 */
export class Contact {
  readonly #clock: Clock
  #lostAt: number | undefined // ms on the clock
  #nextAt = 0
  #isTried = false
  readonly #resting: Sleepers

  constructor(clock: Clock) {
    this.#clock = clock
    this.#resting = new Sleepers(clock)
  }

  get isLost(): boolean {
    return this.#lostAt !== undefined
  }

  /** Resolves when it is bearable to ask: true when the question is the one that finds out. `tried` has to follow. */
  async admit(signal: AbortSignal): Promise<boolean> {
    while (this.isLost) {
      const now = this.#clock.now()
      if (!this.#isTried && now >= this.#nextAt) {
        this.#isTried = true
        return true
      }
      await this.#clock.sleep(Math.max(this.#nextAt - now, APART_MS / 5), signal)
    }
    return false
  }

  tried(): void {
    this.#isTried = false
    this.#nextAt = this.#clock.now() + APART_MS
  }

  failed(): void {
    this.#lostAt ??= this.#clock.now()
  }

  answered(): void {
    const isBack = this.#lostAt !== undefined && this.#clock.now() - this.#lostAt >= SURE_MS
    this.#lostAt = undefined
    if (isBack) this.#resting.wakeAll()
  }

  /** Sleeps after a failure; less when everybody had failed, and that is over. */
  async rest(ms: number, signal: AbortSignal): Promise<void> {
    await this.#resting.sleep(ms, signal)
  }
}
