// Nothing changes: what does it cost to wait?
import { answered, sleep } from '../answers.ts'
import type { Contestant } from '../contenders.ts'
import { openLab } from '../lab.ts'
import { calm, cpuOf } from '../measures.ts'
import type { Plan } from '../options.ts'
import { probe } from '../probes.ts'
import { say } from '../progress.ts'

export interface Idle {
  readonly services: number
  readonly seconds: number
  readonly share: number // of a core
  readonly peerShare: number | undefined
  readonly requests: ReadonlyMap<string, number> // by path
}

const PATIENCE_MS = 180_000
/** What was put off at the start is done by then. */
const SETTLE_MS = 5_000

export async function measureIdle({ idle: { services, seconds }, contenders, instances, nodes }: Plan): Promise<Idle> {
  say(`idle: ${services} services are loaded`)
  const lab = await openLab(contenders, { services, instances, nodes })
  const probed = probe(lab.folder, 'requests')
  try {
    const running: Contestant[] = []
    for (const { contender, consul } of lab.sides) {
      const contestant = await contender.start(consul, { environment: probed.environment })
      await answered(contestant.port, lab.known, 200, PATIENCE_MS)
      await calm(contestant.pid, contestant.folder)
      running.push(contestant)
    }
    await sleep(SETTLE_MS)
    say(`idle: nothing changes for ${seconds} s`)
    const from = Date.now()
    const before = running.map(busy)
    await sleep(seconds * 1_000)
    const shares = running.map((contestant, index) => (busy(contestant) - (before[index] ?? 0)) / (Date.now() - from))
    for (const contestant of running) await contestant.clear()
    const [share = Number.NaN, peerShare] = shares
    const all = probed.requests(0, Date.now())
    if (all.size === 0) throw new Error('no request was seen at all, not even at the start')
    return { services, seconds, share, peerShare, requests: probed.requests(from, from + seconds * 1_000) }
  } finally {
    await lab.close()
  }
}

function busy({ pid }: Contestant): number {
  const { own, children } = cpuOf(pid)
  return own + children
}

/** Of the query that was asked most often. */
export function requestsPerSecond({ requests, seconds }: Idle): number {
  return Math.max(0, ...requests.values()) / seconds
}
