import type { Row } from './goals.ts'
import { largest, mean, median, quantile, show } from './numbers.ts'
import { phaseNames } from './phases.ts'
import type { Results } from './results.ts'
import { cpuPerChange, type Latency } from './scenarios/latency.ts'

/** The first row is the head. */
export type Table = readonly (readonly string[])[]

export function goalTable(rows: readonly Row[]): Table {
  const head = ['', 'at', 'upstreamd', 'consul-template', 'ratio', 'goal', '']
  return [head, ...rows.map(row => [row.what, row.at, row.ours, row.peer, row.ratio, row.goal, row.verdict])]
}

/** Every figure of both contenders, at every size. */
export function figureTable({ latency }: Results): Table {
  const head = [
    'services',
    '',
    'first',
    'p50',
    'p90',
    'cpu',
    'own + child',
    'nginx',
    'memory',
    'start',
    'conns',
    'reloads',
  ]
  return [head, ...latency.map(figures)]
}

function figures(one: Latency): string[] {
  return [
    show(one.services),
    one.contender,
    show(median(one.first), 'ms'),
    show(median(one.change), 'ms'),
    show(quantile(one.change, 0.9), 'ms'),
    show(cpuPerChange(one), 'ms'),
    `${show(mean(one.own))} + ${show(mean(one.children))}`,
    show(mean(one.nginx), 'ms'),
    show(largest(one.rss), 'MiB'),
    show(largest(one.rssAtStart), 'MiB'),
    show(largest(one.connections)),
    `${show(mean(one.reloads), '', 1)} / ${show(mean(one.reloadsOfSeveral), '', 1)}`,
  ]
}

/** Where the time of a change goes: our phases, and what nginx needs in any case. */
export function phaseTable({ latency }: Results): Table {
  const head = ['services', ...phaseNames, 'p50', 'nginx -t', 'SIGHUP → worker', 'the rest']
  const ours = latency.filter(({ isOurs }) => isOurs)
  return [
    head,
    ...ours.map(({ services, phases = {}, change, floor }) => [
      show(services),
      ...phaseNames.map(name => show(phases[name], '', 1)),
      show(median(change)),
      show(floor?.test),
      show(floor?.reload),
      show(floor === undefined ? undefined : median(change) - floor.test - floor.reload),
    ]),
  ]
}

export function printFigures(results: Results): void {
  if (results.latency.length === 0) return
  print(
    'Figures (first answer, change → answer, processor time for a change, memory after the changes and at the start, reloads for a change of one / three writes)',
    figureTable(results),
  )
  print(
    'Where the time of a change goes (ms, medians) beside what nginx needs for the very same file',
    phaseTable(results),
  )
}

export function printGoals(rows: readonly Row[]): void {
  print('What must hold', goalTable(rows))
}

function print(title: string, table: Table): void {
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map(row => (row[column] ?? '').length)))
  console.log(`\n${title}`)
  for (const row of table)
    console.log(`  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
}
