import { type Kind, kinds } from './changes.ts'
import { largest, median, show } from './numbers.ts'
import type { Results } from './results.ts'
import { requestsPerSecond } from './scenarios/idle.ts'
import { changesOf, cpuOfChange, type Latency } from './scenarios/latency.ts'

export interface Row {
  readonly what: string
  readonly at: string
  readonly ours: string
  readonly peer: string
  readonly ratio: string
  readonly goal: string
  readonly verdict: 'met' | 'MISSED' | 'not measured'
}

/** Everything that must hold, with what was seen; of a run that leaves things out, what it was asked for. */
export function goals(results: Results, isComplete: boolean): Row[] {
  return allGoals(results).filter(({ verdict }) => isComplete || verdict !== 'not measured')
}

function allGoals(results: Results): Row[] {
  return [
    ...template(results),
    ...connections(results),
    ...ratios(results, 'first answer from a cold start', ({ first }) => median(first), ms, { 1000: 1, 3000: 0.7 }),
    ...ratios(results, 'change → answer, p50', one => median(changesOf(one)), ms, { 100: 0.8, 1000: 0.6, 3000: 0.5 }),
    ...kinds.flatMap(kind =>
      ratios(results, `processor time, ${kind}`, one => cpuOfChange(one, kind), ms, { 1000: 0.7, 3000: 0.5 }),
    ),
    ...ratios(results, 'resident memory after the changes', ({ rss }) => largest(rss), mib, { 1000: 1.2, 3000: 0.6 }),
    ...sizeAtScale(results),
    ...reloads(results),
    ...idle(results),
    ...scale(results),
    ...foreign(results),
  ]
}

const severalWrites: readonly Kind[] = ['check and meta', 'three instances']
const ms = (value: number) => show(value, 'ms')
const mib = (value: number) => show(value, 'MiB')
const at = (services: number) => `${show(services)} services`

function template({ template: cost }: Results): Row[] {
  const p50 = cost === undefined ? undefined : median(cost.renders)
  return [
    {
      what: 'rendering a Go template, p50',
      at: at(cost?.services ?? 1_000),
      ours: show(p50, 'ms', 1),
      peer: '',
      ratio: '',
      goal: '≤ 15 ms',
      verdict: p50 === undefined ? 'not measured' : judge(p50, 15),
    },
  ]
}

function connections({ latency }: Results): Row[] {
  return latency
    .filter(({ isOurs }) => isOurs)
    .map(ours => {
      const most = largest(ours.connections)
      return {
        what: 'connections to Consul',
        at: at(ours.services),
        ours: show(most),
        peer: show(largest(peerOf(latency, ours.services)?.connections ?? [])),
        ratio: '',
        goal: '≤ 16',
        verdict: judge(most, 16),
      }
    })
}

/** One figure of both, at the sizes that have a goal. */
function ratios(
  { latency }: Results,
  what: string,
  figure: (latency: Latency) => number,
  write: (value: number) => string,
  limits: Readonly<Record<number, number>>,
): Row[] {
  return Object.entries(limits).map(([size, limit]) => {
    const services = Number(size)
    const ours = latency.find(one => one.isOurs && one.services === services)
    const peer = peerOf(latency, services)
    const mine = ours === undefined ? Number.NaN : figure(ours)
    const theirs = peer === undefined ? Number.NaN : figure(peer)
    const ratio = mine / theirs
    return {
      what,
      at: at(services),
      ours: write(mine),
      peer: write(theirs),
      ratio: show(ratio, '×', 2),
      goal: `≤ ${limit} ×`,
      verdict: judge(ratio, limit),
    }
  })
}

/** The most that any change of several writes has cost. */
function reloads({ latency }: Results): Row[] {
  const most = (one: Latency | undefined, kind: Kind) => largest(one?.costs[kind].reloads ?? [])
  return latency
    .filter(({ isOurs }) => isOurs)
    .flatMap(ours =>
      severalWrites.map(kind => ({
        what: `reloads, ${kind}`,
        at: at(ours.services),
        ours: show(most(ours, kind)),
        peer: show(most(peerOf(latency, ours.services), kind)),
        ratio: '',
        goal: '1',
        verdict: judge(most(ours, kind), 1),
      })),
    )
}

