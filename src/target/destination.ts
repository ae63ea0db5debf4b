import { copyFile, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { type Replacement, replaceFile, temporaryOf } from '../disk.ts'

/** How a destination is to lie on the disk. What is left out stays as it is. */
export const DestinationConfig = z.strictObject({
  mode: z.number().optional(),
  uid: z.number().optional(),
  gid: z.number().optional(),
  backup: z.boolean().default(false), // keep the text before as `PATH.bak`
  create_folders: z.boolean().default(true),
})
export type DestinationConfig = z.output<typeof DestinationConfig>

export const asItIs: DestinationConfig = { backup: false, create_folders: true }

/** Throws what the disk refuses. */
export async function writeDestination(path: string, text: string, wanted: DestinationConfig): Promise<Replacement> {
  if (!wanted.create_folders) await stat(dirname(path)) // whoever wants none to be made learns which one is missing
  return replaceFile(path, text, wanted.mode, wanted)
}

/** Are its mode and its owner those that are wanted? Also when there is no file, for there is nothing to mend. */
export async function isAsWanted(path: string, { mode, uid, gid }: DestinationConfig): Promise<boolean> {
  if (mode === undefined && uid === undefined && gid === undefined) return true
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) return true
  return (
    (mode ?? found.mode & 0o7777) === (found.mode & 0o7777) &&
    (uid ?? found.uid) === found.uid &&
    (gid ?? found.gid) === found.gid
  )
}

/** The text of now becomes `PATH.bak`, in one step. A copy, because a mounted file is written in place. */
export async function backUp(path: string): Promise<void> {
  const temporary = temporaryOf(`${path}.bak`)
  try {
    await copyFile(path, temporary)
    await rename(temporary, `${path}.bak`)
  } finally {
    await rm(temporary, { force: true })
  }
}
