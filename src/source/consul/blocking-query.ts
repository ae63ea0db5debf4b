import type { z } from 'zod'
import type { Runtime } from '../../runtime.ts'
import type { Answer, ConsulClient } from './client.ts'

/** Milliseconds one query may block; Consul adds up to a sixteenth. */
const WAIT_MS = 30_000
/** Between the starts of two calls, however fast the answers come. */
const FLOOR_MS = 100
const SLOWEST_MS = 30_000

/** The index to wait on next, by Consul's rules for blocking queries. */
export function nextIndex(asked: bigint, answered: bigint): bigint {
  // A smaller index means the servers were restored; waiting on the old one would block for ever.
  if (answered < asked) return 0n

  // Consul answers index 0 at once, so asking with it again would spin.
  return answered === 0n ? 1n : answered
}

/** Milliseconds to let pass since the last call started, before the next one. */
export function pause(took: number, idle: number, random: number): number {
  // Answers at once although nothing moved: whatever is on the other side, it must not be hammered.
  if (idle > 0) return Math.max(FLOOR_MS, Math.min(250 * 2 ** idle, SLOWEST_MS) * (0.5 + 0.5 * random)) - took
  return FLOOR_MS - took
}

/**
 * Every answer of one table whose index moved, for as long as the signal lets it; throws what the client throws.
 * The index is taken only after the body was understood.
 */
export async function* changes<T>(
  client: ConsulClient,
  path: string,
  schema: z.ZodType<T>,
  runtime: Runtime,
  name: string,
): AsyncGenerator<Answer<T>> {
  let index = 0n
  let last: Answer<T> | undefined
  let idle = 0
  while (true) {
    const started = runtime.clock.now()
    const answer = await client.ask({ path, index, wait: WAIT_MS }, schema, runtime.signal)
    const took = runtime.clock.now() - started
    const moved = last === undefined || answer.index !== last.index || answer.text !== last.text
    if (moved) yield answer

    const next = nextIndex(index, answer.index)
    if (answer.index < index) {
      runtime.emit({ type: 'source.index_reset', source: name, from: String(index), to: String(answer.index) })
    }
    idle = moved || took > WAIT_MS / 2 ? 0 : idle + 1
    index = next
    last = answer
    const rest = pause(runtime.clock.now() - started, idle, Math.random())
    if (rest > 0) await runtime.clock.sleep(rest, runtime.signal)
  }
}
