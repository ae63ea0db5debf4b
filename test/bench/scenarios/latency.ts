// First answer, change → answer, processor time, memory, connections and reloads, both contenders in turns: while one
// is measured the other idles, so that whatever else the machine does meets both.
import { answered, sleep } from '../answers.ts'
import type { Contestant } from '../contenders.ts'
import { type Floor, measureFloor } from '../floor.ts'
import { hostOf, type Lab, openLab, type Side } from '../lab.ts'
import { calm, connectionsOf, cpuOf, nginxCpuOf, reloadsIn, rssOf } from '../measures.ts'
import { mean, median } from '../numbers.ts'
import type { Plan } from '../options.ts'
import { mediansOf, type Phases } from '../phases.ts'
import { say } from '../progress.ts'

export interface Latency {
  readonly services: number
  readonly contender: string
  readonly isOurs: boolean
  readonly first: number[] // ms from the start of the program to an answer through nginx
  readonly change: number[] // ms from one write to an answer through nginx
  readonly own: number[] // ms of processor time for a change, of the program itself
  readonly children: number[] // … of what it starts
  readonly nginx: number[] // … of the running nginx
  readonly rssAtStart: number[] // MiB
  readonly rss: number[] // MiB, after the changes
  readonly connections: number[]
  readonly reloads: number[] // for a change of one write
  readonly reloadsOfSeveral: number[] // for a change of three writes
  phases?: Phases
  floor?: Floor
}

/** Between two changes for the same contender: nginx may be reloaded every two seconds with our default flags. */
const PACE_MS = 2_200
/** Between the writes of one change: an instance, its check, its meta. */
const BETWEEN_WRITES_MS = 12

interface Seat {
  readonly side: Side
  readonly running: Contestant
  readonly result: Latency
  readyAt: number
}

export async function measureLatency(services: number, { contenders, instances, nodes, changes, rounds }: Plan) {
  say(`${services} services: two Consuls are filled`)
  const lab = await openLab(contenders, { services, instances, nodes })
  const results = lab.sides.map(({ contender }) => emptyResult(services, contender.name, contender.isOurs))
  try {
    for (let round = 0; round < rounds; round += 1) {
      const order = round % 2 === 0 ? [0, 1] : [1, 0]
      const seats: Seat[] = []
      for (const index of order) {
        const [side, result] = [lab.sides[index], results[index]]
        if (side !== undefined && result !== undefined) seats.push(await start(lab, side, result))
      }
      const first = seats.map(({ result }) => `${result.contender} ${result.first.at(-1)?.toFixed(0)} ms`)
      say(`${services} services, round ${round + 1} of ${rounds}: first answer ${first.join(', ')}; now changes`)
      for (let change = 0; change < changes; change += 1) {
        for (const seat of seats) await makeChange(lab, seat, `probe-${round}-${change}`, change)
      }
      for (let change = 0; change < Math.ceil(changes / 3); change += 1) {
        for (const seat of seats) await makeChangeOfSeveral(lab, seat, `probe-${round}-several-${change}`, change)
      }
      for (const seat of seats) await finish(seat, round === rounds - 1)
    }
  } finally {
    await lab.close()
  }
  for (const { contender, change } of results)
    say(`${services} services: ${contender} answers ${median(change).toFixed(0)} ms after a change`)
  return results
}

async function start(lab: Lab, side: Side, result: Latency): Promise<Seat> {
  const running = await side.contender.start(side.consul)
  await answered(running.port, lab.known, 200)
  result.first.push(performance.now() - running.startedAt)
  result.connections.push(connectionsOf(running.pid, side.consulPort))
  await calm(running.pid, running.folder)
  result.rssAtStart.push(rssOf(running.pid))
  return { side, running, result, readyAt: performance.now() }
}

async function makeChange(lab: Lab, seat: Seat, name: string, number: number): Promise<void> {
  const { side, running, result } = seat
  await sleep(seat.readyAt - performance.now())
  const before = look(running)
  const began = performance.now()
  await side.writer.register(lab.newcomer(name, number))
  await answered(running.port, hostOf(name), 200)
  result.change.push(performance.now() - began)
  seat.readyAt = began + PACE_MS
  await calm(running.pid, running.folder)
  const after = look(running)
  result.connections.push(connectionsOf(running.pid, side.consulPort))
  result.own.push(after.own - before.own)
  result.children.push(after.children - before.children)
  result.nginx.push(after.nginx - before.nginx)
  result.reloads.push(after.reloads - before.reloads)
}

/** As an agent registers: the instance with a check that has not run, the check that passes, what it learned. */
async function makeChangeOfSeveral(lab: Lab, seat: Seat, name: string, number: number): Promise<void> {
  const { side, running, result } = seat
  const instance = lab.newcomer(name, number)
  await sleep(seat.readyAt - performance.now())
  const before = reloadsIn(running.nginxLog)
  seat.readyAt = performance.now() + PACE_MS
  await side.writer.register({ ...instance, status: 'critical' })
  await sleep(BETWEEN_WRITES_MS)
  await side.writer.setCheck({ ...instance, status: 'passing' })
  await sleep(BETWEEN_WRITES_MS)
  await side.writer.register({ ...instance, meta: { version: '1.0.1' } })
  await answered(running.port, hostOf(name), 200)
  await calm(running.pid, running.folder)
  result.reloadsOfSeveral.push(reloadsIn(running.nginxLog) - before)
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

function look({ pid, folder, nginxLog }: Contestant) {
  return { ...cpuOf(pid), nginx: nginxCpuOf(folder), reloads: reloadsIn(nginxLog) }
}

/** Of the program and what it starts, for a change. */
export function cpuPerChange({ own, children }: Latency): number {
  return mean(own) + mean(children)
}

function emptyResult(services: number, contender: string, isOurs: boolean): Latency {
  return {
    services,
    contender,
    isOurs,
    first: [],
    change: [],
    own: [],
    children: [],
    nginx: [],
    rssAtStart: [],
    rss: [],
    connections: [],
    reloads: [],
    reloadsOfSeveral: [],
  }
}
