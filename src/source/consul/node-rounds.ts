import { isOf, reasonOf, type UpstreamdError } from '../../errors.ts'
import { compare } from '../../model/catalog.ts'
import type { Runtime } from '../../runtime.ts'
import { delayAfter, priceOf } from '../backoff.ts'
import type { ConsulClient } from './client.ts'
import { isUnaskable, servicesOf } from './questions.ts'
import type { Tables } from './tables.ts'

/** Nodes asked at the same time: a few at first, and one more for every right answer. */
const FIRST_AT_ONCE = 2
const MOST_AT_ONCE = 8
/** When so many fail one after the other it is not the nodes. */
const IN_A_ROW = 3

/** Reads the services of dirty nodes, in rounds. */
export interface NodeRounds {
  /**
   * Asks for every dirty node whose turn it is; returns whether an answer was news. One that fails keeps what it had
   * and is asked again later, after the others, and more and more rarely. Until all have been read once, one that
   * fails ends the attempt; unless its name is one that Consul has no answer for.
   */
  read(): Promise<boolean>
}

interface Round {
  right: number
  wrong: number
  inARow: number // failures, since the last right answer
  firstTimes: number // failures of nodes that had answered until now
  isNews: boolean
  hasProgress: boolean // somebody answered who had not
  error: UpstreamdError | undefined // of a node that keeps what it had
  end: { readonly error: unknown } | undefined // of the attempt
}

/** Between a round in which somebody failed and the next one for those who did; or for all. */
interface Rest {
  readonly isForAll: boolean
  isOver: boolean
}

/** `again` is called when it is time for another round. */
export function createNodeRounds(
  client: ConsulClient,
  tables: Tables,
  source: string,
  again: () => void,
  { clock, emit, signal }: Runtime,
): NodeRounds {
  const failing = new Set<string>() // whoever was tried longest ago comes first
  let failures = 0 // rounds in a row without progress
  let rest: Rest | undefined
  let told = ''

  async function read(): Promise<boolean> {
    const isForAll = rest?.isForAll ?? false
    const round: Round = {
      right: 0,
      wrong: 0,
      inARow: 0,
      firstTimes: 0,
      isNews: false,
      hasProgress: false,
      error: undefined,
      end: undefined,
    }
    const running = new Set<Promise<void>>()
    for (const node of turns()) {
      while (running.size >= Math.min(FIRST_AT_ONCE + round.right, MOST_AT_ONCE)) await Promise.race(running)
      if (round.end !== undefined || round.inARow >= IN_A_ROW) break
      const asking = ask(node, round).finally(() => running.delete(asking))
      running.add(asking)
    }
    // Who is still asked when the attempt ends is ended with it.
    while (running.size > 0 && round.end === undefined) await Promise.race(running)
    if (round.end !== undefined) throw round.end.error

    if (round.error !== undefined) pause(round.error, round, round.hasProgress || (isForAll && round.right > 0))
    else if (failing.size === 0 && rest !== undefined) recover()
    return round.isNews
  }

  /** Those that were never read, those that never failed, then those that did, when it is time for them. */
  function turns(): string[] {
    const isResting = rest !== undefined && !rest.isOver
    if (isResting && rest?.isForAll) return []
    for (const node of failing) if (!tables.hasNode(node)) failing.delete(node)
    const fresh = [...tables.dirty]
      .filter(node => tables.hasNode(node) && !failing.has(node))
      .sort((a, b) => Number(tables.knows(a)) - Number(tables.knows(b)))
    return isResting ? fresh : [...fresh, ...failing]
  }

  /** Never rejects: what it comes to stands in the round. */
  async function ask(node: string, round: Round): Promise<void> {
    tables.dirty.delete(node)
    try {
      const { body, digest } = await client.ask(servicesOf(node, tables.remembered(node)), signal)
      if (tables.setServices(node, body?.Services ?? [], digest)) round.isNews = true
      round.right += 1
      round.inARow = 0
      if (failing.delete(node)) round.hasProgress = true
    } catch (error) {
      tables.dirty.add(node)
      // At first all of them are needed, because unknown is not empty: but for a name that nobody can ask for.
      const isNeeded = !tables.wasComplete && !tables.knows(node) && !isUnaskable(node)
      if (isNeeded || !isOf('source', error)) {
        round.end ??= { error }
        return
      }
      round.wrong += 1
      if (!isUnaskable(node)) round.inARow += 1 // it says nothing about the others
      if (!isUnaskable(node) && !failing.has(node)) round.firstTimes += 1
      round.error = error
      failing.delete(node)
      failing.add(node)
    }
  }

  function pause(error: UpstreamdError, { right, wrong, firstTimes }: Round, hasProgress: boolean): void {
    failures = hasProgress ? 1 : failures + 1
    const retryIn = Math.max(delayAfter(failures, error, Math.random()), priceOf(wrong))
    // Those that have failed for long must not keep the others waiting.
    const mine = { isForAll: right === 0 && firstTimes >= IN_A_ROW, isOver: false }
    rest = mine
    tell([...failing].sort(compare), reasonOf(error), retryIn)
    function end(): void {
      mine.isOver = true
      again()
    }
    clock.sleep(retryIn, signal).then(end, () => {}) // owned by the signal, which ends it
  }

  /** Once, as long as they are the same. */
  function tell(nodes: readonly string[], problem: string, retryIn: number): void {
    const names = JSON.stringify(nodes)
    if (names !== told) emit({ type: 'source.partial', source, nodes, problem, retryIn })
    told = names
  }

  function recover(): void {
    failures = 0
    told = ''
    rest = undefined
    emit({ type: 'source.completed', source })
  }

  return { read }
}
