import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { aCatalog, aRuntime, someRules, someSurroundings } from '../../test/support/builders.ts'
import { openMemory } from '../memory.ts'
import type { Catalog } from '../model/catalog.ts'
import { loadTemplates } from '../render/templates.ts'
import { asItIs } from '../target/destination.ts'
import { targets } from '../target/registry.ts'
import { createDelivery } from './delivery.ts'
import { createDemands } from './demand.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'upstreamd-delivery-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A plain file with the name and the team of each service, and a clock that goes on by itself whenever it is looked at. */
async function open() {
  const { runtime, events } = aRuntime()
  const [path, destination] = [join(folder, 'a.njk'), join(folder, 'out')]
  writeFileSync(path, '{% for site in sites %}{{ site.service }} {{ site.meta.team }};{% endfor %}')
  const clock = { at: 1_000, step: 0 }
  const now = () => {
    clock.at += clock.step
    return clock.at
  }
  const delivery = createDelivery({
    templates: loadTemplates([{ path, destination }], {}, runtime.emit),
    target: targets.create({ type: 'files', destination, rights: asItIs, state: folder } as { type: string }, runtime),
    rules: someRules(),
    around: () => someSurroundings({}),
    policy: { maxLoss: 1, holdFor: 0 },
    memory: await openMemory(folder, { rules: '', conditions: '' }),
    demand: createDemands({ want: () => {}, answer: () => undefined })(),
    wait: { min: 0, max: 0 },
    isSpeaker: true,
    trustsCatalog: true,
    now,
  })
  async function update(catalog: Catalog): Promise<number | undefined> {
    const asked: number[] = []
    await delivery.update(catalog, new Map(), { ...runtime, again: ms => asked.push(ms), isStale: () => false })
    return asked.length === 0 ? undefined : Math.min(...asked)
  }
  return { clock, events, update, written: () => readFileSync(destination, 'utf8') }
}

const team = (name: string, meta = { team: 'blue' }) => ({ name, instances: [{ meta }] })
const bad = { name: 'bad', instances: [{}] } // without a team

it('who is out, and whose time to be tried again comes in the middle of an update, is tried in the next one', async () => {
  const { clock, events, update, written } = await open()
  await update(aCatalog(team('good')))
  const catalog = aCatalog(team('good'), bad)
  const retryIn = (await update(catalog)) ?? 0
  expect(written()).toBe('good blue;')
  const isAccepted = () => events.some(({ type }) => type === 'selection.accepted')

  clock.at += retryIn - 4
  clock.step = 2 // once before that time, then behind it
  const again = await update(catalog)
  clock.step = 0

  expect(isAccepted()).toBe(false)
  expect(again).toBeLessThanOrEqual(1)
  clock.at += 100
  expect(await update(catalog)).toBeGreaterThan(60_000)
  expect(isAccepted()).toBe(false)
})
