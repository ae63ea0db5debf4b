import { spawnSync } from 'node:child_process'
import { appendFileSync, chownSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { idOf } from '../../owner.ts'
import type { Effects, WrittenFile } from './functions/effects.ts'
import { GoError } from './values.ts'

/** As in consul-template. */
const PLUGIN_MS = 30_000

/** What a template may do to the world where an operator has allowed it. Both hold up everything else meanwhile. */
export const unsafeEffects: Effects = {
  run(name, args) {
    const { error, status, stdout, stderr } = spawnSync(name, args, { timeout: PLUGIN_MS, encoding: 'utf8' })
    if (error !== undefined) throw new GoError(`exec "${name}": ${error.message}`, { cause: error })
    if (status !== 0) throw new GoError(`exec "${name}": exit status ${status}: ${stdout}${stderr}`.trim())
    return stdout
  },
  write: file => {
    try {
      write(file)
    } catch (error) {
      throw error instanceof GoError ? error : new GoError((error as Error).message, { cause: error })
    }
  },
}

function write({ path, user, group, mode, append, content }: WrittenFile): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) throw new GoError(`${path} is a symbolic link`)
  const put = append ? appendFileSync : writeFileSync
  put(path, content, { mode })
  if (user !== '' || group !== '') {
    chownSync(path, user === '' ? -1 : idOf('user', user), group === '' ? -1 : idOf('group', group))
  }
}