function sizeAtScale({ scale }: Results): Row[] {
  const where = services(scale, 10_000)
  const memory = Math.max(scale?.rss ?? Number.NaN, scale?.rssAtStart ?? Number.NaN)
  const connections = scale?.connections ?? Number.NaN
  return [
    alone('connections to Consul, in a storm', where, show(connections), '≤ 16', judge(connections, 16)),
    alone('resident memory, in a storm', where, mib(memory), '≤ 300 MiB', judge(memory, 300)),
  ]
}

function idle({ idle }: Results): Row[] {
  const where = services(idle, 5_000)
  const asked = idle === undefined ? Number.NaN : requestsPerSecond(idle)
  const share = 100 * (idle?.share ?? Number.NaN)
  const peer = show(100 * (idle?.peerShare ?? Number.NaN), '% of a core', 2)
  return [
    alone(
      'idle: requests to Consul, each query',
      where,
      show(asked, 'a second', 3),
      '≤ 0.1 a second',
      judge(asked, 0.1),
    ),
    { ...alone('idle: processor', where, show(share, '% of a core', 2), '≤ 0.3 %', judge(share, 0.3)), peer },
  ]
}

function scale({ scale }: Results): Row[] {
  const where = services(scale, 10_000)
  const storm = `${where}, ${show(scale?.rate ?? 100)} changes a second for ${show(scale?.seconds ?? 30)} s`
  const first = scale?.first ?? Number.NaN
  const change = scale?.change ?? Number.NaN
  const blocked = scale === undefined ? Number.NaN : Math.max(...Object.values(scale.blocked))
  const works = (value: number) => judge(value, Number.POSITIVE_INFINITY)
  return [
    alone('first answer from a cold start', where, ms(first), 'works', works(first)),
    alone('change → answer, one', where, ms(change), 'works', works(change)),
    stormRow(storm, scale),
    alone('longest block of the event loop', storm, ms(blocked), '≤ 100 ms', judge(blocked, 100)),
  ]
}

function stormRow(at: string, scale: Results['scale']): Row {
  const what = 'the last of a storm → answer'
  const ours = ms(scale?.after ?? Number.NaN)
  const failures = scale?.failures.length ?? 0
  if (failures > 0) return alone(what, at, `${ours}, ${failures} failures logged`, 'works', 'MISSED')
  return alone(what, at, ours, 'works', judge(scale?.after ?? Number.NaN, Number.POSITIVE_INFINITY))
}

function foreign({ foreign }: Results): Row[] {
  const where = `${show(foreign?.services ?? 5_000)} foreign services, ${show(foreign?.rate ?? 50)} changes a second`
  const share = 100 * (foreign?.share ?? Number.NaN)
  const reloads = foreign?.reloads ?? Number.NaN
  const change = foreign?.change ?? []
  const shown = `${show(median(change))} ms, at worst ${ms(largest(change))}`
  return [
    alone('a shared Consul: our reloads', where, show(reloads), '0', judge(reloads, 0)),
    alone('a shared Consul: processor', where, show(share, '% of a core', 1), '≤ 5 %', judge(share, 5)),
    alone('a shared Consul: a change of ours → answer', where, shown, '≤ 300 ms', judge(largest(change), 300)),
  ]
}

function services(one: { readonly services: number } | undefined, otherwise: number): string {
  return at(one?.services ?? otherwise)
}

/** What has a goal of its own, whatever others do. */
function alone(what: string, at: string, ours: string, goal: string, verdict: Row['verdict']): Row {
  return { what, at, ours, peer: '', ratio: '', goal, verdict }
}

function peerOf(latency: readonly Latency[], services: number): Latency | undefined {
  return latency.find(one => !one.isOurs && one.services === services)
}

function judge(value: number, limit: number): Row['verdict'] {
  if (Number.isNaN(value)) return 'not measured'
  return value <= limit ? 'met' : 'MISSED'
}
