import { largest, median, show } from './numbers.ts'
import type { Results } from './results.ts'
import { cpuPerChange, type Latency } from './scenarios/latency.ts'

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
    ...connections(results),
    ...ratios(results, 'first answer from a cold start', ({ first }) => median(first), ms, { 1000: 1, 3000: 0.7 }),
    ...ratios(results, 'change → answer, p50', ({ change }) => median(change), ms, { 100: 0.8, 1000: 0.6, 3000: 0.5 }),
    ...ratios(results, 'processor time for a change', cpuPerChange, ms, { 1000: 0.7, 3000: 0.5 }),
    ...ratios(results, 'resident memory after the changes', ({ rss }) => largest(rss), mib, { 1000: 1.2, 3000: 0.6 }),
    ...reloads(results),
  ]
}

const ms = (value: number) => show(value, 'ms')
const mib = (value: number) => show(value, 'MiB')
const at = (services: number) => `${show(services)} services`

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

/** The most that any single change has cost. */
function reloads({ latency }: Results): Row[] {
  return latency
    .filter(({ isOurs }) => isOurs)
    .map(ours => {
      const most = largest(ours.reloadsOfSeveral)
      return {
        what: 'reloads for a change of three writes',
        at: at(ours.services),
        ours: show(most),
        peer: show(largest(peerOf(latency, ours.services)?.reloadsOfSeveral ?? [])),
        ratio: '',
        goal: '1',
        verdict: judge(most, 1),
      }
    })
}

function peerOf(latency: readonly Latency[], services: number): Latency | undefined {
  return latency.find(one => !one.isOurs && one.services === services)
}

function judge(value: number, limit: number): Row['verdict'] {
  if (Number.isNaN(value)) return 'not measured'
  return value <= limit ? 'met' : 'MISSED'
}
