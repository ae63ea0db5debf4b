import { keepLast } from '../../keep-last.ts'
import type { Snapshot } from '../../model/catalog.ts'
import { defineModule } from '../../registry.ts'
import type { Runtime } from '../../runtime.ts'
import type { Interest, Source } from '../source.ts'
import { Wakeup } from '../wakeup.ts'
import type { Answer, Question } from './answer.ts'
import { watch } from './blocking-query.ts'
import { type ConsulClient, connect } from './client.ts'
import { ConsulConfig } from './config.ts'
import { isCheaper, Picked, wantedOf } from './picked.ts'
import { createPickedReader } from './picked-reader.ts'
import { checkIndex, nodeIndex, tableQuestions } from './questions.ts'
import { createReader } from './reader.ts'
import { Tables } from './tables.ts'
import type { ServiceNames } from './wire.ts'

const NAME = 'consul'
/** Between the first blocking queries of an attempt: when one is answered wrongly the others need not be asked. */
const STAGGER_MS = 100
/** How long a blocking query blocks that is asked only to see whether it is answered. */
const TRIAL_MS = 500

export const consul = defineModule<Source>()({
  config: ConsulConfig,
  create(config, runtime) {
    const past: Past = { asked: 0 }
    return {
      name: NAME,
      description: `consul at ${config.address.replace(/\/\/[^@/]*@/, '//')}`,
      asked: () => past.asked,
      snapshots: (interest, signal) => snapshots(config, past, interest, { ...runtime, signal }),
    }
  },
})

/** What an attempt leaves to the next one. */
interface Past {
  asked: number // questions, over all attempts
  failed?: Question<unknown> | undefined // the one that ended the attempt
  tables?: Tables // the last complete ones
  picked?: Picked
}

/** Reading is begun anew when another way of it has become so much cheaper. */
const MARGIN = 2

async function* snapshots(
  config: ConsulConfig,
  past: Past,
  interest: Interest,
  runtime: Runtime,
): AsyncGenerator<Snapshot> {
  while (!runtime.signal.aborted) yield* inOneWay(config, past, interest, runtime)
}

/**
 * Three blocking queries say that something changed (facts: services, checks and nodes together see every
 * change); the services of the nodes concerned are then fetched, or those few that are wanted, and a snapshot is yielded
 * when all of it fits. Ends without an error when the other way has become the cheaper one.
 */
async function* inOneWay(
  config: ConsulConfig,
  past: Past,
  interest: Interest,
  runtime: Runtime,
): AsyncGenerator<Snapshot> {
  const blame = new WeakMap<object, Question<unknown>>()
  const client = blaming(connect(config, past), blame)
  const ended = new AbortController()
  const scope: Runtime = { ...runtime, signal: AbortSignal.any([runtime.signal, ended.signal]) }
  const wakeup = new Wakeup()
  const watching: Promise<unknown>[] = []
  let isOver = false

  async function tell(news: Promise<boolean>): Promise<void> {
    try {
      if (await news) wakeup.ring()
    } catch (error) {
      wakeup.fail(error)
    }
  }

  try {
    // Whoever was wrong is asked the same again, and alone: only when that is answered is it worth asking for more.
    if (past.failed !== undefined) await client.ask(onTrial(past.failed), scope.signal)
    const questions = tableQuestions(interest)
    const [services, checks, nodes] = await Promise.all([
      client.ask(questions.services, scope.signal),
      client.ask(questions.checks, scope.signal),
      client.ask(questions.nodes, scope.signal),
    ])
    const tables = new Tables(past.tables, interest.inFull)
    const wanted = keepLast((names: ServiceNames) => wantedOf(names, interest))
    const picked = new Picked(NAME, past.picked, interest)
    const isShared = isCheaper(services.body, wanted(services.body).size, nodes.body.length, 1)
    const from = { source: NAME, interest, wantedOf: wanted }
    const again = () => void tell(reader.retry())
    const reader = isShared
      ? createPickedReader(client, picked, from, again, scope)
      : createReader(client, tables, questions, from, again, scope)
    await reader.begin({ services, checks, nodes })
    past.failed = undefined
    if (isShared) past.picked = picked
    else past.tables = tables

    const watcher = { client, asked: () => past.asked, source: NAME, isShared }
    async function keepWatch<T>(
      question: Question<T>,
      known: Answer<T>,
      take: (answer: Answer<T>) => Promise<boolean>,
    ) {
      let before = reader.snapshot()
      await scope.clock.sleep(watching.length * STAGGER_MS, scope.signal)
      async function takeNews(answer: Answer<T>): Promise<boolean> {
        await tell(take(answer))
        // What it tells of may have been read already, because another table told of it first: it came for something.
        const isNews = reader.snapshot() !== before
        before = reader.snapshot()
        return isNews
      }
      await watch(watcher, question, known, takeNews, scope)
    }
    async function takeServices(answer: Answer<ServiceNames>): Promise<boolean> {
      const { size } = wanted(answer.body)
      const isOther = isShared
        ? !isCheaper(answer.body, size, nodes.body.length, 1 / MARGIN)
        : isCheaper(answer.body, size, nodes.body.length, MARGIN)
      if (isOther) {
        isOver = true
        wakeup.ring()
      }
      return isOther || reader.takeServices(answer)
    }
    watching.push(keepWatch(questions.services, services, takeServices))
    watching.push(keepWatch(isShared ? checkIndex : questions.checks, checks, reader.takeChecks))
    watching.push(keepWatch(isShared ? nodeIndex : questions.nodes, nodes, reader.takeNodes))
    for (const watched of watching) watched.catch(error => wakeup.fail(error))
    while (!isOver) {
      yield reader.snapshot()
      await wakeup.rung()
    }
  } catch (error) {
    if (runtime.signal.aborted) return
    past.failed = blame.get(error as object)
    throw error
  } finally {
    ended.abort()
    client.close()
    await Promise.allSettled(watching)
  }
}

/** Remembers which question an error is the answer to. */
function blaming(client: ConsulClient, blame: WeakMap<object, Question<unknown>>): ConsulClient {
  return {
    ...client,
    async ask(question, signal) {
      try {
        return await client.ask(question, signal)
      } catch (error) {
        blame.set(error as object, question as Question<unknown>)
        throw error
      }
    },
  }
}

/** Without a long time for news; and a node may have left meanwhile, which is for the list of nodes to say. */
function onTrial({ refuse, wait, ...question }: Question<unknown>): Question<unknown> {
  return {
    ...question,
    ...(wait !== undefined && { wait: TRIAL_MS }),
    ...(refuse !== undefined && question.params === undefined && { refuse }),
  }
}
