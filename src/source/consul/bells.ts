import { isOf } from '../../errors.ts'
import type { Runtime } from '../../runtime.ts'
import { delayAfter } from '../backoff.ts'
import type { Answer, Question } from './answer.ts'
import { watch } from './blocking-query.ts'
import { Sleepers } from './sleepers.ts'
import type { SharedClient } from './taking-turns.ts'

/** What moves all the time has to be borne: rest between two rings, for each who listens and reads. */
const REST_MS = 2
const REST_FOR_NOTHING_MS = 20
const LEAST_REST_MS = 100
const LONGEST_REST_MS = 2_000
/** Contact that is lost sooner was none: the pauses go on growing. */
const HELD_MS = 10_000

/** A few questions that move, together, whenever one of many answers may be another. */
export interface Rope {
  readonly id: string
  readonly questions: readonly Question<unknown>[]
}

/** Where many queries are about one table, the table is watched, and they are read when it has moved. */
export interface Bell {
  /** One more who would listen, until what is returned is called. */
  enter(): () => void
  /** How often it has rung. What is read after a look at this is up to date until it rings again. */
  readonly rings: number
  /** Is anybody ringing it? Not when few would listen, nor when there is no answer about the table. */
  isRung(signal: AbortSignal): Promise<boolean>
  /** Resolves when it has rung more often than that, or after so many milliseconds. */
  after(rings: number, ms: number, signal: AbortSignal): Promise<void>
  /** It was rung for something. */
  heard(): void
}

/** `isCrowded`: is there no connection for everybody? */
export function createBells(client: SharedClient, isCrowded: () => boolean, runtime: Runtime): (rope: Rope) => Bell {
  const bells = new Map<string, Bell>()
  return rope => {
    const known = bells.get(rope.id)
    if (known !== undefined) return known
    const bell = createBell(rope, client, isCrowded, () => bells.delete(rope.id), runtime)
    bells.set(rope.id, bell)
    return bell
  }
}

/** `abandon` is called when nobody listens any more. */
function createBell(
  rope: Rope,
  client: SharedClient,
  isCrowded: () => boolean,
  abandon: () => void,
  runtime: Runtime,
): Bell {
  const sleepers = new Sleepers(runtime.clock)
  let listeners = 0
  let rings = 0
  let news = 0 // how often it was rung for something
  let isUp = false
  let ending: AbortController | undefined // of what rings it
  let bug: { readonly error: unknown } | undefined

  function ring(): void {
    rings += 1
    sleepers.wakeAll()
  }

  function begin(): void {
    if (ending !== undefined || !isCrowded() || listeners <= rope.questions.length) return
    ending = new AbortController()
    const signal = AbortSignal.any([runtime.signal, ending.signal])
    function turn(up: boolean): void {
      isUp = up
      ring() // whoever listens reads: it may have moved since, or nobody will say so any more
    }
    async function ringAndRest(): Promise<void> {
      const before = news
      const rest = (each: number) => Math.min(Math.max(LEAST_REST_MS, each * listeners), LONGEST_REST_MS)
      ring()
      const short = rest(REST_MS)
      await runtime.clock.sleep(short, signal)
      if (news === before) await runtime.clock.sleep(rest(REST_FOR_NOTHING_MS) - short, signal)
    }
    keepRinging(rope.questions, client, { turn, ring: ringAndRest }, { ...runtime, signal }).catch(error => {
      bug = { error }
      ring()
    })
  }

  return {
    enter() {
      listeners += 1
      begin()
      return () => {
        listeners -= 1
        if (listeners > 0) return
        ending?.abort()
        abandon()
      }
    },
    get rings() {
      return rings
    },
    async isRung(signal) {
      begin()
      // The first answer, or that there is none, comes soon.
      if (ending !== undefined && rings === 0) await sleepers.sleep(LONGEST_REST_MS, signal)
      if (bug !== undefined) throw bug.error
      return isUp
    },
    async after(before, ms, signal) {
      if (rings === before) await sleepers.sleep(ms, signal)
    },
    heard() {
      news += 1
    },
  }
}

interface Ringer {
  turn(up: boolean): void
  /** Resolves when it is bearable to ring again. */
  ring(): Promise<void>
}

/** Until the signal aborts, whatever fails. That it fails is not told: who listens asks by himself then, and tells. */
async function keepRinging(
  questions: readonly Question<unknown>[],
  client: SharedClient,
  ringer: Ringer,
  runtime: Runtime,
): Promise<void> {
  const { clock, signal } = runtime
  let failures = 0
  while (!signal.aborted) {
    const began = clock.now()
    try {
      await ringOnce(questions, client, ringer, runtime)
    } catch (error) {
      ringer.turn(false)
      if (signal.aborted) return
      if (!isOf('source', error)) throw error
      failures = clock.now() - began >= HELD_MS ? 1 : failures + 1
      const [question] = questions
      if (question === undefined) return
      await client.rest(question, delayAfter(failures, error, Math.random()), signal).catch(() => {}) // it is over
    }
  }
}

/** From one failure to the next. */
async function ringOnce(
  questions: readonly Question<unknown>[],
  client: SharedClient,
  ringer: Ringer,
  runtime: Runtime,
): Promise<void> {
  const ended = new AbortController()
  const scope: Runtime = { ...runtime, emit: () => {}, signal: AbortSignal.any([runtime.signal, ended.signal]) }
  const leaves = questions.map(() => client.join())
  try {
    const firsts = await Promise.all(questions.map(question => client.ask(question, scope.signal)))
    ringer.turn(true)
    await Promise.all(questions.map((question, at) => listen(question, firsts[at], client, ringer, scope)))
  } finally {
    ended.abort()
    for (const leave of leaves) leave()
  }
}

async function listen(
  question: Question<unknown>,
  first: Answer<unknown> | undefined,
  client: SharedClient,
  { ring }: Ringer,
  scope: Runtime,
): Promise<void> {
  if (first === undefined) return
  let last = first
  async function take(answer: Answer<unknown>): Promise<boolean> {
    const isMoved = answer.index !== last.index || answer.digest !== last.digest
    last = answer
    if (!isMoved) return false
    await ring()
    return true
  }
  let asked = 0
  const counting: SharedClient['ask'] = (...args) => {
    asked += 1
    return client.ask(...args)
  }
  const watcher = { client: { ask: counting, close: () => {} }, asked: () => asked, source: 'consul', isShared: true }
  await watch(watcher, question, first, take, scope)
}
