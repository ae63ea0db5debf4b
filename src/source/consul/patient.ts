import type { Clock } from '../../runtime.ts'
import type { Answer, Question } from './answer.ts'
import type { Bell } from './bells.ts'
import type { SharedClient } from './taking-turns.ts'

/** The client of one query. */
export interface Patient extends Pick<SharedClient, 'ask' | 'rest'> {
  readonly asked: number // questions so far
  /** Nobody wants to know any more. */
  leave(): void
}

/**
 * A question that blocks does so on a line, in turns when there are many; or it listens to a bell that is rung for all
 * who ask about the same, and is asked without blocking when that has rung.
 */
export function createPatient(client: SharedClient, bell: Bell | undefined, clock: Clock): Patient {
  const silence = bell?.enter()
  let leaveLine: (() => void) | undefined = client.join()
  let asked = 0
  let seen = 0 // rings before what was read last

  function read<T>(question: Question<T>, signal: AbortSignal): Promise<Answer<T>> {
    asked += 1
    return client.ask(question, signal, () => {
      seen = bell?.rings ?? 0
    })
  }

  async function listen<T>(question: Question<T>, to: Bell, signal: AbortSignal): Promise<Answer<T>> {
    const { index, wait = 0, ...plain } = question
    const end = clock.now() + wait
    while (true) {
      await to.after(seen, end - clock.now(), signal)
      // Another server may not know yet what the bell was rung for.
      const answer = await read({ ...plain, isFresh: true }, signal)
      // A bell may be about much else; and at the end of its time a query that blocks is answered, too.
      if (answer.index !== index) to.heard()
      if (answer.index !== index || clock.now() >= end) return answer
    }
  }

  return {
    get asked() {
      return asked
    },
    async ask(question, signal) {
      if (question.index === undefined) return read(question, signal)
      if (bell !== undefined && (await bell.isRung(signal))) {
        leaveLine?.()
        leaveLine = undefined
        return listen(question, bell, signal)
      }
      leaveLine ??= client.join()
      return read(question, signal)
    },
    rest: client.rest,
    leave() {
      leaveLine?.()
      leaveLine = undefined
      silence?.()
    },
  }
}
