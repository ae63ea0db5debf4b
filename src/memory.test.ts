import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openMemory } from './memory.ts'

const now = { rules: 'rules', conditions: 'conditions' }

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'upstreamd-memory-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('the first life remembers nothing, and its rules are not new', async () => {
  expect(await openMemory(folder, now)).toMatchObject({ texts: {}, areRulesNew: false })
})

it('the next life knows the templates that were accepted last', async () => {
  const memory = await openMemory(folder, now)

  await memory.keep({ '/a.njk': 'one' })
  await memory.keep({ '/a.njk': 'two' })

  expect(await openMemory(folder, now)).toMatchObject({ texts: { '/a.njk': 'two' }, areRulesNew: false })
})

it('a loss under new rules is what somebody asked for', async () => {
  const memory = await openMemory(folder, { ...now, rules: '["calico"]' })
  await memory.keep({})

  expect((await openMemory(folder, { ...now, rules: '["bridge"]' })).areRulesNew).toBe(true)
})

it('what was accepted under other conditions is known to have been', async () => {
  const memory = await openMemory(folder, now)
  await memory.keep({ '/a.njk': 'one' })

  expect(await openMemory(folder, now)).toMatchObject({ areConditionsNew: false })
  expect(await openMemory(folder, { ...now, conditions: 'others' })).toMatchObject({ areConditionsNew: true })
})

it('what is kept already is not written again', async () => {
  const memory = await openMemory(folder, now)
  await memory.keep({ '/a.njk': 'one' })
  const before = statSync(join(folder, 'memory.json'), { bigint: true })

  await memory.keep({ '/a.njk': 'one' })

  const after = statSync(join(folder, 'memory.json'), { bigint: true })
  expect([after.ino, after.mtimeNs]).toEqual([before.ino, before.mtimeNs])
})
