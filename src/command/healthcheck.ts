import { readFileSync } from 'node:fs'
import { formatDuration } from '../duration.ts'
import { isAlive } from '../proc.ts'
import { type Status, statusPath } from '../status-file.ts'
import type { Command } from './command.ts'
import { load } from './load.ts'

/** Is a daemon running on this state folder, and does it serve? 0 or 1, and one line that says why. */
export const healthcheck: Command = {
  name: 'healthcheck',
  help: 'is the daemon on this -state-dir ready? 0 or 1',
  async execute(line) {
    const path = statusPath(load(line, process.env).config.state_dir)
    const { ready, text } = judge(path)
    process.stdout.write(`${text}\n`)
    return ready ? 0 : 1
  },
}

function judge(path: string): { ready: boolean; text: string } {
  let status: Status
  try {
    status = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    return { ready: false, text: `not ready: cannot read ${path}: ${(error as Error).message}` }
  }
  if (!isAlive(status)) return { ready: false, text: `not ready: upstreamd ${status.pid} is gone` }
  if (!status.ready) return { ready: false, text: `not ready: ${status.reason}` }
  const old = Object.entries(status.sources).flatMap(([name, { since }]) =>
    since === undefined ? [] : [ageOf(name, since)],
  )
  return { ready: true, text: [`ready: ${status.sites} sites, ${status.servers} servers`, ...old].join('; ') }
}

function ageOf(source: string, since: string): string {
  const age = formatDuration(Math.max(0, Date.now() - Date.parse(since)))
  return `${source} does not answer, what is known of it is ${age} old`
}
