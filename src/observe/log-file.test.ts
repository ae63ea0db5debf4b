import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openLogFile } from './log-file.ts'

let folder: string
let now: number
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'upstreamd-log-'))
  now = 0
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 0, 2, 3, 4, 5) })
})
afterEach(() => {
  vi.useRealTimers()
  rmSync(folder, { recursive: true, force: true })
})

/** A log that writes a line in every second. */
function open(options: { bytes?: number; age?: number; kept?: number; path?: string }) {
  const log = openLogFile({ path: join(folder, 'up.log'), bytes: 0, age: 86_400_000, kept: 0, ...options }, () => now)
  return (line: string) => {
    now += 1_000
    vi.setSystemTime(Date.now() + 1_000)
    log(`${line}\n`)
  }
}
const files = () => readdirSync(folder).sort()
const texts = () => files().map(name => readFileSync(join(folder, name), 'utf8'))

describe('a log in files', () => {
  it('is named after the time it begins at, and begins at once', () => {
    open({})

    expect(files()).toEqual(['up-2026-01-02T03-04-05.000Z.log'])
  })

  it('is called .log when nothing else is said', () => {
    open({ path: join(folder, 'up') })

    expect(files()).toEqual(['up-2026-01-02T03-04-05.000Z.log'])
  })

  it('grows without end when no length is given', () => {
    const log = open({})
    for (const line of ['a', 'b', 'c']) log(line)

    expect(texts()).toEqual(['a\nb\nc\n'])
  })

  it('begins anew when it is long enough', () => {
    const log = open({ bytes: 4 })
    for (const line of ['a', 'b', 'c', 'd', 'e']) log(line)

    expect(texts()).toEqual(['a\nb\n', 'c\nd\n', 'e\n'])
  })

  it('begins anew when it is old enough', () => {
    const log = open({ age: 2_000 })
    for (const line of ['a', 'b', 'c']) log(line)

    expect(texts()).toEqual(['a\n', 'b\nc\n'])
  })

  it.each([
    { kept: 0, left: ['a\n', 'b\n', 'c\n', 'd\n'] },
    { kept: 1, left: ['c\n', 'd\n'] },
    { kept: -1, left: ['d\n'] },
  ])('keeps as many old ones as $kept says', ({ kept, left }) => {
    const log = open({ bytes: 1, kept })
    for (const line of ['a', 'b', 'c', 'd']) log(line)

    expect(texts()).toEqual(left)
  })

  it('never removes a file of somebody else', () => {
    const strangers = [
      'up-audit.log',
      'up.log',
      'up-2026-01-01T00-00-00.000Z.txt',
      'other-2026-01-01T00-00-00.000Z.log',
    ]
    for (const name of strangers) writeFileSync(join(folder, name), '')

    const log = open({ bytes: 1, kept: -1 })
    for (const line of ['a', 'b']) log(line)

    expect(files()).toEqual(expect.arrayContaining(strangers))
    expect(files()).toHaveLength(strangers.length + 1)
  })

  it('says at the start when it cannot be written', () => {
    expect(() => open({ path: join(folder, 'nowhere/up.log') })).toThrow(/ENOENT/)
  })

  it('goes on by itself when its folder is there again', () => {
    const log = open({ bytes: 1 })
    log('a')
    rmSync(folder, { recursive: true })
    expect(() => log('b')).toThrow(/ENOENT/)

    mkdirSync(folder)
    log('c')

    expect(texts()).toEqual(['c\n'])
  })
})
