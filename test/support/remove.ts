import { rmSync } from 'node:fs'

/**
 * Removes a folder that a running daemon writes to. What it writes meanwhile makes the removal fail with ENOTEMPTY,
 * as it does `rm -r`, which is then called once more.
 */
export function removeInUse(folder: string): void {
  rmSync(folder, { recursive: true, maxRetries: 100, retryDelay: 10 })
}
