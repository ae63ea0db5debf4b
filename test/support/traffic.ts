import { Agent, request } from 'node:http'
import { until } from './wait.ts'

/** A request that was not answered with 200, or by another service. */
export interface Failure {
  readonly began: number // performance.now()
  readonly at: number
  readonly host: string
  readonly what: string // status, or the error
}

export interface TrafficOptions {
  readonly port: number
  readonly hosts: readonly string[] // asked in turns
  readonly clients: number // each has one request at a time
  readonly keepAlive: boolean // else every request has a connection of its own
  readonly pause?: number // ms between two requests of a client
  readonly says?: (host: string) => string // the answer that is expected; any, where it is left out
}

/** Requests without an end, as browsers and other services send them: no retry hides what is lost. */
export class Traffic {
  readonly failures: Failure[] = []
  sent = 0
  readonly #options: TrafficOptions
  readonly #agent: Agent | false
  readonly #clients: Promise<void>[]
  readonly #answered: number[] // for each client, when the last request began that is answered
  #isOver = false

  constructor(options: TrafficOptions) {
    this.#options = options
    // Idle connections are never closed from this side: whatever is lost, nginx has closed.
    this.#agent = options.keepAlive ? new Agent({ keepAlive: true, maxSockets: options.clients }) : false
    this.#answered = Array.from({ length: options.clients }, () => 0)
    this.#clients = Array.from({ length: options.clients }, (_, client) => this.#ask(client))
  }

  /** Resolves when every client has an answer to a request that it has sent from now on. */
  async turn(): Promise<void> {
    const now = performance.now()
    await until('every client has an answer', () => this.#answered.every(began => began >= now))
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#clients)
    if (this.#agent) this.#agent.destroy()
  }

  async #ask(client: number): Promise<void> {
    const { port, hosts, pause = 0, says } = this.#options
    for (let turn = client; !this.#isOver; turn += 1) {
      const host = hosts[turn % hosts.length] ?? ''
      const began = performance.now()
      const what = await outcome(port, host, this.#agent, says?.(host))
      this.sent += 1
      this.#answered[client] = began
      if (what !== 'ok') this.failures.push({ began, at: performance.now(), host, what })
      if (pause > 0 || what !== 'ok') await new Promise(resolve => setTimeout(resolve, Math.max(pause, 5)))
    }
  }
}

/** `ok`, or what went wrong. */
function outcome(port: number, host: string, agent: Agent | false, text: string | undefined): Promise<string> {
  return new Promise(resolve => {
    const sent = request({ host: '127.0.0.1', port, agent, headers: { host }, timeout: 10_000 }, response => {
      let answer = ''
      response.on('data', chunk => {
        answer += chunk
      })
      response.on('end', () => {
        if (response.statusCode !== 200) return resolve(`${response.statusCode}`)
        resolve(text === undefined || answer === text ? 'ok' : `answered by ${answer}`)
      })
      response.on('error', error => resolve(String(error)))
    })
    sent.on('timeout', () => sent.destroy(new Error('no answer within 10 s')))
    sent.on('error', error => resolve(`${error.message}${sent.reusedSocket ? ' (kept connection)' : ''}`))
    sent.end()
  })
}
