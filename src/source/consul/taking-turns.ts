import { isOf } from '../../errors.ts'
import type { Clock } from '../../runtime.ts'
import type { Answer, Question } from './answer.ts'
import type { ConsulClient } from './client.ts'
import { Contact } from './contact.ts'
import { type Turn, Turns } from './turns.ts'

/** Connections for questions that block, and for those that are answered at once. */
export const LINES = 8
const READS = 4
/** With more queries than lines each has had its turn after so long. */
const ROUND_MS = 3_000
const LEAST_MS = 50

/** A client that any number of queries can share. */
export interface SharedClient {
  /** As that of a `ConsulClient`; `sending` is called when there is a place, before the question is sent. */
  ask<T>(question: Question<T>, signal: AbortSignal, sending?: () => void): Promise<Answer<T>>
  /** One more who blocks, again and again, until what is returned is called. */
  join(): () => void
  /** Sleeps after a failure of this question, for so many milliseconds at most. */
  rest(question: Question<unknown>, ms: number, signal: AbortSignal): Promise<void>
}

/**
 * Any number of queries may block at the same time; the connections are a constant number. A query that blocks does so
 * for as long as it likes while there is a line for everybody; otherwise in short turns, one after the other.
 */
export function takingTurns(client: Pick<ConsulClient, 'ask'>, long: number, clock: Clock): SharedClient {
  const lines = new Turns({ places: LINES, long, round: ROUND_MS, least: LEAST_MS })
  const reads = new Turns({ places: READS, long: 0, round: 0, least: 0 })
  const contacts = new Map<string, Contact>()
  function contactOf({ query }: Question<unknown>): Contact {
    const place = query?.dc ?? ''
    const known = contacts.get(place) ?? new Contact(clock)
    contacts.set(place, known)
    return known
  }

  /** Asks when it is bearable and there is a place. */
  async function inTurn<R>(
    turns: Turns,
    contact: Contact,
    signal: AbortSignal,
    ask: (turn: Turn) => Promise<R>,
  ): Promise<R> {
    while (true) {
      const isTrial = await contact.admit(signal)
      let turn: Turn | undefined
      try {
        turn = await turns.take(signal)
        if (isTrial || !contact.isLost) return await ask(turn)
      } finally {
        turn?.end()
        if (isTrial) contact.tried()
      }
    }
  }

  async function noting<T>(contact: Contact, question: Question<T>, signal: AbortSignal): Promise<Answer<T>> {
    try {
      const answer = await client.ask(question, signal)
      contact.answered()
      return answer
    } catch (error) {
      if (!signal.aborted && isOf('source', error)) contact.failed()
      throw error
    }
  }

  /** Undefined when there was nothing to say, or somebody else had to have the place. */
  function askInTurn<T>(question: Question<T>, left: number, signal: AbortSignal): Promise<Answer<T> | undefined> {
    const contact = contactOf(question)
    return inTurn(lines, contact, signal, async ({ length, cut }) => {
      const wait = Math.ceil(Math.min(left, length))
      const until = length < long ? signal : AbortSignal.any([signal, cut])
      const started = clock.now()
      try {
        const answer = await noting(contact, { ...question, wait }, until)
        // Whoever answers sooner does not block.
        const isIdle = answer.index === question.index && clock.now() - started >= wait / 2
        return isIdle && wait < left ? undefined : answer
      } catch (error) {
        if (signal.aborted || !cut.aborted) throw error
        return undefined
      }
    })
  }

  return {
    async ask(question, signal, sending = () => {}) {
      const { index, wait = 0 } = question
      const contact = contactOf(question)
      if (index === undefined) {
        return inTurn(reads, contact, signal, () => {
          sending()
          return noting(contact, question, signal)
        })
      }
      sending() // what comes later is told by the answer
      const end = clock.now() + wait
      while (true) {
        const left = Math.max(end - clock.now(), LEAST_MS)
        const answer = await askInTurn(question, left, signal)
        if (answer !== undefined) return answer
      }
    },
    join: () => lines.join(),
    rest: (question, ms, signal) => contactOf(question).rest(ms, signal),
  }
}
