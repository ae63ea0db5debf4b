import { get } from '../support/http.ts'

/** Small beside what is measured, the same for every contender, and no more than a tenth of a core. */
const LOOK_MS = 2
const PATIENCE_MS = 60_000

/** Resolves with the milliseconds it took until this host answers so. */
export async function answered(port: number, host: string, status: number, patience = PATIENCE_MS): Promise<number> {
  const began = performance.now()
  while (performance.now() < began + patience) {
    const reply = await get(port, host).catch(() => undefined)
    if (reply?.status === status) return performance.now() - began
    await sleep(LOOK_MS)
  }
  throw new Error(`${host} did not answer ${status} within ${patience / 1_000} s`)
}

export function sleep(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, Math.max(0, ms)))
}
