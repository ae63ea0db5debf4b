import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

/** An nginx that has keepalive_min_timeout, 1.27.4 or later: Debian 12's is too old, a later one is unpacked beside it. */
export function newerNginx(): string | undefined {
  const script = join(import.meta.dirname, '../../scripts/newer-nginx')
  try {
    return execFileSync(script, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 120_000 }).trim()
  } catch (error) {
    console.warn(`no nginx of 1.27.4 or later for kept connections: ${error}`)
    return undefined
  }
}
