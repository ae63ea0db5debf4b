import { execFileSync, type SpawnOptions } from 'node:child_process'
import { dirname } from 'node:path'
import { workersOf } from '../../src/target/nginx/proc.ts'
import { Children } from '../support/children.ts'
import { until } from '../support/wait.ts'
import { sleep } from './answers.ts'
import type { Contestant } from './contenders.ts'
import { median } from './numbers.ts'
import { opened } from './opened.ts'

/** What nginx itself needs for the very file we have written: nobody who tests and reloads is faster. Medians, ms. */
export interface Floor {
  readonly test: number // nginx -t
  readonly reload: number // SIGHUP → a new worker
}

const TIMES = 5
const LOOK_MS = 2

/** The program and its nginx have been stopped; their files are still there. */
export async function measureFloor({ nginxConf, nginxLog }: Contestant): Promise<Floor> {
  const prefix = dirname(nginxLog)
  const args = ['-c', nginxConf, '-p', prefix]
  const options: SpawnOptions = { cwd: prefix }
  const test = Array.from({ length: TIMES }, () =>
    timeOf(() => execFileSync('nginx', ['-t', '-q', ...args], { cwd: prefix, stdio: 'ignore' })),
  )
  const children = new Children()
  const stop = opened(() => children.endAll())
  try {
    const master = children.start('nginx', [...args, '-g', 'daemon off;'], options)
    const pid = master.pid ?? 0
    await until('nginx has workers', () => workersOf(pid).length > 0)
    const reload: number[] = []
    for (let time = 0; time < TIMES; time += 1) {
      const before = new Set(workersOf(pid))
      const began = performance.now()
      process.kill(pid, 'SIGHUP')
      while (workersOf(pid).every(worker => before.has(worker)) && master.exitCode === null) await sleep(LOOK_MS)
      reload.push(performance.now() - began)
      await until('the old workers are gone', () => workersOf(pid).every(worker => !before.has(worker)))
    }
    return { test: median(test), reload: median(reload) }
  } finally {
    await stop()
  }
}

function timeOf(task: () => void): number {
  const began = performance.now()
  task()
  return performance.now() - began
}
