import type { Snapshot } from '../../model/catalog.ts'
import type { Runtime } from '../../runtime.ts'
import type { Interest } from '../source.ts'
import type { Answer } from './answer.ts'
import { share } from './blocking-query.ts'
import type { ConsulClient } from './client.ts'
import type { Picked } from './picked.ts'
import { maximum, type Reader } from './reader.ts'
import { createRounds } from './rounds.ts'
import type { ServiceNames } from './wire.ts'

interface From {
  readonly source: string
  readonly interest: Interest
  readonly wantedOf: (names: ServiceNames) => ReadonlySet<string>
}

/** Reads the wanted services by name whenever one of the tables has moved. `again` is called when it is time to `retry`. */
export function createPickedReader(
  client: ConsulClient,
  picked: Picked,
  { source, interest, wantedOf }: From,
  again: () => void,
  runtime: Runtime,
): Reader {
  const { clock, signal } = runtime
  const rounds = createRounds(client, picked, source, again, runtime)
  let index = 0n
  let snapshot: Snapshot = { source, index: '0', services: [] }
  let isGone = false // one of those in the last snapshot
  let restUntil = 0 // ms on the clock: what changed for others has its price
  let running: Promise<unknown> = Promise.resolve()
  let next: Promise<boolean> | undefined // begins when what runs has ended: whoever comes until then joins

  function read(wake: number): Promise<boolean> {
    next ??= running.then(async () => {
      if (clock.now() < restUntil) await clock.sleep(restUntil - clock.now(), signal)
      next = undefined
      const began = clock.now()
      const wereGone = isGone
      isGone = false
      const isNews = (await rounds.read()) || wereGone
      if (isNews) {
        const took = { wake, fetch: clock.now() - began }
        snapshot = { source, index: String(index), services: picked.services(interest), took }
      }
      restUntil = isNews ? 0 : clock.now() + share(clock.now() - began)
      return isNews
    })
    running = next.catch(() => {}) // whoever asked for it hears of it
    return next
  }

  function take(answer: Answer<unknown>, wanted?: ReadonlySet<string>): Promise<boolean> {
    index = maximum([index, answer.index])
    if (picked.touch(wanted)) isGone = true
    return read(answer.took)
  }

  return {
    async begin({ services, checks, nodes }) {
      index = maximum([services, checks, nodes].map(answer => answer.index))
      picked.touch(wantedOf(services.body))
      await read(services.took)
      picked.wasComplete = true
      snapshot = { ...snapshot, index: String(index), services: picked.services(interest) }
    },
    takeServices: answer => take(answer, wantedOf(answer.body)),
    takeChecks: answer => take(answer),
    takeNodes: answer => take(answer),
    retry: () => read(0),
    snapshot: () => snapshot,
  }
}
