import { join } from 'node:path'
import { readJsonIfThere, replaceFile } from './disk.ts'
import { reasonOf, systemCode } from './errors.ts'
import type { Emit } from './observe/event.ts'

const KEEP_AGAIN_MS = 10_000

/** What a delivery knows from its last life, beside what its target remembers. */
export interface Memory {
  /** Template texts that were accepted last, by path. */
  readonly texts: Readonly<Record<string, string>>
  /** Were the rules of selection others when this was kept? Then a loss is what somebody asked for. */
  readonly areRulesNew: boolean
  /** Were the texts accepted under other conditions (delimiters, environment, nginx)? Then it is not known what they give. */
  readonly areConditionsNew: boolean
  keep(texts: Readonly<Record<string, string>>): Promise<void>
}

interface Kept {
  readonly texts: Record<string, string>
  readonly rules: string
  readonly conditions: string
}

export async function openMemory(
  folder: string,
  { rules, conditions }: { readonly rules: string; readonly conditions: string },
): Promise<Memory> {
  const path = join(folder, 'memory.json')
  const before = (await readJsonIfThere(path)) as Kept | undefined
  let last = JSON.stringify(before)
  return {
    texts: before?.texts ?? {},
    areRulesNew: before !== undefined && before.rules !== rules,
    areConditionsNew: before !== undefined && before.conditions !== conditions,
    async keep(texts) {
      const next = JSON.stringify({ texts, rules, conditions } satisfies Kept)
      if (next === last) return
      await replaceFile(path, next, 0o600)
      last = next
    },
  }
}

/** What was accepted is needed only if the next start meets a broken file: a full disk is told, and tried again. */
export async function keepTexts(
  memory: Memory,
  texts: Readonly<Record<string, string>>,
  { emit, again }: { readonly emit: Emit; again(ms: number): void },
): Promise<void> {
  try {
    await memory.keep(texts)
  } catch (error) {
    if (systemCode(error) === undefined) throw error
    const problem = `cannot write down the accepted templates: ${reasonOf(error)}`
    emit({ type: 'generation.failed', code: 'TARGET_STAGE_FAILED', problem, retryIn: KEEP_AGAIN_MS })
    again(KEEP_AGAIN_MS)
  }
}
