import { chmodSync, mkdirSync, type Stats, statSync } from 'node:fs'
import { chmod, chown, type FileHandle, mkdir, open, readFile, rename, rm, stat, symlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { systemCode } from './errors.ts'

/** The text of a file, or undefined when there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/** What a file of ours holds as JSON; undefined when there is none, or only half of one. */
export async function readJsonIfThere(path: string): Promise<unknown> {
  const text = await readIfThere(path)
  try {
    return text === undefined ? undefined : JSON.parse(text)
  } catch {
    return undefined // a full disk left it; everything in it can be found out again
  }
}

/** Node's own recursive mkdir calls a read-only disk "no such file or directory" (Node 24). */
export async function makeFolder(path: string, mode = 0o777): Promise<void> {
  try {
    await mkdir(path, mode)
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return
    if (systemCode(error) !== 'ENOENT') throw error
    await makeFolder(dirname(path), mode)
    await makeFolder(path, mode)
  }
}

/** Writes a new file and makes sure it is on the disk; a half-written one is removed. */
export async function writeNew(path: string, text: string | Iterable<string>, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode)
  try {
    await file.writeFile(text)
    await file.sync()
  } catch (error) {
    await rm(path, { force: true })
    throw error
  } finally {
    await file.close()
  }
}

/** The dot keeps a glob such as conf.d/* from reading it; one name, so that kills leave no litter behind. */
export function temporaryOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.upstreamd.tmp`)
}

export type Replacement = 'renamed' | 'in_place'

/** What a file is to have, whatever it had before. */
export interface Rights {
  readonly mode?: number | undefined
  readonly uid?: number | undefined
  readonly gid?: number | undefined
}

/**
 * Replaces a file's text so that a reader sees the old or the new one: temp + fsync + rename, keeping mode and owner
 * unless others are wanted. Where the file is a mount of its own, a rename is refused (EBUSY) and the text is written
 * in place.
 */
export async function replaceFile(path: string, text: string, mode = 0o644, wanted: Rights = {}): Promise<Replacement> {
  await makeFolder(dirname(path))
  const before = await stat(path).catch(() => undefined)
  const temporary = temporaryOf(path)
  await rm(temporary, { force: true }) // of a run that was killed before its rename
  await writeNew(temporary, text, mode)
  try {
    await giveRights(temporary, wanted, before)
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    if (systemCode(error) !== 'EBUSY' && systemCode(error) !== 'EXDEV') throw error
    await writeInPlace(path, text)
    await giveRights(path, wanted, undefined)
    return 'in_place'
  }
  await syncFolder(dirname(path))
  return 'renamed'
}

/** The owner first: a change of owner takes the bits for set-user-ID away. */
async function giveRights(path: string, { mode, uid, gid }: Rights, before: Stats | undefined): Promise<void> {
  if (uid !== undefined || gid !== undefined || before !== undefined)
    await chown(path, uid ?? before?.uid ?? -1, gid ?? before?.gid ?? -1)
  const bits = mode ?? (before && before.mode & 0o7777)
  if (bits !== undefined) await chmod(path, bits)
}

async function writeInPlace(path: string, text: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    const bytes = Buffer.from(text)
    // Written over, then cut: there is no moment at which the file is empty.
    await writeAll(file, bytes)
    await file.truncate(bytes.length)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  let written = 0
  while (written < bytes.length) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, written)
    written += bytesWritten
  }
}

/** Points a symlink elsewhere with one rename: whoever follows it finds the old or the new. */
export async function switchLink(path: string, to: string): Promise<void> {
  const temporary = temporaryOf(path)
  await rm(temporary, { force: true }) // of a run that was killed before its rename
  await symlink(to, temporary)
  await rename(temporary, path)
  await syncFolder(dirname(path))
}

/** Makes a folder that nobody else may look into; also one that an earlier version has made. */
export function closeFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o700)
}

/** A rename is durable only when its folder is. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
