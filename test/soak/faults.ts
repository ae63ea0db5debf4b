import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { type Registration, TTL } from '../support/consul.ts'
import { fill } from '../support/mounts.ts'
import { until } from '../support/wait.ts'
import type { Random } from './random.ts'
import { sicknesses } from './sick-proxy.ts'
import { stable, type World } from './world.ts'

/** Something that goes wrong for a while; when it is done, the cause is gone. */
export interface Fault {
  readonly name: string
  /** Requests may be lost: nginx, or a part of it, is killed on purpose. */
  readonly costs?: true
  /** Only early on: afterwards one life of upstreamd is to be long enough for something to grow. */
  readonly isEarly?: true
  inflict(world: World, random: Random): Promise<void>
}

/** Faults of one lane come one after the other; lanes run beside each other. */
export interface Lane {
  readonly pause: readonly [least: number, most: number] // ms before the next
  readonly faults: readonly [Fault, ...Fault[]]
}

const tag = { Tags: ['calico'] }
/** Nobody listens there: whoever is sent there sees nothing, as nobody asks for these services. */
const NOWHERE = 9

const poison: readonly [Registration, ...Registration[]] = [
  { Name: 'bad name;}', Port: NOWHERE, ...tag },
  { Name: 'no-port', ...tag },
  { Name: 'too-high', Port: 65_536, ...tag },
  { Name: 'breakout', Address: '10.1.1.2:80; } server { listen 81;', Port: NOWHERE, ...tag },
  { Name: 'Alpha', Port: NOWHERE, ...tag },
  { Name: 'link-local', Address: '169.254.169.254', Port: 80, ...tag },
  { Name: 'nobody-knows-it', Address: 'no.such.host.invalid', Port: NOWHERE, ...tag },
  { Name: 'x'.repeat(250), Port: NOWHERE, ...tag },
  { Name: 'ünïcode', Port: NOWHERE, ...tag },
  { Name: 'claims', Port: NOWHERE, Meta: { server_name: 'alpha.test' }, ...tag },
  { Name: 'tagged', Port: NOWHERE, Tags: ['calico', 'x'.repeat(5_000)] },
  { Name: 'dollar$(id)', Port: NOWHERE, Meta: { a: '$b"; }' }, ...tag },
]

const registry: Lane['faults'] = [
  {
    name: 'a service comes',
    async inflict({ registrations }, random) {
      const name = `churn-${random.between(1, 1_000_000)}`
      for (let instance = random.between(1, 3); instance > 0; instance -= 1) {
        await registrations.put(`${name}-${instance}`, { Name: name, Port: 20_000 + instance, ...tag })
      }
    },
  },
  {
    name: 'services go',
    async inflict({ registrations }) {
      for (const id of registrations.ids.filter(id => id.startsWith('churn-'))) await registrations.remove(id)
    },
  },
  {
    name: 'a check flaps',
    async inflict({ registrations, consul }, random) {
      const id = `churn-${random.between(1, 1_000_000)}-1`
      await registrations.put(id, { Name: id, Port: NOWHERE, Check: TTL, ...tag })
      for (let times = random.between(2, 10); times > 0; times -= 1) {
        await consul.setCheck(id, times % 2 === 0 ? 'critical' : 'passing').catch(() => {})
        await pause(random.between(20, 200))
      }
    },
  },
  {
    name: 'bad registrations',
    async inflict({ registrations }, random) {
      const ids = Array.from({ length: random.between(1, 5) }, (_, n) => `poison-${n}`)
      for (const id of ids) await registrations.put(id, random.pick(poison))
      await pause(random.between(500, 4_000))
      for (const id of ids) await registrations.remove(id)
    },
  },
  { name: 'an instance is exchanged', inflict: exchange },
  {
    name: 'Consul is killed, and comes back empty',
    async inflict({ consul, registrations }, random) {
      await consul.kill()
      await pause(random.between(200, 3_000))
      // An outgoing connection may have got its port meanwhile: that passes.
      await until('Consul is back', () => consul.restart().then(() => true), 20_000)
      await pause(random.between(0, 1_500))
      await registrations.restore()
    },
  },
  {
    name: 'Consul is stopped for a while',
    async inflict({ consul }, random) {
      process.kill(consul.pid, 'SIGSTOP')
      await pause(random.between(500, 4_000))
      process.kill(consul.pid, 'SIGCONT')
    },
  },
]

const network: Lane['faults'] = [
  {
    name: 'the way to Consul is sick',
    async inflict({ proxy }, random) {
      proxy.become(random.pick(sicknesses))
      await pause(random.between(500, 4_000))
      proxy.become(undefined)
    },
  },
]

