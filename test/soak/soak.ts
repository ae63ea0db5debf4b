import { setTimeout as pause } from 'node:timers/promises'
import { get } from '../support/http.ts'
import { type Failure, Traffic } from '../support/traffic.ts'
import { until } from '../support/wait.ts'
import { type Fault, type Lane, lanes } from './faults.ts'
import { type Random, seeded } from './random.ts'
import { grown, type Vitals, vitalsOf } from './vitals.ts'
import { openWorld, stable, type World, type WorldLayout } from './world.ts'

export interface SoakOptions {
  readonly ms: number
  readonly seed: number
  readonly layout: WorldLayout
  readonly stop?: AbortSignal // ends it early, and properly
  say(line: string): void
}

export interface Report {
  readonly sent: number
  readonly lost: readonly string[] // while nginx was alive: there must be none
  readonly excused: number // while nginx, or a worker, was killed on purpose
  readonly excusedMs: number
  readonly faults: Readonly<Record<string, number>> // by name, how often
  readonly reloads: number
  readonly lives: number // of upstreamd
  readonly start: Vitals
  readonly end: Vitals
  /** Everything that is not as it should be; nothing, when all is well. */
  readonly problems: readonly string[]
}

/** From this share of the time on upstreamd is no longer killed, so that what grows has time to. */
const EARLY = 0.4
/** A killed nginx is back long before; on a busy machine, with a full disk, it takes its time. */
const BACK_MS = 30_000
/** Behind the last fault everything is well again, however long the pauses have become. */
const WELL_MS = 90_000
const REPORT_MS = 10_000

