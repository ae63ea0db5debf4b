import type { RealConsul, Registration } from '../support/consul.ts'

/** How long a call to a Consul that may be stopped is waited for. */
const PATIENCE_MS = 2_000

/** What is meant to be registered, whatever becomes of Consul meanwhile. */
export class Registrations {
  readonly #consul: RealConsul
  readonly #wanted = new Map<string, Registration>()

  constructor(consul: RealConsul) {
    this.#consul = consul
  }

  get ids(): string[] {
    return [...this.#wanted.keys()]
  }

  async put(id: string, registration: Registration): Promise<void> {
    this.#wanted.set(id, { ...registration, ID: id })
    await this.#try(() => this.#consul.register({ ...registration, ID: id }))
  }

  async remove(id: string): Promise<void> {
    this.#wanted.delete(id)
    await this.#try(() => this.#consul.deregister(id))
  }

  /** Everything again: a Consul that was started anew knows nothing, one that was away may know too much. */
  async restore(): Promise<void> {
    const known = (await this.#consul.call('GET', '/agent/services')) as Record<string, unknown>
    for (const id of Object.keys(known)) if (!this.#wanted.has(id)) await this.#consul.deregister(id)
    for (const registration of this.#wanted.values()) await this.#consul.register(registration)
  }

  /** Consul may be away: then `restore` does it later. */
  async #try(call: () => Promise<void>): Promise<void> {
    const late = new Promise<void>(resolve => setTimeout(resolve, PATIENCE_MS).unref())
    await Promise.race([call().catch(() => {}), late])
  }
}
