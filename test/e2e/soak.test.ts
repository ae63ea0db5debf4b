import { expect, it } from 'vitest'
import { soak } from '../soak/soak.ts'

/** Always the same faults; `npm run soak` tries others, and longer. */
const SEED = 1
const MS = 60_000

it('through a minute of random faults no request is lost while nginx is alive, and nothing grows', {
  timeout: 5 * MS,
}, async () => {
  const said: string[] = []

  const report = await soak({ ms: MS, seed: SEED, layout: 'own', say: line => void said.push(line) })

  expect(report.problems, said.join('\n')).toEqual([])
  expect(report.sent).toBeGreaterThan(1_000)
  expect(Object.keys(report.faults).length, 'kinds of faults').toBeGreaterThan(15)
})
