import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { aService, aSnapshot } from '../test/support/builders.ts'
import { BUT_CHECKS, EVERYTHING, IN_FULL, openLastSnapshot } from './last-snapshot.ts'
import type { Event } from './observe/event.ts'

const origin = { source: 'consul', description: 'consul at 127.0.0.1:8500', holds: 'services tagged calico' }
const snapshot = aSnapshot({ index: '918', services: [aService({ name: 'a', instances: 2 }), aService({ name: 'b' })] })

let root: string
let folder: string
let events: Event[]
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'upstreamd-last-'))
  folder = join(root, 'snapshots')
  events = []
})
afterEach(() => rmSync(root, { recursive: true, force: true }))
const open = (given: Partial<typeof origin> = {}) =>
  openLastSnapshot(folder, { ...origin, ...given }, event => events.push(event))
const path = () => join(folder, 'consul.ndjson')

/** A run that knew this, and ended. */
async function keep(given = snapshot, from: Partial<typeof origin> = {}): Promise<void> {
  const run = open(from)
  run.keep(given)
  await run.close()
}

describe('what a source said last', () => {
  it('is there after a restart, with its age', async () => {
    const before = Date.now()
    await keep()

    const recalled = await open().recall()

    expect(recalled?.snapshot).toEqual(snapshot)
    expect(Date.parse(recalled?.at ?? '')).toBeGreaterThanOrEqual(before)
    expect(recalled?.age).toBeLessThan(60_000)
    expect(events).toEqual([])
  })

  it('is nothing before the first run, without a word', async () => {
    expect(await open().recall()).toBeUndefined()
    expect(events).toEqual([])
  })

  it('is closed to others', async () => {
    await keep()

    expect(statSync(path()).mode & 0o777).toBe(0o600)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect(readdirSync(folder)).toEqual(['consul.ndjson'])
  })

  it('is as old as the loss of contact, not as the end', async () => {
    const run = open()
    run.keep(snapshot)
    run.lost()
    const lostAt = Date.now()
    await new Promise(resolve => setTimeout(resolve, 30))
    await run.close()

    const recalled = await open().recall()

    expect(Date.parse(recalled?.at ?? '')).toBeLessThanOrEqual(lostAt)
  })

  it('is the newest', async () => {
    const run = open()
    for (const index of ['1', '2', '3']) run.keep({ ...snapshot, index })
    await run.close()

    expect((await open().recall())?.snapshot.index).toBe('3')
  })

  it('stays what it was when nothing was said in a run', async () => {
    await keep()
    const before = readFileSync(path(), 'utf8')

    await open().close()

    expect(readFileSync(path(), 'utf8')).toBe(before)
  })

  it('is of everybody when it holds everything', async () => {
    await keep(snapshot, { holds: EVERYTHING })

    expect((await open().recall())?.snapshot).toEqual(snapshot)
  })

  it('comes back with the rows of its instances', async () => {
    const row = { Node: { Node: 'n', Meta: { zone: 'a' } }, Service: { Port: 80 }, Checks: [{ Status: 'passing' }] }
    const [service = aService({})] = snapshot.services
    const instances = service.instances.map(instance => ({ ...instance, row }))
    const full = { ...snapshot, services: [{ ...service, instances }] }
    await keep(full, { holds: IN_FULL })

    expect((await open({ holds: IN_FULL }).recall())?.snapshot).toEqual(full)
    expect((await open().recall())?.snapshot).toEqual(full)
  })

  it('serves whoever wants less', async () => {
    await keep(snapshot, { holds: BUT_CHECKS })

    for (const holds of ['services tagged bridge', EVERYTHING, BUT_CHECKS]) {
      expect((await open({ holds }).recall())?.snapshot).toEqual(snapshot)
    }
    expect(await open({ holds: IN_FULL }).recall()).toBeUndefined()
  })

  it('may be a large catalog, which is written piece by piece', async () => {
    const services = Array.from({ length: 3_000 }, (_, number) => aService({ name: `s-${number}`, instances: 3 }))

    await keep({ ...snapshot, services })

    expect((await open().recall())?.snapshot.services).toEqual(services)
  })

  it('each source has a file of its own', async () => {
    await keep()
    const file = { source: 'file:/etc/lab.yaml', description: 'file /etc/lab.yaml' }
    await keep({ ...snapshot, source: 'file:/etc/lab.yaml', services: [] }, file)

    expect((await open().recall())?.snapshot.services).toHaveLength(2)
    expect((await open(file).recall())?.snapshot.services).toEqual([])
  })
})

describe('what cannot be used is left alone, and that is said once', () => {
  it.each([
    { title: 'half of it', spoil: (text: string) => text.slice(0, text.length / 2), says: /JSON|1 services where 2/ },
    {
      title: 'without its last line',
      spoil: (text: string) => linesOf(text).slice(0, -1).join('\n'),
      says: /1 services where 2/,
    },
    { title: 'nothing in it', spoil: () => '', says: /JSON/ },
    { title: 'zeros, as a power cut leaves them', spoil: (text: string) => '\0'.repeat(text.length), says: /JSON/ },
    { title: 'of another version', spoil: (text: string) => text.replace('"format":1', '"format":2'), says: /format/ },
    { title: 'a port that is a word', spoil: (text: string) => text.replace('8080', '"http"'), says: /port/ },
    { title: 'something else', spoil: () => '{"services":[]}\n', says: /format/ },
  ])('$title', async ({ spoil, says }) => {
    await keep()
    writeFileSync(path(), spoil(readFileSync(path(), 'utf8')))

    const run = open()

    expect(await run.recall()).toBeUndefined()
    expect(await run.recall()).toBeUndefined()
    expect(events).toMatchObject([
      { type: 'source.memory_failed', source: 'consul', problem: expect.stringMatching(says) },
    ])
  })

  it('from another Consul', async () => {
    await keep()

    expect(await open({ description: 'consul at 10.0.0.1:8500' }).recall()).toBeUndefined()
    expect(events).toMatchObject([{ problem: expect.stringContaining('was read from consul at 127.0.0.1:8500') }])
  })

  it('with fewer services than are wanted now: those that are not in it would pass for gone', async () => {
    await keep()

    expect(await open({ holds: 'services tagged bridge' }).recall()).toBeUndefined()
    expect(await open({ holds: EVERYTHING }).recall()).toBeUndefined()
    await keep(snapshot, { holds: EVERYTHING })
    expect(await open({ holds: IN_FULL }).recall()).toBeUndefined()
    const tagged = { problem: expect.stringContaining('holds only services tagged calico') }
    expect(events).toMatchObject([tagged, tagged, { problem: expect.stringContaining('holds only everything') }])
  })
})

it('a disk that cannot be written to is told once, and ends nothing', async () => {
  writeFileSync(folder, 'not a folder')
  const run = open()
  run.keep(snapshot)
  await run.close()
  rmSync(folder)
  mkdirSync(folder)
  run.keep(snapshot)
  await run.close()

  expect(events).toMatchObject([
    { type: 'source.memory_failed', problem: expect.stringContaining('cannot write down') },
  ])
  expect((await open().recall())?.snapshot).toEqual(snapshot)
})

const linesOf = (text: string) => text.trimEnd().split('\n')
