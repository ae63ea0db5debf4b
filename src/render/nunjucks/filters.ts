import type nunjucks from 'nunjucks'

/** What templates may use beside nunjucks' own filters. */
export function addFilters(environment: nunjucks.Environment): EnvironmentWithFilters {
  const known = environment as EnvironmentWithFilters
  known.addFilter('zoneSize', zoneSize)
  known.addFilter('quote', String) // the quotes are put around by whoever knows what in the text is data
  known.addGlobal('range', range)
  delete known.filters.random // a text that changes by itself would be reloaded for ever
  return known
}

type EnvironmentWithFilters = nunjucks.Environment & { readonly filters: Record<string, unknown> }

/**
 * Shared memory for an upstream's `zone`: `64k` to start with, then 32k for every 32 servers.
 * Measured with nginx 1.22 on 64-bit: a peer takes less than 900 bytes, slab overhead included.
 */
export function zoneSize(servers: readonly unknown[]): string {
  return `${64 + 32 * Math.floor(servers.length / 32)}k`
}

/** Longer lists than this are a mistake, and would take all memory before any time is up. */
const LONGEST_RANGE = 1_000_000

/** As nunjucks' own: `range(stop)` or `range(start, stop, step)`. */
function range(from: number, to?: number, step = 1): number[] {
  const [start, stop] = to === undefined ? [0, from] : [from, to]
  const length = Math.max(0, Math.ceil((stop - start) / step))
  if (!(length <= LONGEST_RANGE)) throw new Error(`range gives at most ${LONGEST_RANGE} numbers`)
  return Array.from({ length }, (_, position) => start + position * step)
}
