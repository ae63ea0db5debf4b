// npm run bench: change in Consul → answer through nginx, beside consul-template where it can be had.
// Both see the same catalog, one after the other, in turns; quote the ratio, not the milliseconds.
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { startConsul } from '../support/consul.ts'
import { get, startBackend } from '../support/http.ts'
import { type Contender, consulTemplate, findConsulTemplate, upstreamd } from './contenders.ts'

const { values } = parseArgs({
  options: {
    services: { type: 'string', default: '100' },
    instances: { type: 'string', default: '3' },
    changes: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '2' },
  },
})
const [services, instances, changes, rounds] = [values.services, values.instances, values.changes, values.rounds].map(
  Number,
) as [number, number, number, number]

/** Between two changes, for both contenders. */
const SETTLE_MS = 500

const consul = await startConsul({ limits: { http_max_conns_per_client: 10_000 } })
const backend = await startBackend('bench')
try {
  for (let service = 0; service < services; service += 1) {
    for (let instance = 0; instance < instances; instance += 1) {
      const Port = 20_000 + ((service * instances + instance) % 40_000)
      await consul.register({ Name: `svc-${service}`, ID: `svc-${service}-${instance}`, Port, Tags: ['bench'] })
    }
  }
  const peer = findConsulTemplate()
  if (peer === undefined)
    console.log('consul-template was not found (CONSUL_TEMPLATE_BIN, PATH, or go install): measured alone')
  const contenders: readonly Contender[] = [
    upstreamd('upstreamd'),
    // What the check of the output costs.
    upstreamd('upstreamd, unchecked', ['-check-output=false']),
    ...(peer === undefined ? [] : [consulTemplate(peer)]),
  ]

  const results = new Map<string, { first: number[]; change: number[] }>()
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of contenders) {
      const result = results.get(contender.name) ?? { first: [], change: [] }
      results.set(contender.name, result)
      await measure(contender, round, result)
    }
  }
  report(results)
} finally {
  await backend.close()
  await consul.stop()
}

async function measure(
  contender: Contender,
  round: number,
  result: { first: number[]; change: number[] },
): Promise<void> {
  const started = performance.now()
  const running = await contender.start(consul.address)
  try {
    // Nobody listens behind these services: nginx says 502 as soon as it knows the name.
    await answered(running.port, 'svc.1.bench', 502)
    result.first.push(performance.now() - started)
    for (let change = 0; change < changes; change += 1) {
      const Name = `probe-${round}-${change}-${contender.name.length}`
      const changed = performance.now()
      await consul.register({ Name, ID: Name, Port: backend.port, Tags: ['bench'] })
      await answered(running.port, `${Name.replaceAll('-', '.')}.bench`, 200)
      result.change.push(performance.now() - changed)
      await consul.deregister(Name)
      // Old workers answer for 100 ms after a reload, with what they knew: the next change begins when they are gone.
      await new Promise(resolve => setTimeout(resolve, SETTLE_MS))
      await answered(running.port, `${Name.replaceAll('-', '.')}.bench`, 404)
    }
  } finally {
    await running.stop()
  }
}

/** Looks every 2 ms: the error is small beside what is measured, and the same for both. */
async function answered(port: number, host: string, status: number): Promise<void> {
  const end = performance.now() + 60_000
  while (performance.now() < end) {
    const reply = await get(port, host).catch(() => undefined)
    if (reply?.status === status) return
    await new Promise(resolve => setTimeout(resolve, 2))
  }
  throw new Error(`${host} did not answer ${status} within a minute`)
}

function report(results: Map<string, { first: number[]; change: number[] }>): void {
  const [own] = results.values()
  console.log(
    `\n${services} services × ${instances} instances; ${cpus()[0]?.model.trim()} × ${cpus().length}; Node ${process.version}`,
  )
  console.log('                        first answer   change → answer p50        p90     ratio (p50)')
  for (const [name, { first, change }] of results) {
    const ratio = own === undefined ? 1 : quantile(own.change, 0.5) / quantile(change, 0.5)
    const cells = [quantile(first, 0.5), quantile(change, 0.5), quantile(change, 0.9)].map(ms => `${ms.toFixed(0)} ms`)
    console.log(
      `${name.padEnd(22)}${cells[0]?.padStart(14)}${cells[1]?.padStart(22)}${cells[2]?.padStart(11)}${ratio.toFixed(2).padStart(16)}`,
    )
  }
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
