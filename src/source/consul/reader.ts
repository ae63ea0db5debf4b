import type { Snapshot } from '../../model/catalog.ts'
import type { Runtime } from '../../runtime.ts'
import type { Interest } from '../source.ts'
import type { Answer } from './answer.ts'
import type { ConsulClient } from './client.ts'
import { checkIndex, isUnknown, nodes, ofListed, servicesOf, type TableQuestions } from './questions.ts'
import { createRounds, type Parts } from './rounds.ts'
import type { Tables } from './tables.ts'
import type { Checks, NodeServices, Nodes, ServiceNames } from './wire.ts'

/**
 * A catalog that changes faster than it is read is not read as fast as can be; and what is known is told
 * in between, or nothing would be for as long as it goes on changing.
 */
const ROUNDS = 3
const FLOOR_MS = 100

/** Keeps what is known of the catalog complete. Whether anything is other than before is returned. */
export interface Reader {
  /** Reads what these answers do not say. */
  begin(first: Answers): Promise<void>
  takeServices(answer: Answer<ServiceNames>): Promise<boolean>
  takeChecks(answer: Answer<Checks>): Promise<boolean>
  takeNodes(answer: Answer<Nodes>): Promise<boolean>
  /** Reads what is dirty still. */
  retry(): Promise<boolean>
  /** What was known when all of it fitted. */
  snapshot(): Snapshot
}

/** The last answer about each table. */
export interface Answers {
  readonly services: Answer<ServiceNames>
  readonly checks: Answer<Checks>
  readonly nodes: Answer<Nodes>
}

/** `again` is called when it is time to `retry`: for nodes that could not be read, or have changed since. */
export function createReader(
  client: ConsulClient,
  tables: Tables,
  questions: TableQuestions,
  { source, interest }: { readonly source: string; readonly interest: Interest },
  again: () => void,
  runtime: Runtime,
): Reader {
  const { clock, signal } = runtime
  const rounds = createRounds(client, nodesOf(tables, client, signal, interest.inFull), source, again, runtime)
  let last: Answers | undefined
  let snapshot: Snapshot = { source, index: '0', services: [] }
  let turn: Promise<unknown> = Promise.resolve()
  let goesOn = false // what is dirty still is read soon, in a turn of its own

  /** One answer after the other: each is followed by questions of its own, and only then do the tables fit. */
  function inTurn(task: () => Promise<boolean>, wake = 0): Promise<boolean> {
    const mine = turn.then(async () => {
      const began = clock.now()
      const isNews = await task()
      const index = String(maximum(Object.values(last ?? {}).map(({ index }) => index)))
      if (!isNews) return false
      const services = tables.services(source, interest)
      snapshot = { source, index, services, took: { wake, fetch: clock.now() - began } }
      return true
    })
    turn = mine.catch(() => {}) // whoever asked for it hears of it
    return mine
  }

  /**
   * An instance must never be seen before its checks, so the two have to belong together: when the check table
   * moved on since the services were read, it is read, too. Its blocking query cannot be waited for instead:
   * a deregistration moves the table's index without waking it (measured, 1.8.7).
   */
  async function settle(): Promise<boolean> {
    let round = 0
    while (await rounds.read()) {
      round += 1
      const before = last?.checks.index ?? 0n
      const { index } = await client.ask(checkIndex, signal)
      if (index <= before) {
        tables.believe()
        break
      }
      setChecks(await client.ask(questions.checks, signal))
      tables.doubt(before)
      // With checks that are newer than what was read of the nodes, all of it may be told.
      if (round < ROUNDS) continue
      goOn()
      break
    }
    // Rights that were taken away show node by node, before the table says so: then this throws.
    if (round > 0 && tables.isEmpty()) await client.ask(questions.services, signal)
    return round > 0
  }

  function goOn(): void {
    if (goesOn || tables.dirty.size === 0) return
    goesOn = true
    function end(): void {
      goesOn = false
      again()
    }
    clock.sleep(FLOOR_MS, signal).then(end, () => {}) // owned by the signal, which ends it
  }

  function setChecks(checks: Answer<Checks>): boolean {
    const isOther = checks.digest !== last?.checks.digest
    if (isOther) tables.setChecks(checks.body)
    if (last !== undefined) last = { ...last, checks }
    return isOther
  }

  return {
    async begin(first) {
      const { checks, nodes } = first
      last = first
      await inTurn(async () => {
        tables.setChecks(checks.body)
        tables.setNodes(nodes.body)
        tables.touchAll()
        await settle()
        tables.wasComplete = true
        return true
      })
    },
    takeServices: services =>
      inTurn(async () => {
        if (last !== undefined) last = { ...last, services }
        tables.touchAll() // it does not say for which node it moved
        return await settle()
      }, services.took),
    takeChecks: checks =>
      inTurn(async () => {
        // What was read meanwhile is newer, or the index was reset: either way it is read anew, and nothing goes back.
        const isOlder = checks.index < (last?.checks.index ?? 0n) && checks.digest !== last?.checks.digest
        const isOther = setChecks(isOlder ? await client.ask(questions.checks, signal) : checks)
        return (await settle()) || isOther
      }, checks.took),
    takeNodes: nodes =>
      inTurn(async () => {
        const isOther = nodes.digest !== last?.nodes.digest
        if (last !== undefined) last = { ...last, nodes }
        tables.setNodes(nodes.body) // one may have left and come back meanwhile
        return (await settle()) || isOther
      }, nodes.took),
    retry: () => inTurn(settle),
    snapshot: () => snapshot,
  }
}

/** The services of each node, as parts to be read. */
export function nodesOf(
  tables: Tables,
  client: ConsulClient,
  signal: AbortSignal,
  inFull = false,
): Parts<NodeServices> {
  let list: Promise<ReadonlySet<string>> | undefined // being read, for all at once who want to know
  function listed(): Promise<ReadonlySet<string>> {
    list ??= client
      .ask(nodes, signal)
      .then(({ body }) => new Set(body.map(({ Node }) => Node)))
      .finally(() => {
        list = undefined
      })
    return list
  }

  const question = (node: string) => servicesOf(node, tables.remembered(node), inFull)

  return {
    what: 'node',
    dirty: tables.dirty,
    get wasComplete() {
      return tables.wasComplete
    },
    has: node => tables.hasNode(node),
    knows: node => tables.knows(node),
    question,
    async doubt(node, { body }) {
      if (!isUnknown(body)) return undefined
      // The tables do not all tell of a node that leaves at the same time: it is no trouble when this one is the first.
      if ((await listed()).has(node)) return { askAgain: ofListed(question(node)) }
      tables.leave(node)
      return 'gone'
    },
    take: (node, { body, digest }) => tables.setServices(node, body?.Services ?? [], digest),
  }
}

export function maximum(indexes: readonly bigint[]): bigint {
  return indexes.reduce((a, b) => (a > b ? a : b), 0n)
}
