import { isOf } from '../../errors.ts'
import type { Kind, Answer as Known, Query } from '../../model/query.ts'
import type { Runtime } from '../../runtime.ts'
import { delayAfter } from '../backoff.ts'
import type { Listener, LookupSource } from '../lookup.ts'
import type { Answer } from './answer.ts'
import { createBells } from './bells.ts'
import { WAIT_MS, watch } from './blocking-query.ts'
import { connect, type Tally } from './client.ts'
import type { ConsulConfig } from './config.ts'
import { agentName, anythingOf, type Lookup, lookupOf, ropeOf } from './lookup-questions.ts'
import { createPatient, type Patient } from './patient.ts'
import { renewing } from './renewing.ts'
import { LINES, takingTurns } from './taking-turns.ts'

/** What cannot block is asked so often. */
const POLL_MS = 15_000
/** Contact that is lost sooner was none: the pauses go on growing. */
const HELD_MS = 10_000
/** An index that moves for others is followed at leisure. */
const FIRST_REST_MS = 100
const LAST_REST_MS = 2_000

const kinds: readonly Kind[] = [
  'service',
  'services',
  'nodes',
  'node',
  'key',
  'pairs',
  'datacenters',
  'peerings',
  'exportedServices',
  'importedServices',
  'partitions',
  'caRoots',
  'caLeaf',
]

type ConsulQuery = Exclude<Query, { kind: 'file' }>

/**
 * Everything but files, as one Consul answers it: each query is a blocking query of its own where Consul has such, over
 * a constant number of connections, whatever the number of queries. They are closed when the runtime's signal aborts.
 */
export function createConsulLookups(config: ConsulConfig, runtime: Runtime): LookupSource {
  const tally: Tally = { asked: 0 }
  const open = () => connect(config, tally)
  const connection = readsFiles(config) ? renewing(open) : open()
  runtime.signal.addEventListener('abort', connection.close, { once: true })
  const client = takingTurns(connection, WAIT_MS, runtime.clock)
  let followed = 0
  const bellOf = createBells(client, () => followed > LINES, runtime)
  return {
    kinds: new Set(kinds),
    async follow(query, listener, signal) {
      if (query.kind === 'file') return
      // Of an index that goes back the source tells already.
      const scope: Runtime = { clock: runtime.clock, emit: () => {}, signal }
      const rope = ropeOf(query)
      const patient = createPatient(client, rope && bellOf(rope), runtime.clock)
      followed += 1
      try {
        await follow(query, patient, listener, scope)
      } finally {
        followed -= 1
        patient.leave()
      }
    },
  }
}

/** A token, or certificates, that somebody may exchange. */
function readsFiles({ address, token_file, ssl }: ConsulConfig): boolean {
  return token_file !== undefined || ssl.enabled || address.startsWith('https:')
}

async function follow(query: ConsulQuery, client: Patient, listener: Listener, runtime: Runtime): Promise<void> {
  const { clock, signal } = runtime
  const lookup = lookupOf(query)
  const news = createNews(listener)
  let failures = 0
  while (!signal.aborted) {
    let madeAt: number | undefined
    function take(answer: Known): boolean {
      madeAt ??= clock.now()
      listener.well()
      return news(answer)
    }
    try {
      if (query.kind === 'datacenters') await pollDatacenters(query.ignoreFailing, client, take, runtime)
      else await keepAsking(await named(query, lookup, client, signal), client, take, runtime)
    } catch (error) {
      if (signal.aborted) return
      if (!isOf('source', error)) throw error
      failures = madeAt !== undefined && clock.now() - madeAt >= HELD_MS ? 1 : failures + 1
      const retryIn = delayAfter(failures, error, Math.random())
      listener.failed(error, retryIn)
      await client.rest(lookup.question, retryIn, signal).catch(endOf(signal))
    }
  }
}

/** Tells an answer that is other than the last. */
function createNews(listener: Listener): (answer: Known) => boolean {
  let known: Known | undefined
  return answer => {
    if (known !== undefined && isSame(known, answer)) return false
    known = answer
    listener.answered(answer)
    return true
  }
}

/** Rows that came before are the same objects; the rest is short. */
function isSame(one: Known, other: Known): boolean {
  if (!Array.isArray(one) || !Array.isArray(other)) return isSameText(one, other)
  return one.length === other.length && one.every((row, at) => row === other[at] || isSameText(row, other[at]))
}

function isSameText(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

/** `node` without a name is the agent's own. */
async function named(
  query: ConsulQuery,
  lookup: Lookup<unknown>,
  client: Patient,
  signal: AbortSignal,
): Promise<Lookup<unknown>> {
  if (query.kind !== 'node' || query.name !== '') return lookup
  const { body: name } = await client.ask(agentName, signal)
  return lookupOf({ ...query, name })
}

/** From one failure to the next. */
async function keepAsking(
  { question, answer }: Lookup<unknown>,
  client: Patient,
  take: (answer: Known) => boolean,
  runtime: Runtime,
): Promise<never> {
  const { clock, signal } = runtime
  const first = await client.ask(question, signal)
  take(answer(first.body))
  while (first.index === 0n && question.isIndexOptional) {
    await clock.sleep(POLL_MS, signal)
    take(answer((await client.ask(question, signal)).body))
  }

  let vain = 0
  let last = first
  async function takeNews(next: Answer<unknown>): Promise<boolean> {
    const isNews = next.digest !== last.digest && take(answer(next.body))
    const isMoved = next.index !== last.index
    last = next
    vain = isNews || !isMoved ? 0 : vain + 1
    if (vain > 0) await clock.sleep(Math.min(FIRST_REST_MS * 2 ** (vain - 1), LAST_REST_MS), signal)
    return isNews
  }
  const watcher = {
    client: { ...client, close: () => {} },
    asked: () => client.asked,
    source: 'consul',
    isShared: true,
  }
  return watch(watcher, question, first, takeNews, runtime)
}

async function pollDatacenters(
  ignoreFailing: boolean,
  client: Patient,
  take: (answer: Known) => boolean,
  { clock, signal }: Runtime,
): Promise<never> {
  const { question, answer } = lookupOf({ kind: 'datacenters', ignoreFailing })
  while (true) {
    const { body } = await client.ask(question, signal)
    const names = answer(body) as readonly string[]
    take(ignoreFailing ? await answering(names, client, signal) : names)
    await clock.sleep(POLL_MS, signal)
  }
}

/** The datacenters whose catalog answers; when none does it is ours that is not well. */
async function answering(names: readonly string[], client: Patient, signal: AbortSignal): Promise<string[]> {
  const outcomes = await Promise.allSettled(names.map(name => client.ask(anythingOf(name), signal)))
  const failed = outcomes.find(({ status }) => status === 'rejected')
  const found = names.filter((_, position) => outcomes[position]?.status === 'fulfilled')
  if (failed?.status === 'rejected' && (found.length === 0 || !isOf('source', failed.reason))) throw failed.reason
  return found
}

function endOf(signal: AbortSignal): (error: unknown) => void {
  return error => {
    if (!signal.aborted) throw error
  }
}
