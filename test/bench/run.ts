// npm run bench: what upstreamd costs and how fast it is, beside consul-template where that can be had. It builds the
// lab itself: real Consuls, real nginx, backends. Quote the ratios, not the milliseconds.
import { writeDocument } from './document.ts'
import { goals } from './goals.ts'
import { machine } from './machine.ts'
import { closeAll, closeForGood } from './opened.ts'
import { type Plan, planOf } from './options.ts'
import { elapsed, say } from './progress.ts'
import type { Results } from './results.ts'
import { measureForeign } from './scenarios/foreign.ts'
import { measureIdle } from './scenarios/idle.ts'
import { measureLatency } from './scenarios/latency.ts'
import { measureScale } from './scenarios/scale.ts'
import { measureTemplate } from './scenarios/template.ts'
import { printFigures, printGoals } from './table.ts'

process.env.PATH = `${process.env.PATH}:/usr/sbin:/sbin` // nginx is there on Debian, and not every user's PATH

const plan = readPlan()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    say(`${signal}: what was started is ended`)
    closeForGood().then(() => process.exit(130))
  })
}

const results: Results = { latency: [], problems: [] }
const about = machine(plan)
say(`${about.cpu} × ${about.cores}; ${about.versions.join(', ')}; load ${about.load.toFixed(1)}`)
if (plan.peer === undefined)
  say('consul-template was not found (CONSUL_TEMPLATE_BIN, PATH, go install): measured alone')
if (plan.parts.includes('template')) {
  await attempt('template', async () => {
    results.template = measureTemplate(plan)
  })
}
if (plan.parts.includes('latency')) {
  for (const services of plan.sizes) {
    await attempt(`${services} services`, async () => results.latency.push(...(await measureLatency(services, plan))))
  }
}
if (plan.parts.includes('idle')) {
  await attempt('idle', async () => {
    results.idle = await measureIdle(plan)
  })
}
if (plan.parts.includes('foreign')) {
  await attempt('foreign', async () => {
    results.foreign = await measureForeign(plan)
  })
}
if (plan.parts.includes('scale')) {
  await attempt('scale', async () => {
    results.scale = await measureScale(plan)
  })
}
await closeAll()
printFigures(results)
printGoals(goals(results, plan.isComplete))
if (plan.isWritten) writeDocument(results, about)
for (const problem of results.problems) console.log(`NOT MEASURED ${problem}`)
console.log(`${elapsed()} in all`)
process.exit(results.problems.length === 0 ? 0 : 1)

/** What fails is told in the report, and the rest is measured all the same. */
async function attempt(what: string, task: () => Promise<unknown>): Promise<void> {
  try {
    await task()
  } catch (error) {
    say(`${what}: ${error}`)
    results.problems.push(`${what}: ${error}`)
    await closeAll()
  }
}

function readPlan(): Plan {
  try {
    return planOf(process.argv.slice(2))
  } catch (error) {
    console.error((error as Error).message)
    process.exit(64)
  }
}
