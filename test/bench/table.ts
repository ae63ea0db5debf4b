import { type Kind, kinds } from './changes.ts'
import type { Row } from './goals.ts'
import { largest, mean, median, quantile, show } from './numbers.ts'
import { phaseNames } from './phases.ts'
import type { Results } from './results.ts'
import { changesOf, cpuOfChange, type Latency } from './scenarios/latency.ts'

/** The first row is the head. */
export type Table = readonly (readonly string[])[]

export function goalTable(rows: readonly Row[]): Table {
  const head = ['', 'at', 'upstreamd', 'consul-template', 'ratio', 'goal', '']
  return [head, ...rows.map(row => [row.what, row.at, row.ours, row.peer, row.ratio, row.goal, row.verdict])]
}

/** What there is at every size, for both contenders. */
export function figureTable({ latency }: Results): Table {
  const head = ['services', '', 'first answer', 'memory at the start', 'after the changes', 'connections']
  return [
    head,
    ...latency.map(one => [
      show(one.services),
      one.contender,
      show(median(one.first), 'ms'),
      show(largest(one.rssAtStart), 'MiB'),
      show(largest(one.rss), 'MiB'),
      show(largest(one.connections)),
    ]),
  ]
}

/** What a change costs, by what it consists of. */
export function changeTable({ latency }: Results): Table {
  const head = ['services', 'change', '', 'p50', 'p90', 'cpu', 'own + child', 'nginx', 'reloads']
  const sizes = [...new Set(latency.map(({ services }) => services))]
  const rows = sizes.flatMap(size =>
    kinds.flatMap(kind =>
      latency.filter(({ services }) => services === size).map(one => [show(size), kind, ...costs(one, kind)]),
    ),
  )
  return [head, ...rows]
}

function costs(one: Latency, kind: Kind): string[] {
  const { change, own, children, nginx, reloads } = one.costs[kind]
  return [
    one.contender,
    show(median(change), 'ms'),
    show(quantile(change, 0.9), 'ms'),
    show(cpuOfChange(one, kind), 'ms'),
    `${show(mean(own))} + ${show(mean(children))}`,
    show(mean(nginx), 'ms'),
    show(mean(reloads), '', 1),
  ]
}

/** Where the time of a change goes: our phases, and what nginx needs in any case. */
export function phaseTable({ latency, scale }: Results): Table {
  const head = ['services', ...phaseNames, 'p50', 'nginx -t', 'SIGHUP → worker', 'the rest']
  const ours = latency.filter(({ isOurs }) => isOurs).map(one => ({ ...one, p50: median(changesOf(one)) }))
  const all = scale === undefined ? ours : [...ours, { ...scale, p50: scale.change }]
  return [
    head,
    ...all.map(({ services, phases = {}, p50, floor }) => [
      show(services),
      ...phaseNames.map(name => show(phases[name], '', 1)),
      show(p50),
      show(floor?.test),
      show(floor?.reload),
      show(floor === undefined ? undefined : p50 - floor.test - floor.reload),
    ]),
  ]
}

/** What there is to say of the largest catalog beside its goals; empty when it was not measured. */
export function scaleText({ scale }: Results): string {
  if (scale === undefined) return ''
  const { start, change, storm } = scale.blocked
  const failures = scale.failures.length === 0 ? 'no failure was logged' : `logged: ${scale.failures.join('; ')}`
  return [
    `${show(scale.services)} services × ${scale.instances}: ${show(scale.connections)} connections to Consul;`,
    `${show(scale.rssAtStart)} MiB after the start, ${show(scale.rss)} MiB after the storm,`,
    `during which nginx was reloaded ${show(scale.reloads)} times; the event loop was blocked for at most`,
    `${show(start)} ms at the start, ${show(change)} ms by one change, ${show(storm)} ms in the storm; ${failures}.`,
  ].join(' ')
}

export function printFigures(results: Results): void {
  print('At every size', figureTable(results))
  print('What a change costs, by what it consists of', changeTable(results))
  print('Where a change spends its time (ms, medians), and what nginx needs for the same file', phaseTable(results))
  if (results.scale !== undefined) console.log(`\n${scaleText(results)}`)
}

export function printGoals(rows: readonly Row[]): void {
  print('What must hold', goalTable(rows))
}

function print(title: string, table: Table): void {
  if (table.length < 2) return // nothing but the head
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map(row => (row[column] ?? '').length)))
  console.log(`\n${title}`)
  for (const row of table)
    console.log(`  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
}
