import { sleep } from './answers.ts'
import { type Bulk, type Instance, instanceOf, type Writer } from './catalog.ts'

/** Changes at a steady rate; when Consul is slower, as many as it takes. */
export interface Churn {
  readonly made: number
  /** Resolves with the changes a second there really were; throws what a write threw. */
  stop(): Promise<number>
}

const TICK_MS = 10
/** Not answered yet; then Consul is too slow for the rate. */
const MOST_AT_ONCE = 8

export function startChurn(perSecond: number, change: (number: number) => Promise<void>): Churn {
  const began = performance.now()
  const underWay = new Set<Promise<void>>()
  let made = 0
  let isOver = false
  let failure: { readonly error: unknown } | undefined

  async function run(): Promise<void> {
    while (!isOver) {
      const due = Math.floor(((performance.now() - began) * perSecond) / 1_000)
      while (made < due && underWay.size < MOST_AT_ONCE) {
        const one = change(made)
          .catch(error => {
            failure ??= { error }
          })
          .finally(() => underWay.delete(one))
        underWay.add(one)
        made += 1
      }
      await sleep(TICK_MS)
    }
    await Promise.all(underWay)
  }
  const running = run()

  return {
    get made() {
      return made
    },
    async stop() {
      isOver = true
      const seconds = (performance.now() - began) / 1_000
      await running
      if (failure !== undefined) throw failure.error
      return made / seconds
    },
  }
}

/** A prime: services that follow each other are far from each other, and all have their turn. */
const STRIDE = 7_919
const KINDS = 6
/** Services that go through the kinds beside each other: what is written about one is answered before the next. */
const SIDE_BY_SIDE = 4 * MOST_AT_ONCE

/**
 * The kinds of change there are, in turns: a new address, a check that fails, one that passes again, new meta, an
 * instance that leaves, one that comes back.
 */
export async function changeOne(writer: Writer, bulk: Bulk, number: number): Promise<void> {
  const group = Math.floor(number / (KINDS * SIDE_BY_SIDE))
  const kind = Math.floor(number / SIDE_BY_SIDE) % KINDS
  const service = ((group * SIDE_BY_SIDE + (number % SIDE_BY_SIDE)) * STRIDE) % bulk.services
  const one: Instance = instanceOf(bulk, service, bulk.instances - 1)
  switch (kind) {
    case 0:
      return writer.register({ ...one, port: 10_000 + (number % 10_000) })
    case 1:
      return writer.register({ ...one, status: 'critical' })
    case 2:
      return writer.setCheck({ ...one, status: 'passing' })
    case 3:
      return writer.register({ ...one, meta: { version: `1.0.${number}` } })
    case 4:
      return writer.deregister(one)
    default:
      return writer.register({ ...one, status: 'passing' })
  }
}
