import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What probe.mjs writes down inside the program. Times are those of Date.now(). */
export interface Probe {
  readonly environment: Record<string, string>
  /** The longest time the event loop was blocked, in ms; NaN when nothing was written. */
  longestBlock(from: number, to: number): number
  /** Requests to Consul by path. */
  requests(from: number, to: number): ReadonlyMap<string, number>
}

type What = 'loop' | 'requests'

export function probe(folder: string, what: What): Probe {
  const path = join(folder, `probe.${what}`)
  const variable = what === 'loop' ? 'PROBE_LOOP' : 'PROBE_REQUESTS'
  function lines(from: number, to: number): string[] {
    if (!existsSync(path)) return []
    const between = readFileSync(path, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map(line => line.split(' ') as [string, string])
    return between.filter(([time]) => Number(time) >= from && Number(time) <= to).map(([, value]) => value)
  }
  return {
    environment: { NODE_OPTIONS: `--import=${join(import.meta.dirname, 'probe.mjs')}`, [variable]: path },
    longestBlock: (from, to) => Math.max(...lines(from, to).map(Number), Number.NEGATIVE_INFINITY),
    requests(from, to) {
      const counts = new Map<string, number>()
      for (const line of lines(from, to)) {
        const [question = ''] = line.split('?')
        counts.set(question, (counts.get(question) ?? 0) + 1)
      }
      return counts
    },
  }
}
