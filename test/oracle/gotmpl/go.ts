import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { inBase64 } from './data.ts'
import type { Case } from './generate.ts'

/** So many milliseconds Go may take over one template. */
export const PATIENCE = 3000

/** Bytes, as one character each. */
export interface Answer {
  readonly output?: string
  readonly error?: string
}

/** The program that answers what Go makes of a template. */
export class Go {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>
  readonly #replies: AsyncIterator<string>

  constructor(program: string) {
    this.#process = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#replies = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]()
  }

  /** Undefined when it takes too long: a template may go through 2⁶³ numbers. */
  async answer({ template, data: Data, left: Left, right: Right, missingKey }: Case): Promise<Answer | undefined> {
    const question = { Template: inBase64(template), Data, Left, Right, MissingKey: missingKey }
    this.#process.stdin.write(`${JSON.stringify(question)}\n`)
    const patience = new AbortController()
    const reply = await Promise.race([
      this.#replies.next(),
      setTimeout(PATIENCE, undefined, { signal: patience.signal }).catch(() => undefined),
    ])
    patience.abort()
    if (reply === undefined) return undefined
    if (reply.done === true) throw new Error(`Go ended at ${JSON.stringify(question)}`)
    return decoded(JSON.parse(reply.value))
  }

  end(): void {
    this.#process.kill('SIGKILL')
  }
}

function decoded({ output = '', error }: Answer): Answer {
  const text = (base64: string) => Buffer.from(base64, 'base64').toString('latin1')
  return error === undefined ? { output: text(output) } : { error: text(error) }
}
