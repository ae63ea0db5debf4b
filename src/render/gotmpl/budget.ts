import { BudgetError } from './template-error.ts'

export interface Limits {
  readonly ms: number
  /** How large the output may become. */
  readonly bytes: number
}

/** What is made on the way to the output may be so many times as large as the output. */
const DETOURS = 4
/** The clock is looked at once in so many steps. */
const STEPS = 512

/** What one rendering may cost, whatever the template says. */
export class Budget {
  readonly #limits: Limits
  readonly #end: number
  #steps = 0
  #made = 0
  #written = 0

  constructor(limits: Limits) {
    this.#limits = limits
    this.#end = performance.now() + limits.ms
  }

  /** Called wherever a template may loop. */
  step(): void {
    if (++this.#steps % STEPS === 0 && performance.now() > this.#end) {
      throw new BudgetError(`the template took longer than ${this.#limits.ms} ms`)
    }
  }

  /** Something of this size is going to be made, on the way to the output. */
  readonly charge = (bytes: number): void => {
    this.step()
    this.#made += bytes
    if (this.#made > this.#limits.bytes * DETOURS) {
      throw new BudgetError(`the template makes texts of more than ${this.#limits.bytes * DETOURS} bytes`)
    }
  }

  /** So much is going to be written to the output. */
  write(bytes: number): void {
    this.#written += bytes
    if (this.#written > this.#limits.bytes) {
      throw new BudgetError(`the template writes more than ${this.#limits.bytes} bytes`)
    }
  }
}
