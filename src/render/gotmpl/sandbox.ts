import { realpathSync } from 'node:fs'
import { normalize, sep } from 'node:path'
import { goReason } from './system-error.ts'
import { GoError } from './values.ts'

/** What the path leads to. Throws a GoError for a file outside of the folder, wherever links lead. */
export function inSandbox(folder: string, path: string): string {
  const root = resolved(folder, 'sandbox')
  const file = resolved(path, 'target')
  if (!`${file}${sep}`.startsWith(`${root}${sep}`)) throw new GoError(`'${path}' is outside of sandbox`)
  return file
}

function resolved(path: string, which: string): string {
  try {
    return realpathSync(normalize(path))
  } catch (error) {
    throw new GoError(`failed to resolve ${which} path: ${goReason(error as NodeJS.ErrnoException)}`, { cause: error })
  }
}
