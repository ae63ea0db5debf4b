/** A bell for one listener: rings that come while it is busy collapse into one; a failure is heard first. */
export class Wakeup {
  #pending = false
  #failure: { readonly error: unknown } | undefined
  #wake: (() => void) | undefined

  ring(): void {
    this.#pending = true
    this.#wake?.()
  }

  fail(error: unknown): void {
    this.#failure ??= { error }
    this.#wake?.()
  }

  /** Resolves at the next ring, or at once when there was one since the last; throws what `fail` was given. */
  async rung(): Promise<void> {
    if (!this.#pending && this.#failure === undefined) {
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
      this.#wake = undefined
    }
    if (this.#failure !== undefined) throw this.#failure.error
    this.#pending = false
  }
}