/** Random faults of all kinds under steady traffic; nothing that is served may be lost, and nothing may grow. */
export async function soak({ ms, seed, layout, say, stop }: SoakOptions): Promise<Report> {
  const world = await openWorld(layout)
  const problems: string[] = []
  const log: { readonly at: number; readonly name: string }[] = []
  const excuses: { readonly from: number; to: number }[] = []
  const hosts = stable.map(name => `${name}.test`)
  try {
    await until('all stable services answer', () => areAnswered(world, hosts), BACK_MS).catch(error => {
      throw new Error(`${error.message}: ${lastWords(world)}`)
    })
    const traffic = new Traffic({
      port: world.port,
      hosts,
      clients: 4,
      keepAlive: false,
      pause: 5,
      says: host => host.replace('.test', ''),
    })
    await until('its memory has been looked at', () => vitals(world).heap > 0, BACK_MS)
    const start = vitals(world)
    say(`start: ${format(start)}`)
    const began = performance.now()
    const end = began + ms
    const random = seeded(seed)

    const progress = setInterval(() => {
      const lost = traffic.failures.filter(failure => !isExcused(failure, excuses)).length
      say(`${traffic.sent} requests, ${lost} lost, ${log.length} faults; ${format(vitals(world))}`)
    }, REPORT_MS)
    await Promise.all(Object.values(lanes).map(lane => run(lane, random.split(), began + ms * EARLY, end))).finally(
      () => clearInterval(progress),
    )

    say('no more faults; waiting until all is well')
    await becomesWell(start.nginx)
    await traffic.stop()
    const after = vitals(world)
    const lost = traffic.failures.filter(failure => !isExcused(failure, excuses))
    problems.push(...lost.map(failure => `lost: ${describe(failure, began)}`), ...grown(start, after))
    if (lost[0] !== undefined) say(`around the first loss:\n${around(world, performance.timeOrigin + lost[0].at)}`)
    return {
      sent: traffic.sent,
      lost: lost.map(failure => describe(failure, began)),
      excused: traffic.failures.length - lost.length,
      excusedMs: excuses.reduce((sum, { from, to }) => sum + to - from, 0),
      faults: countOf(log.map(({ name }) => name)),
      reloads: world.lives.reduce((sum, life) => sum + reloadsOf(life), 0),
      lives: world.lives.length,
      start,
      end: after,
      problems,
    }
  } finally {
    await world.close()
  }

  async function run(lane: Lane, random: Random, earlyEnd: number, end: number): Promise<void> {
    while (performance.now() < end && !stop?.aborted) {
      await pause(random.between(...lane.pause))
      const fault = random.pick(lane.faults)
      if (fault.isEarly && performance.now() > earlyEnd) continue
      log.push({ at: performance.now(), name: fault.name })
      await (fault.costs ? excused(fault, random) : fault.inflict(world, random))
      const { exitCode, signalCode } = world.upstreamd.child
      if (exitCode !== null || signalCode !== null) {
        problems.push(`upstreamd ended by itself (${signalCode ?? exitCode}): ${lastWords(world)}`)
        return
      }
    }
  }

  /** What is lost from the blow until nginx answers again is not upstreamd's doing. */
  async function excused(fault: Fault, random: Random): Promise<void> {
    const excuse = { from: performance.now(), to: Number.POSITIVE_INFINITY }
    excuses.push(excuse)
    const before = world.nginx()
    await fault.inflict(world, random)
    // Workers of a master that was killed answer until they are ended: it is back when all are of one that lives.
    const isBack = () =>
      world.nginx().some(pid => !before.includes(pid)) && world.isWhole() && areAnswered(world, hosts)
    await until('nginx is back', isBack, BACK_MS).catch(() => {
      problems.push(`${fault.name}: nginx was not back within ${BACK_MS} ms: ${lastWords(world)}`)
    })
    excuse.to = performance.now()
  }

  async function becomesWell(usual: number): Promise<void> {
    const last = await world.startInstance('last')
    await world.registrations.restore()
    await world.registrations.put('last', { Name: 'last', Port: last.port, Tags: ['calico'] })
    const isServed = async () => (await get(world.port, 'last.test')).text === 'last'
    await until('a service that was registered last answers', isServed, WELL_MS).catch(error => {
      problems.push(`${error.message}: ${lastWords(world)}`)
    })
    await until('old workers are gone', () => vitals(world).nginx <= usual, WELL_MS).catch(() => {})
    const health = await world.bench.run(['healthcheck'])
    if (health.code !== 0) problems.push(`not ready at the end: ${health.stdout}`)
  }

  function describe({ at, host, what }: Failure, began: number): string {
    const before = log.filter(fault => fault.at <= at).slice(-4)
    const faults = before.map(({ name, at: then }) => `${name} (${Math.round(at - then)} ms before)`).join(', ')
    return `${host} at ${Math.round(at - began)} ms: ${what}; ${faults}`
  }
}

function isExcused(
  { began, at }: Failure,
  excuses: readonly { readonly from: number; readonly to: number }[],
): boolean {
  return excuses.some(({ from, to }) => began <= to && at >= from)
}

async function areAnswered({ port }: World, hosts: readonly string[]): Promise<boolean> {
  for (const host of hosts) if ((await get(port, host)).status !== 200) return false
  return true
}

const vitals = ({ upstreamd, bench, heapFile }: World) => vitalsOf(upstreamd.pid, bench, heapFile)

export function format(vitals: Vitals): string {
  return Object.entries(vitals)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')
}

function reloadsOf(life: { log(): string }): number {
  return life.log().match(/"type":"generation.activated"[^\n]*"how":"reloaded"/g)?.length ?? 0
}

/** What was said from five seconds before a moment (ms since the epoch) until a second after it. */
function around({ lives }: World, moment: number): string {
  const isNear = (line: string) => {
    const at = Date.parse(/"time":"([^"]+)"/.exec(line)?.[1] ?? '')
    return at > moment - 5_000 && at < moment + 1_000
  }
  return lives
    .flatMap(life => life.log().split('\n'))
    .filter(isNear)
    .join('\n')
}

function lastWords({ upstreamd }: World): string {
  return upstreamd.log().split('\n').slice(-15).join('\n')
}

function countOf(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}
