import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What ships beside the program: found from the bundle in dist/ as well as from the sources. */
export function shipped(path: string): string {
  const here = dirname(fileURLToPath(import.meta.url))
  const root = existsSync(join(here, 'package.json')) ? here : dirname(here)
  return join(root, path)
}

export function isShipped(path: string): boolean {
  return path.startsWith(shipped('nginx/')) || path.startsWith(shipped('ctmpl/'))
}

export const version = typeof UPSTREAMD_VERSION === 'string' ? UPSTREAMD_VERSION : '0.0.0-source'

declare const UPSTREAMD_VERSION: string | undefined
