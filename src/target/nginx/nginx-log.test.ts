import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { NginxLog } from './nginx-log.ts'

let folder: string
let log: NginxLog

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'upstreamd-log-'))
  log = new NginxLog(folder, join(folder, 'error.log'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const says = (text: string, pid = 100) =>
  appendFileSync(log.control, `2026/01/02 03:04:05 [notice] ${pid}#${pid}: ${text}\n`)

describe('a master reads a configuration', () => {
  it('from when it says so until it comes to an end', () => {
    expect(log.isReading(100)).toBe(false)
    says('signal 1 (SIGHUP) received from 7, reconfiguring')
    says('reconfiguring')
    expect(log.isReading(100)).toBe(true)
    expect(log.isReading(10)).toBe(false)

    says('worker process 101 exited with code 0', 200)
    expect(log.isReading(100)).toBe(true)
    says('start worker processes')
    expect(log.isReading(100)).toBe(false)
  })
})

describe('workers that died on a signal', () => {
  it('are told once, from the log that the nginx of the moment writes', () => {
    says('worker process 101 exited on signal 11')
    says('worker process 102 exited with code 0')
    appendFileSync(join(folder, 'error.log'), 'x [alert] 9#9: worker process 10 exited on signal 9\n')

    expect(log.crashes(true)).toEqual(['worker process 101 exited on signal 11'])
    expect(log.crashes(true)).toEqual([])
    expect(log.crashes(false)).toEqual(['worker process 10 exited on signal 9'])
  })
})
