// A Consul that others use, too: their changes are not ours, and must cost next to nothing.
import { answered, sleep } from '../answers.ts'
import type { Bulk } from '../catalog.ts'
import { changeOne, startChurn } from '../churn.ts'
import { upstreamd } from '../contenders.ts'
import { hostOf, openLab } from '../lab.ts'
import { calm, cpuOf, reloadsIn } from '../measures.ts'
import type { Plan } from '../options.ts'
import { say } from '../progress.ts'

export interface Foreign {
  readonly nodes: number
  readonly services: number
  readonly rate: number // foreign changes a second that there really were
  readonly share: number // of a core, of the program and what it starts
  readonly reloads: number // while only others changed
  readonly change: number[] // ms, of ours meanwhile
}

const OURS = 20
const CHANGES_PER_SECOND = 50
const PACE_MS = 2_200

export async function measureForeign({ foreign, instances, isQuick }: Plan): Promise<Foreign> {
  const { nodes, services, seconds } = foreign
  say(`foreign: ${services} services of others on ${nodes} nodes, ${OURS} of ours`)
  const lab = await openLab([upstreamd], { services: OURS, instances, nodes })
  try {
    const [side] = lab.sides
    if (side === undefined) throw new Error('the lab has nobody to measure')
    const others: Bulk = { prefix: 'foreign', tag: 'foreign', services, instances: 1, nodes }
    await side.writer.load(others)
    const running = await upstreamd.start(side.consul)
    await answered(running.port, lab.known, 200)
    await calm(running.pid, running.folder)

    say(`foreign: ${CHANGES_PER_SECOND} changes a second of others for ${seconds} s`)
    const churn = startChurn(CHANGES_PER_SECOND, number => changeOne(side.writer, others, number))
    const before = { ...cpuOf(running.pid), reloads: reloadsIn(running.nginxLog), at: performance.now() }
    await sleep(seconds * 1_000)
    const { own, children } = cpuOf(running.pid)
    const share = (own + children - before.own - before.children) / (performance.now() - before.at)
    const reloads = reloadsIn(running.nginxLog) - before.reloads

    say('foreign: changes of ours between those of others')
    const change: number[] = []
    for (let number = 0; number < (isQuick ? 3 : 8); number += 1) {
      const began = performance.now()
      await side.writer.register(lab.newcomer(`ours-${number}`, number * 7))
      await answered(running.port, hostOf(`ours-${number}`), 200)
      change.push(performance.now() - began)
      await sleep(began + PACE_MS - performance.now())
    }
    const rate = await churn.stop()
    await running.clear()
    return { nodes, services, rate, share, reloads, change }
  } finally {
    await lab.close()
  }
}
