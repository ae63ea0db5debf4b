// npm run soak -- --minutes 10 [--seed N] [--layout own|adopt]: random faults under steady traffic. Ends with 1 when
// a request was lost while nginx was alive, or when anything has grown. The same seed gives the same faults.
import { parseArgs } from 'node:util'
import { format, soak } from './soak.ts'
import { layouts } from './world.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    layout: { type: 'string', default: 'own' },
  },
})
const layout = layouts.find(name => name === values.layout)
const minutes = Number(values.minutes)
const seed = Number(values.seed)
if (layout === undefined || !(minutes > 0) || !Number.isInteger(seed)) {
  console.error(`usage: npm run soak -- [--minutes 10] [--seed 1] [--layout ${layouts.join('|')}]`)
  process.exit(64)
}

/** One cause often costs hundreds of requests. */
const SHOWN = 20
const began = Date.now()
function say(line: string): void {
  const seconds = Math.round((Date.now() - began) / 1_000)
  console.log(`${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')} ${line}`)
}

const stop = new AbortController()
process.once('SIGINT', () => stop.abort()) // what was started is to be ended, too; a second one does not wait for that

say(`${minutes} min, seed ${seed}, layout ${layout}`)
const report = await soak({ ms: minutes * 60_000, seed, layout, say, stop: stop.signal })
for (const [name, times] of Object.entries(report.faults).sort())
  console.log(`  ${String(times).padStart(4)} × ${name}`)
console.log(`requests ${report.sent}, lost ${report.lost.length}`)
console.log(
  `not counted: ${report.excused} lost in the ${(report.excusedMs / 1_000).toFixed(1)} s in which nginx was killed on purpose`,
)
console.log(`reloads ${report.reloads}, lives of upstreamd ${report.lives}`)
console.log(`at the start: ${format(report.start)}`)
console.log(`at the end:   ${format(report.end)}`)
for (const problem of report.problems.slice(0, SHOWN)) console.log(`PROBLEM ${problem}`)
if (report.problems.length > SHOWN) console.log(`PROBLEM … and ${report.problems.length - SHOWN} more`)
console.log(report.problems.length === 0 ? `all is well (seed ${seed})` : `not well (seed ${seed})`)
process.exit(report.problems.length === 0 ? 0 : 1)
