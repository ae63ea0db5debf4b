import { isOf, reasonOf, type UpstreamdError } from '../../errors.ts'
import { compare } from '../../model/catalog.ts'
import type { Runtime } from '../../runtime.ts'
import { delayAfter, priceOf } from '../backoff.ts'
import type { Answer, Question } from './answer.ts'
import type { ConsulClient } from './client.ts'
import { isUnaskable } from './questions.ts'

/** Asked for at the same time: a few at first, and one more for every right answer. */
const FIRST_AT_ONCE = 2
const MOST_AT_ONCE = 8
/** When so many fail one after the other it is Consul. */
const IN_A_ROW = 3

/** What is asked for piece by piece: the services of a node each time, or the instances of a service. */
export interface Parts<T> {
  readonly what: 'node' | 'service'
  readonly dirty: Set<string> // those that may have changed
  /** Was everything read once? Then a part that is not known came since: what it has was never there. */
  readonly wasComplete: boolean
  has(part: string): boolean
  /** Was it read once? */
  knows(part: string): boolean
  question(part: string): Question<T>
  /** Does this answer say that there is no such part, and what of it? Without one it is taken as it is. */
  doubt?(part: string, answer: Answer<T>): Promise<'gone' | { readonly askAgain: Question<T> } | undefined>
  /** Returns whether the answer is news. It may have become dirty again while the answer was on the way. */
  take(part: string, answer: Answer<T>): boolean
}

/** Reads dirty parts, in rounds. */
export interface Rounds {
  /**
   * Asks for every dirty part whose turn it is; returns whether an answer was news. One that fails keeps what it had
   * and is asked again later, after the others, and more and more rarely. Until all have been read once, one that
   * fails ends the attempt; unless its name is one that Consul has no answer for.
   */
  read(): Promise<boolean>
}

interface Round {
  right: number
  wrong: number
  inARow: number // failures, since the last right answer
  firstTimes: number // failures of those that had answered until now
  isNews: boolean
  hasProgress: boolean // somebody answered who had not
  error: UpstreamdError | undefined // of a part that keeps what it had
  end: { readonly error: unknown } | undefined // of the attempt
}

/** Between a round in which somebody failed and the next one for those who did; or for all. */
interface Rest {
  readonly isForAll: boolean
  isOver: boolean
}

/** `again` is called when it is time for another round. */
export function createRounds<T>(
  client: ConsulClient,
  parts: Parts<T>,
  source: string,
  again: () => void,
  { clock, emit, signal }: Runtime,
): Rounds {
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
    for (const part of turns()) {
      while (running.size >= Math.min(FIRST_AT_ONCE + round.right, MOST_AT_ONCE)) await Promise.race(running)
      if (round.end !== undefined || round.inARow >= IN_A_ROW) break
      const asking = ask(part, round).finally(() => running.delete(asking))
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
    for (const part of failing) if (!parts.has(part)) failing.delete(part)
    const fresh = [...parts.dirty]
      .filter(part => parts.has(part) && !failing.has(part))
      .sort((a, b) => Number(parts.knows(a)) - Number(parts.knows(b)))
    return isResting ? fresh : [...fresh, ...failing]
  }

  /** Never rejects: what it comes to stands in the round. */
  async function ask(part: string, round: Round): Promise<void> {
    parts.dirty.delete(part)
    try {
      const answer = await answerOf(part)
      if (answer === undefined) {
        round.isNews = true
        return
      }
      if (parts.take(part, answer)) round.isNews = true
      round.right += 1
      round.inARow = 0
      if (failing.delete(part)) round.hasProgress = true
    } catch (error) {
      parts.dirty.add(part)
      // At first all of them are needed, because unknown is not empty: but for a name that nobody can ask for.
      const isNeeded = !parts.wasComplete && !parts.knows(part) && !isUnaskable(part)
      if (isNeeded || !isOf('source', error)) {
        round.end ??= { error }
        return
      }
      round.wrong += 1
      if (!isUnaskable(part)) round.inARow += 1 // it says nothing about the others
      if (!isUnaskable(part) && !failing.has(part)) round.firstTimes += 1
      round.error = error
      failing.delete(part)
      failing.add(part)
    }
  }

  /** Nothing when the part has gone. */
  async function answerOf(part: string): Promise<Answer<T> | undefined> {
    const answer = await client.ask(parts.question(part), signal)
    const doubt = await parts.doubt?.(part, answer)
    if (doubt === 'gone') return undefined
    return doubt === undefined ? answer : await client.ask(doubt.askAgain, signal)
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
  function tell(names: readonly string[], problem: string, retryIn: number): void {
    const text = JSON.stringify(names)
    if (text !== told) emit({ type: 'source.partial', source, what: parts.what, names, problem, retryIn })
    told = text
  }

  function recover(): void {
    failures = 0
    told = ''
    rest = undefined
    emit({ type: 'source.completed', source, what: parts.what })
  }

  return { read }
}
