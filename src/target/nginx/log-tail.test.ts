import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LogTail } from './log-tail.ts'

let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'upstreamd-log-'))
  path = join(folder, 'control.log')
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('a log that is followed', () => {
  it('that is not there yet has no lines', () => {
    const tail = new LogTail(path)
    tail.mark({ own: false })

    expect(tail.lines()).toEqual([])
    expect(tail.take()).toEqual([])
  })

  it('is read from the mark on, complete lines only', () => {
    writeFileSync(path, 'before\n')
    const tail = new LogTail(path)
    tail.mark({ own: false })

    appendFileSync(path, 'one\ntw')

    expect(tail.lines()).toEqual(['one'])
    expect(tail.lines()).toEqual(['one'])
  })

  it('gives each line once to whoever takes them, also one that was half written', () => {
    const tail = new LogTail(path)
    appendFileSync(path, 'öne\ntw')

    expect(tail.take()).toEqual(['öne'])
    expect(tail.take()).toEqual([])
    appendFileSync(path, 'o\n')
    expect(tail.take()).toEqual(['two'])
  })

  it('that was rotated or has started over is read from its beginning', () => {
    writeFileSync(path, 'a long line before\n')
    const tail = new LogTail(path)
    tail.mark({ own: false })

    truncateSync(path)
    appendFileSync(path, 'after\n')

    expect(tail.take()).toEqual(['after'])
  })

  it('starts over when it is ours and has grown too long', () => {
    writeFileSync(path, `${'x'.repeat(1024 * 1024)}\n`)
    const tail = new LogTail(path)

    tail.mark({ own: true })
    appendFileSync(path, 'after\n')

    expect(tail.lines()).toEqual(['after'])
  })

  it('of very many lines only the last are taken: a log that runs wild costs no memory', () => {
    const tail = new LogTail(path)
    writeFileSync(path, 'line\n'.repeat(1_000_000))

    const lines = tail.take()

    expect(lines.length).toBeLessThan(300_000)
    expect(lines.at(-1)).toBe('line')
  })
})
