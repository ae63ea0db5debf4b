import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../../src/runtime.ts'

/** A clock that stands still; who sleeps on it is woken by `pass`, which resolves when what follows has been done. */
export function stoppedClock(): { readonly clock: Clock; pass(ms: number): Promise<void> } {
  let time = 0
  const sleepers = new Set<{ readonly until: number; wake(): void }>()
  return {
    clock: {
      now: () => time,
      sleep: (ms, signal) =>
        new Promise((resolve, reject) => {
          if (signal.aborted) return reject(signal.reason)
          const leave = () => {
            sleepers.delete(sleeper)
            reject(signal.reason)
          }
          const sleeper = {
            until: time + ms,
            wake() {
              signal.removeEventListener('abort', leave)
              sleepers.delete(sleeper)
              resolve()
            },
          }
          sleepers.add(sleeper)
          signal.addEventListener('abort', leave, { once: true })
        }),
    },
    async pass(ms) {
      const end = time + ms
      await setImmediate()
      while (true) {
        const [next] = [...sleepers].filter(({ until }) => until <= end).sort((a, b) => a.until - b.until)
        if (next === undefined) break
        time = Math.max(time, next.until)
        next.wake()
        await setImmediate()
      }
      time = end
    },
  }
}
