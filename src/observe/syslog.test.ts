import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { openSyslog } from './syslog.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'upstreamd-syslog-'))
  vi.stubEnv('PATH', `${folder}:${process.env.PATH}`)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

it('takes no more memory than it may when the system log hangs, and tells so once', async () => {
  const pid = join(folder, 'pid')
  writeFileSync(join(folder, 'logger'), `#!/bin/sh\necho $$ > '${pid}'\nexec sleep 1000\n`)
  chmodSync(join(folder, 'logger'), 0o755)
  const told: string[] = []
  const send = openSyslog(
    { facility: 'local0', name: 'x' },
    () => performance.now(),
    problem => told.push(problem),
  )

  for (let line = 0; line < 5_000; line += 1) send('info', 'x'.repeat(1_000))

  expect(told).toEqual(['it takes nothing; lines are left out'])
  process.kill(Number(await vi.waitUntil(() => existsSync(pid) && readFileSync(pid, 'utf8').trim(), 15_000)), 'SIGKILL')
})
