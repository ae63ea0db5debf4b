import { realpathSync } from 'node:fs'
import { sep } from 'node:path'
import { reasonOf } from '../../errors.ts'
import { GoError } from './values.ts'

/** Throws a GoError for a file outside of the folder, wherever links lead. */
export function inSandbox(folder: string, path: string): void {
  const [root, file] = [folder, path].map(resolved)
  if (root === undefined || file === undefined || !`${file}${sep}`.startsWith(`${root}${sep}`)) {
    throw new GoError(`'${path}' is outside of sandbox`)
  }
}

function resolved(path: string): string {
  try {
    return realpathSync(path)
  } catch (error) {
    throw new GoError(reasonOf(error), { cause: error })
  }
}
