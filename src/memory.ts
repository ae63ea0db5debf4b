import { join } from 'node:path'
import { readJsonIfThere, replaceFile } from './disk.ts'

/** What a delivery knows from its last life, beside what its target remembers. */
export interface Memory {
  /** Template texts that were accepted last, by path. */
  readonly texts: Readonly<Record<string, string>>
  /** Were the rules of selection others when this was kept? Then a loss is what somebody asked for. */
  readonly areRulesNew: boolean
  keep(texts: Readonly<Record<string, string>>): Promise<void>
}

export async function openMemory(folder: string, rules: string): Promise<Memory> {
  const path = join(folder, 'memory.json')
  const before = (await readJsonIfThere(path)) as { texts: Record<string, string>; rules: string } | undefined
  let last = JSON.stringify(before)
  return {
    texts: before?.texts ?? {},
    areRulesNew: before !== undefined && before.rules !== rules,
    async keep(texts) {
      const next = JSON.stringify({ texts, rules })
      if (next === last) return
      await replaceFile(path, next, 0o600)
      last = next
    },
  }
}
