import { answered, sleep } from './answers.ts'
import type { Instance, Writer } from './catalog.ts'
import type { Contestant } from './contenders.ts'
import { hostOf, type Lab, type Side } from './lab.ts'
import { calm, cpuOf, nginxCpuOf, reloadsIn } from './measures.ts'

/** What becomes of a new service, until it is all there; in one write or in several. */
export const kinds = ['one write', 'check and meta', 'three instances'] as const
export type Kind = (typeof kinds)[number]

/** Of changes of one kind, for one contender. */
export interface Cost {
  readonly change: number[] // ms from the first write to the first answer through nginx
  readonly own: number[] // ms of processor time, of the program itself
  readonly children: number[] // … of what it starts
  readonly nginx: number[] // … of the running nginx
  readonly reloads: number[]
}

export function noCost(): Cost {
  return { change: [], own: [], children: [], nginx: [], reloads: [] }
}

/** Between the writes of one change. */
const BETWEEN_WRITES_MS = 12

/** Makes a change, and waits until both the program and its nginx are done with it. */
export async function makeChange(
  { side, running, lab }: { readonly side: Side; readonly running: Contestant; readonly lab: Lab },
  kind: Kind,
  number: number,
  cost: Cost,
): Promise<void> {
  const name = `${kind.replaceAll(' ', '-')}-${number}`
  const before = look(running)
  const began = performance.now()
  await write[kind](side.writer, lab.newcomer(name, number))
  await answered(running.port, hostOf(name), 200)
  cost.change.push(performance.now() - began)
  await calm(running.pid, running.folder)
  const after = look(running)
  cost.own.push(after.own - before.own)
  cost.children.push(after.children - before.children)
  cost.nginx.push(after.nginx - before.nginx)
  cost.reloads.push(after.reloads - before.reloads)
}

const write: Readonly<Record<Kind, (writer: Writer, instance: Instance) => Promise<void>>> = {
  'one write': (writer, instance) => writer.register(instance),
  /** As an agent registers: an instance whose check has not run yet, the check passes, meta is added. */
  async 'check and meta'(writer, instance) {
    await writer.register({ ...instance, status: 'critical' })
    await sleep(BETWEEN_WRITES_MS)
    await writer.setCheck({ ...instance, status: 'passing' })
    await sleep(BETWEEN_WRITES_MS)
    await writer.register({ ...instance, meta: { version: '1.0.1' } })
  },
  /** As a service of three containers starts. */
  async 'three instances'(writer, instance) {
    for (const number of [1, 2, 3]) {
      if (number > 1) await sleep(BETWEEN_WRITES_MS)
      await writer.register({ ...instance, node: `node-${number}`, id: `${instance.id}-${number}` })
    }
  },
}

function look({ pid, folder, nginxLog }: Contestant) {
  return { ...cpuOf(pid), nginx: nginxCpuOf(folder), reloads: reloadsIn(nginxLog) }
}
