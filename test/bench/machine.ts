import { spawnSync } from 'node:child_process'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { consulBinary } from '../support/consul.ts'
import type { Plan } from './options.ts'

/** Where and with what it was measured. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memory: number // GiB
  readonly kernel: string
  readonly versions: readonly string[]
  readonly date: string
  readonly load: number // of the minute before
}

export function machine({ peer }: Plan): Machine {
  const [cpu] = cpus()
  return {
    cpu: cpu?.model.trim() ?? 'unknown processor',
    cores: cpus().length,
    memory: Math.round(totalmem() / 2 ** 30),
    kernel: release().split('-')[0] ?? '',
    versions: [
      `Node ${process.version.slice(1)}`,
      `nginx ${version('nginx', '-v')}`,
      `Consul ${version(consulBinary() ?? 'consul', 'version')}`,
      ...(peer === undefined ? [] : [`consul-template ${version(peer, '-version')}`]),
    ],
    date: new Date().toISOString().slice(0, 10),
    load: loadavg()[0] ?? 0,
  }
}

function version(program: string, flag: string): string {
  const { stdout = '', stderr = '' } = spawnSync(program, [flag], { encoding: 'utf8' })
  return /\d+\.\d+\.\d+/.exec(`${stdout} ${stderr}`)?.[0] ?? '?'
}