const files: Lane['faults'] = [
  {
    name: 'the template breaks',
    inflict: async (world, random) => withTemplate(world, random, text => `{% for %}\n${text}`),
  },
  {
    name: 'the template asks for what nginx does not know',
    inflict: async (world, random) => withTemplate(world, random, text => `no_such_directive on;\n${text}`),
  },
  {
    name: 'the template changes',
    inflict: async (world, random) => withTemplate(world, random, text => `# ${random.next()}\n${text}`),
  },
  {
    name: 'the template is deleted',
    async inflict({ template, text }, random) {
      rmSync(template)
      await pause(random.between(200, 2_000))
      writeFileSync(template, text)
    },
  },
  {
    name: 'the disk is full',
    async inflict({ disk }, random) {
      if (disk === undefined) return
      const end = fill(disk)
      await pause(random.between(500, 4_000))
      end()
    },
  },
  {
    name: 'somebody edits a file of what is live',
    inflict: async ({ liveFile }, random) => {
      change(liveFile(), random.pick([text => `${text}\nnonsense on;\n`, () => '', text => text.slice(0, 100)]))
    },
  },
  {
    name: 'somebody deletes a file of what is live',
    inflict: async ({ liveFile }) => rmSync(liveFile(), { force: true }),
  },
  {
    name: 'somebody edits a file of what is live and reloads nginx',
    async inflict({ liveFile, master, isWhole }) {
      // Who reloads nginx with a file that lacks a service takes that service away himself.
      if (!isServing(liveFile()) || !isWhole()) return
      change(liveFile(), text => `${text}\n# by hand\n`)
      kill(master() ?? 0, 'SIGHUP')
    },
  },
  { name: 'the pid file is deleted', inflict: async ({ pidFile }) => rmSync(pidFile(), { force: true }) },
]

const processes: Lane['faults'] = [
  {
    name: 'a worker is killed',
    costs: true,
    inflict: async ({ workers }) => kill(workers()[0] ?? 0, 'SIGKILL'),
  },
  {
    name: 'the master is killed',
    costs: true,
    inflict: async ({ master }) => kill(master() ?? 0, 'SIGKILL'),
  },
  {
    name: 'nginx is killed with all its workers',
    costs: true,
    async inflict({ master, workers }) {
      for (const pid of [master() ?? 0, ...workers()]) kill(pid, 'SIGKILL')
    },
  },
  {
    name: 'upstreamd is killed, and started again',
    isEarly: true,
    inflict: world => world.restart(),
  },
  {
    name: 'upstreamd reads its configuration again',
    inflict: async ({ upstreamd }) => kill(upstreamd.pid, 'SIGHUP'),
  },
]

export const lanes: readonly Lane[] = [
  { pause: [200, 2_500], faults: registry },
  { pause: [1_000, 6_000], faults: network }, // between two of them something is to get through
  { pause: [200, 2_500], faults: files },
  { pause: [3_000, 10_000], faults: processes }, // an nginx that dies again and again is started ever more slowly
]

/** As a careful deployment does it: the new one is asked before the old one goes, and that one is no longer asked when it ends. */
async function exchange({ registrations, startInstance }: World, random: Random): Promise<void> {
  const service = random.pick(stable)
  const [old = ''] = registrations.ids.filter(id => id.startsWith(`${service}-`))
  const next = await startInstance(service)
  await registrations.put(`${service}-${next.port}`, { Name: service, Port: next.port, ...tag })
  // Consul may be sick meanwhile: then both stay, which nobody minds.
  const isAsked = await until('the new one is asked', () => next.asked > 0, 10_000).catch(() => false)
  if (isAsked) await registrations.remove(old)
}

async function withTemplate(
  { template, text }: World,
  random: Random,
  changed: (text: string) => string,
): Promise<void> {
  writeFileSync(template, changed(text))
  await pause(random.between(200, 3_000))
  writeFileSync(template, text)
}

function isServing(path: string): boolean {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
  return stable.every(name => text.includes(`server_name ${name}.test;`))
}

function change(path: string, edit: (text: string) => string): void {
  if (existsSync(path)) writeFileSync(path, edit(readFileSync(path, 'utf8')))
}

/** It may be gone already; and 0 would be ourselves. */
function kill(pid: number, signal: NodeJS.Signals): void {
  if (pid === 0) return
  try {
    process.kill(pid, signal)
  } catch {
    // it ended by itself
  }
}
