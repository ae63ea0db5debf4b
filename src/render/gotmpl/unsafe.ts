import { spawnSync } from 'node:child_process'
import { closeSync, constants, fchmodSync, fchownSync, lstatSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, normalize } from 'node:path'
import { getSystemErrorMessage } from 'node:util'
import { idOf } from '../../owner.ts'
import type { Effects, WrittenFile } from './functions/effects.ts'
import { quote } from './quote.ts'
import { goReason } from './system-error.ts'
import { GoError } from './values.ts'

/** As in consul-template. */
const PLUGIN_MS = 30_000

/** What a template may do to the world where an operator has allowed it. Both hold up everything else meanwhile. */
export const unsafeEffects: Effects = {
  run(name, args) {
    const { error, status, signal, stdout, stderr } = spawnSync(name, args, { timeout: PLUGIN_MS, encoding: 'utf8' })
    const fault = error as NodeJS.ErrnoException | undefined
    if (fault?.code === 'ETIMEDOUT') throw new GoError(`exec ${quote(name)}: did not finish in ${PLUGIN_MS / 1_000}s`)
    if (status === 0 && fault === undefined) return stdout
    const why = fault ? reasonNotRun(name, fault) : status === null ? `signal: ${signal}` : `exit status ${status}`
    const said = `stdout:\n\n${stdout ?? ''}\n\nstderr:\n\n${stderr ?? ''}`
    throw new GoError(`exec ${quote(name)}: ${why}\n\n${said}`, { cause: error })
  },
  write: file => {
    try {
      write(file)
    } catch (error) {
      throw error instanceof GoError ? error : new GoError(goReason(error as NodeJS.ErrnoException), { cause: error })
    }
  },
}

function reasonNotRun(name: string, { code, errno = 0 }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT' && !name.includes('/')) return `exec: ${quote(name)}: executable file not found in $PATH`
  return `fork/exec ${name}: ${getSystemErrorMessage(errno)}`
}

function write({ path, user, group, mode, append, content }: WrittenFile): void {
  const [folder, name] = [dirname(normalize(path)), basename(normalize(path))]
  mkdirSync(folder, { recursive: true })
  // Whoever may write in the folder must not choose by a link which file of ours is changed.
  if (isLink(folder)) {
    throw new GoError(`writeToFile: refusing to write through symlinked directory in path ${quote(path)}`)
  }
  const target = join(folder, name)
  if (isLink(target)) throw new GoError(`writeToFile: refusing to write to symlink ${quote(path)}`)

  const { O_WRONLY, O_CREAT, O_NOFOLLOW, O_APPEND, O_TRUNC } = constants
  const file = openSync(target, O_WRONLY | O_CREAT | O_NOFOLLOW | (append ? O_APPEND : O_TRUNC), mode)
  try {
    writeFileSync(file, content)
    if (user !== '' || group !== '') fchownSync(file, numberOf('user', user), numberOf('group', group))
    fchmodSync(file, mode) // it may have been there before, and the umask has taken something away
  } finally {
    closeSync(file)
  }
}

function numberOf(kind: 'user' | 'group', name: string): number {
  const own = kind === 'user' ? process.getuid?.() : process.getgid?.()
  return name === '' ? (own ?? -1) : idOf(kind, name)
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true
}
