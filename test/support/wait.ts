/** Waits until `look` gives something; fails with what was expected when it does not in time, or when the signal aborts. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  ms = 15_000,
  signal?: AbortSignal,
): Promise<T> {
  const end = performance.now() + ms
  let last: unknown
  while (performance.now() < end) {
    signal?.throwIfAborted()
    try {
      const found = await look()
      if (found !== undefined && found !== false) return found
    } catch (error) {
      last = error
    }
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  throw new Error(`not within ${ms} ms: ${what}${last === undefined ? '' : ` (last: ${last})`}`)
}
