import { accessSync, constants } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { withoutSecrets } from '../../environment.ts'
import { UpstreamdError } from '../../errors.ts'
import { runProgram } from '../program.ts'

export interface NginxBinary {
  readonly path: string // as given; looked up in PATH when it has no slash
  readonly version: string // '1.22.1'
  readonly prefix: string // compiled-in, absolute
  readonly conf: string // compiled-in, absolute
  readonly pid: string // compiled-in, absolute
}

/** Asks nginx what it is (`nginx -V`). Throws TARGET_NOT_INSTALLED. */
export async function probe(path: string, signal: AbortSignal): Promise<NginxBinary> {
  // Administrators' folders are not on everybody's PATH, and nginx lives there.
  const env = { ...withoutSecrets(process.env), PATH: `${process.env.PATH ?? ''}:/usr/local/sbin:/usr/sbin:/sbin` }
  const run = await runProgram(path, ['-V'], { timeout: 10_000, signal, env })
  const version = /nginx version: \S*?\/(\d[\w.]*)/.exec(run.output)?.[1]
  if (version === undefined) {
    const why = run.problem ?? `nginx -V ended with ${run.exitCode}: ${run.output.trim().slice(0, 200)}`
    throw new UpstreamdError('TARGET_NOT_INSTALLED', `cannot run nginx as "${path}": ${why}`)
  }
  const option = (name: string, fallback: string) => new RegExp(`--${name}=(\\S+)`).exec(run.output)?.[1] ?? fallback
  const prefix = option('prefix', '/usr/local/nginx')
  const absolute = (file: string) => (isAbsolute(file) ? file : join(prefix, file))
  return {
    path: path.includes('/') ? path : whereIs(path, env.PATH),
    version,
    prefix,
    conf: absolute(option('conf-path', 'conf/nginx.conf')),
    pid: absolute(option('pid-path', 'logs/nginx.pid')),
  }
}

/** Is `version` at least `wanted`? Both as `1.27.4`. */
export function isAtLeast(version: string, wanted: string): boolean {
  const [mine, theirs] = [version, wanted].map(text => text.split('.').map(Number))
  for (const [position, part] of (theirs ?? []).entries()) {
    const own = mine?.[position] ?? 0
    if (own !== part) return own > part
  }
  return true
}

function whereIs(name: string, path: string): string {
  const candidates = path
    .split(':')
    .filter(Boolean)
    .map(folder => join(folder, name))
  return candidates.find(isExecutable) ?? name
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
