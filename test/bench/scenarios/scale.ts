// More services than anybody has: does it start, does it take up a change, does it live through a storm of them?
import { answered, sleep } from '../answers.ts'
import { changeOne, startChurn } from '../churn.ts'
import { type Contestant, upstreamd } from '../contenders.ts'
import { type Floor, measureFloor } from '../floor.ts'
import { hostOf, openLab } from '../lab.ts'
import { calm, connectionsOf, cpuOf, reloadsIn, rssOf } from '../measures.ts'
import type { Plan } from '../options.ts'
import { mediansOf, type Phases } from '../phases.ts'
import { probe } from '../probes.ts'
import { say } from '../progress.ts'

export interface Scale {
  readonly services: number
  readonly instances: number
  readonly first: number // ms
  readonly change: number // ms
  readonly cpu: number // ms of processor time for it, of the program and what it starts
  readonly rate: number // changes a second that there really were
  readonly seconds: number
  readonly reloads: number // during the storm
  readonly after: number // ms from the last change of the storm to its answer
  readonly failures: readonly string[] // events that should not have been
  readonly phases: Phases // of the one change
  readonly floor: Floor
  readonly connections: number
  readonly rssAtStart: number // MiB
  readonly rss: number // MiB, after the storm
  readonly blocked: { readonly start: number; readonly change: number; readonly storm: number } // ms, the longest
}

const PATIENCE_MS = 180_000
const CHANGES_PER_SECOND = 100
const LOOK_MS = 1_000

export async function measureScale({ scale, instances }: Plan): Promise<Scale> {
  const { services, seconds, nodes } = scale
  say(`scale: ${services} services × ${instances} are loaded`)
  const lab = await openLab([upstreamd], { services, instances, nodes })
  const probed = probe(lab.folder, 'loop')
  try {
    const [side] = lab.sides
    if (side === undefined) throw new Error('the lab has nobody to measure')
    const marks = [Date.now()]
    const running = await upstreamd.start(side.consul, { environment: probed.environment })
    await answered(running.port, lab.known, 200, PATIENCE_MS)
    const first = performance.now() - running.startedAt
    await calm(running.pid, running.folder)
    const rssAtStart = rssOf(running.pid)
    let connections = connectionsOf(running.pid, side.consulPort)

    say(`scale: first answer after ${first.toFixed(0)} ms; one change`)
    marks.push(Date.now())
    const idle = cpuOf(running.pid)
    const began = performance.now()
    await side.writer.register(lab.newcomer('one', 1))
    await answered(running.port, hostOf('one'), 200, PATIENCE_MS)
    const change = performance.now() - began
    await calm(running.pid, running.folder)
    const busy = cpuOf(running.pid)
    const cpu = busy.own + busy.children - idle.own - idle.children
    const phases = mediansOf(running.events())
    say(`scale: answered after ${change.toFixed(0)} ms; ${CHANGES_PER_SECOND} changes a second for ${seconds} s`)
    marks.push(Date.now())
    const reloadsBefore = reloadsIn(running.nginxLog)
    const storm = startChurn(CHANGES_PER_SECOND, number => changeOne(side.writer, lab.bulk, number))
    const end = performance.now() + seconds * 1_000
    while (performance.now() < end) {
      await sleep(LOOK_MS)
      connections = Math.max(connections, connectionsOf(running.pid, side.consulPort))
    }
    const rate = await storm.stop()
    const reloads = reloadsIn(running.nginxLog) - reloadsBefore
    const last = performance.now()
    await side.writer.register(lab.newcomer('last', 2))
    await answered(running.port, hostOf('last'), 200, PATIENCE_MS)
    const after = performance.now() - last
    await calm(running.pid, running.folder)
    marks.push(Date.now())

    const [start = 0, changed = 0, stormed = 0, ended = 0] = marks
    const blocked = {
      start: probed.longestBlock(start, changed),
      change: probed.longestBlock(changed, stormed),
      storm: probed.longestBlock(stormed, ended),
    }
    const rss = rssOf(running.pid)
    const failures = failuresOf(running)
    await running.stop()
    const floor = await measureFloor(running)
    await running.clear()
    return {
      services,
      instances,
      first,
      change,
      cpu,
      rate,
      seconds,
      reloads,
      after,
      failures,
      phases,
      floor,
      connections,
      rssAtStart,
      rss,
      blocked,
    }
  } finally {
    await lab.close()
  }
}

const bad = [
  'source.lost',
  'generation.invalid',
  'generation.failed',
  'generation.rolled_back',
  'process.exited',
  'worker.died',
]

function failuresOf(running: Contestant): string[] {
  return running
    .events()
    .filter(({ type }) => bad.includes(type))
    .map(({ type, msg }) => `${type}: ${msg}`)
}
