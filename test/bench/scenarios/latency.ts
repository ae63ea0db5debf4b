// First answer, change → answer, processor time, memory, connections and reloads, both contenders in turns: while one
// is measured the other idles, so that whatever else the machine does meets both.
import { answered, sleep } from '../answers.ts'
import { type Cost, type Kind, kinds, makeChange, noCost } from '../changes.ts'
import type { Contestant } from '../contenders.ts'
import { type Floor, measureFloor } from '../floor.ts'
import { type Lab, openLab, type Side } from '../lab.ts'
import { calm, connectionsOf, rssOf } from '../measures.ts'
import { mean, median, show } from '../numbers.ts'
import type { Plan } from '../options.ts'
import { mediansOf, type Phases } from '../phases.ts'
import { say } from '../progress.ts'

export interface Latency {
  readonly services: number
  readonly contender: string
  readonly isOurs: boolean
  readonly first: number[] // ms from the start of the program to an answer through nginx
  readonly costs: Readonly<Record<Kind, Cost>>
  readonly rssAtStart: number[] // MiB
  readonly rss: number[] // MiB, after the changes
  readonly connections: number[]
  phases?: Phases
  floor?: Floor
}

/** Between two changes for the same contender: nginx may be reloaded every two seconds with our default flags. */
const PACE_MS = 2_200
/** So few services are there for the connections alone. */
const FEW = 10

interface Seat {
  readonly lab: Lab
  readonly side: Side
  readonly running: Contestant
  readonly result: Latency
  readyAt: number
}

export async function measureLatency(services: number, plan: Plan): Promise<Latency[]> {
  say(`${services} services: a Consul for each is filled`)
  const lab = await openLab(plan.contenders, { services, instances: plan.instances, nodes: plan.nodes })
  const results = lab.sides.map(({ contender }) => emptyResult(services, contender.name, contender.isOurs))
  const [rounds, changes] = services <= FEW ? [1, 2] : [plan.rounds, plan.changes]
  try {
    for (let round = 0; round < rounds; round += 1) {
      const places = lab.sides.flatMap((side, index) => ({ side, result: results[index] as Latency }))
      if (round % 2 === 1) places.reverse()
      const seats: Seat[] = []
      for (const { side, result } of places) seats.push(await start(lab, side, result))
      const firsts = seats.map(({ result }) => `${result.contender} ${show(result.first.at(-1), 'ms')}`)
      say(`${services} services, round ${round + 1} of ${rounds}: first answer ${firsts.join(', ')}; now changes`)
      await makeChanges(seats, round, changes)
      for (const seat of seats) await finish(seat, round === rounds - 1)
    }
  } finally {
    await lab.close()
  }
  const medians = results.map(one => `${one.contender} ${show(median(changesOf(one)), 'ms')}`)
  say(`${services} services: change → answer ${medians.join(', ')}`)
  return results
}

async function start(lab: Lab, side: Side, result: Latency): Promise<Seat> {
  const running = await side.contender.start(side.consul)
  await answered(running.port, lab.known, 200)
  result.first.push(performance.now() - running.startedAt)
  result.connections.push(connectionsOf(running.pid, side.consulPort))
  await calm(running.pid, running.folder)
  result.rssAtStart.push(rssOf(running.pid))
  return { lab, side, running, result, readyAt: performance.now() }
}

/** For each of those of one write a third as many of the other kinds. */
async function makeChanges(seats: readonly Seat[], round: number, changes: number): Promise<void> {
  for (const kind of kinds) {
    const times = kind === 'one write' ? changes : Math.ceil(changes / 3)
    for (let time = 0; time < times; time += 1) {
      for (const seat of seats) {
        await sleep(seat.readyAt - performance.now())
        seat.readyAt = performance.now() + PACE_MS
        await makeChange(seat, kind, round * changes + time, seat.result.costs[kind])
        seat.result.connections.push(connectionsOf(seat.running.pid, seat.side.consulPort))
      }
    }
  }
}

async function finish({ running, result }: Seat, isLast: boolean): Promise<void> {
  try {
    result.rss.push(rssOf(running.pid))
    if (result.isOurs) result.phases = mediansOf(running.events())
    await running.stop()
    if (result.isOurs && isLast) result.floor = await measureFloor(running)
  } finally {
    await running.clear()
  }
}

/** ms from one write to an answer. */
export function changesOf({ costs }: Latency): readonly number[] {
  return costs['one write'].change
}

/** Of the program and what it starts, for a change. */
export function cpuOfChange({ costs }: Latency, kind: Kind): number {
  const { own, children } = costs[kind]
  return mean(own) + mean(children)
}

function emptyResult(services: number, contender: string, isOurs: boolean): Latency {
  return {
    services,
    contender,
    isOurs,
    first: [],
    costs: { 'one write': noCost(), 'check and meta': noCost(), 'three instances': noCost() },
    rssAtStart: [],
    rss: [],
    connections: [],
  }
}
