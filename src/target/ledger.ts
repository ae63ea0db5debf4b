import { join } from 'node:path'
import { readJsonIfThere, replaceFile } from '../disk.ts'

/** What a target must remember across a crash; everything else is asked of the process or read from the disk. */
export interface Entries {
  /** Digest of the generation that was live and verified last. */
  readonly good?: string
  /** Digest of one that was published and not verified yet: what runs is uncertain until the next activation. */
  readonly pending?: string
  /** What stood at the destinations before we first wrote there; null where there was no file. */
  readonly originals?: Readonly<Record<string, string | null>>
}

export interface Ledger {
  read(): Promise<Entries>
  /** Changes what is named, keeps the rest; undefined removes. */
  update(change: { readonly [K in keyof Entries]?: Entries[K] | undefined }): Promise<void>
}

export function openLedger(folder: string): Ledger {
  const path = join(folder, 'ledger.json')

  async function read(): Promise<Entries> {
    return ((await readJsonIfThere(path)) ?? {}) as Entries
  }
  return {
    read,
    async update(change) {
      await replaceFile(path, JSON.stringify({ ...(await read()), ...change }), 0o600)
    },
  }
}
