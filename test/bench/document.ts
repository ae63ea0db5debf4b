import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { goals } from './goals.ts'
import type { Machine } from './machine.ts'
import { largest, median } from './numbers.ts'
import { type Panel, plot } from './plot.ts'
import type { Results } from './results.ts'
import { changesOf, cpuOfChange, type Latency } from './scenarios/latency.ts'
import { changeTable, figureTable, goalTable, phaseTable, scaleText, type Table } from './table.ts'

/** Processes that want a processor while nobody measures. */
const QUIET = 0.5

const docs = join(import.meta.dirname, '../../docs')

/** docs/benchmarks.md and its plot. */
export function writeDocument(results: Results, machine: Machine): void {
  writeFileSync(join(docs, 'benchmarks.md'), documentOf(results, machine))
  writeFileSync(join(docs, 'benchmarks.svg'), plot('Cost against the number of services', panelsOf(results)))
}

function documentOf(results: Results, { cpu, cores, memory, kernel, versions, date, load }: Machine): string {
  return `# Benchmarks

<!-- Written by \`npm run bench\`; changes made here are lost with the next run. -->

${date}: ${cpu}, ${cores} cores, ${memory} GiB, Linux ${kernel}; ${versions.join(', ')}. Consul, both programs, both nginx and the benchmark share these cores: quote the ratios, not the milliseconds. ${noise(load)}

## What must hold

${markdown(goalTable(goals(results, true)))}
Where goals are missed, [decision 0017](decisions/0017-what-a-change-still-costs.md) says where the time goes and what was tried.

${scaleText(results)}

## What it costs with more services

![Time, processor time, memory and connections against the number of services](benchmarks.svg)

${markdown(figureTable(results))}
The first answer through nginx is counted from the start of the program, the median of all rounds. Memory is resident, and the largest of all rounds. Connections are those the program itself holds to Consul, the most that were seen.

${markdown(changeTable(results))}
- *one write*: a new service is there at once. *check and meta*: an instance whose check has not run yet, the check passes, its meta changes. *three instances*: a service of three starts. Several writes come some 12 ms apart.
- *p50*, *p90*: from the first write to the first answer of the new service through nginx.
- *cpu*: processor time of the program (*own*) and of what it starts (*child*: \`nginx -t\`, \`nginx -s reload\`, shells); *nginx* is that of the running nginx, which is neither's.
- *reloads*: of nginx, on average.

## Where the time of a change goes

Medians in ms. The phases are those upstreamd tells of in \`generation.activated\`. What \`nginx -t\` and a reload need for the very same file was measured without upstreamd; *the rest* is p50 without the two.

${markdown(phaseTable(results))}
## How it was measured

- \`npm run bench\` builds the lab itself. Each program has a Consul of its own with the same catalog: three instances for each service, spread over 20 nodes (100 for 10 000 services), every second service with checks. upstreamd's Consul has its default limits; consul-template's takes 10 000 connections from a client, because it needs one for each service.
- Both run at the same time and are measured in turns: the other one idles. Between two changes both come to rest, and at least 2.2 s pass, because upstreamd runs with its default flags and reloads nginx every two seconds at most.
- consul-template has the template and the reload command its users have: \`nginx -t && nginx -s reload\`.
- An answer is looked for every 2 ms, on a new connection each time.
- The event loop is watched by perf_hooks from within, from the first question to Consul on; at most 5 ms of what is said of it are not its own.
`
}

/** Others on the machine hurt both, but not alike. */
function noise(load: number): string {
  const text = `The load of the machine before was ${load.toFixed(1)}`
  return load < QUIET ? `${text}.` : `${text}: **it was not quiet, and the figures are worth little.**`
}

/** Cost against number of services. */
function panelsOf({ latency, scale }: Results): Panel[] {
  const panel = (title: string, unit: string, of: (one: Latency) => number, atScale?: number): Panel => ({
    title,
    unit,
    series: [true, false].map(isOurs => ({
      name: isOurs ? 'upstreamd' : 'consul-template',
      points: [
        ...latency.filter(one => one.isOurs === isOurs).map(one => [one.services, of(one)] as const),
        ...(isOurs && scale !== undefined && atScale !== undefined ? [[scale.services, atScale] as const] : []),
      ],
    })),
  })
  return [
    panel('change → answer, p50', 'ms', one => median(changesOf(one)), scale?.change),
    panel('processor time for a change', 'ms', one => cpuOfChange(one, 'one write'), scale?.cpu),
    panel('resident memory', 'MiB', ({ rss }) => largest(rss), scale?.rss),
    panel('connections to Consul', 'number', ({ connections }) => largest(connections), scale?.connections),
  ]
}

function markdown(table: Table): string {
  const [head = [], ...rows] = table
  const lines = [head, head.map(() => '---'), ...rows]
  return `${lines.map(cells => `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`).join('\n')}\n`
}
