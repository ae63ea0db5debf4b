import { mkdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { readIfThere, replaceFile } from '../../disk.ts'
import { systemCode, UpstreamdError } from '../../errors.ts'
import type { Generation } from '../../model/generation.ts'
import { defineModule } from '../../registry.ts'
import type { Clock } from '../../runtime.ts'
import { runCommand } from '../command.ts'
import { backUp, isAsWanted, writeDestination } from '../destination.ts'
import { createGenerations } from '../generations.ts'
import { openLedger } from '../ledger.ts'
import type { Activation, Target } from '../target.ts'
import { FilesConfig } from './config.ts'

/** A plain file: an atomic write, then its command. A command that fails puts the previous text back. */
export const files = defineModule<Target>()({
  config: FilesConfig,
  create: (config, { clock }) => createTarget(config, clock),
})

function createTarget({ destination, rights, command, state }: FilesConfig, clock: Clock): Target {
  mkdirSync(join(state, 'generations'), { recursive: true, mode: 0o700 })
  const generations = createGenerations(join(state, 'generations'), (_path, position) => String(position))
  const ledger = openLedger(state)

  async function recall() {
    const { good } = await ledger.read()
    return good === undefined ? undefined : generations.read(good)
  }

  async function write(generation: Generation, signal: AbortSignal): Promise<Activation> {
    signal.throwIfAborted()
    const began = clock.now()
    const text = generation.files[0]?.text ?? ''
    const before = await readIfThere(destination)
    await ledger.update({ pending: generation.digest })
    if (before !== text || !(await isAsWanted(destination, rights))) {
      if (rights.backup && before !== undefined && before !== text) await backUp(destination)
      await writeDestination(destination, text, rights)
    }
    const written = clock.now()
    try {
      if (command !== undefined) await runCommand(command, signal)
    } catch (error) {
      if (before === undefined) await rm(destination, { force: true })
      else await replaceFile(destination, before)
      signal.throwIfAborted() // a stop is no failure of the command
      return { kind: 'rolled_back', cause: error as Error }
    }
    const took = { signal: written - began, verified: clock.now() - written }
    await ledger.update({ good: generation.digest, pending: undefined })
    await generations.prune([generation.digest])
    return { kind: 'written', took }
  }

  return {
    name: destination,
    recall,
    async running() {
      const { good, pending } = await ledger.read()
      const text = (await recall())?.files[0]?.text
      // Written but its command never ended well: not live, so it is tried again.
      const isWritten = text !== undefined && text === (await readIfThere(destination))
      const isProven = pending === undefined && isWritten && (await isAsWanted(destination, rights))
      return { pid: undefined, digest: isProven ? good : undefined, draining: 0 }
    },
    judge: async () => ({ kind: 'valid', warnings: [] }),
    async stage(generation) {
      await attempt(`cannot keep a copy of ${destination} in ${state}`, () => generations.write(generation))
      return {
        validate: async () => ({ kind: 'valid', warnings: [] }),
        discard: async () => {},
        activate: signal => attempt(`cannot write ${destination}`, () => write(generation, signal)),
      }
    },
    standIn: async () => false, // a file without services is worse than the one that is there
    supervise: async () => {},
    stop: async () => {},
  }
}

/** What the disk refuses is the operator's to mend, and no bug. Throws TARGET_STAGE_FAILED. */
async function attempt<T>(what: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task()
  } catch (error) {
    if (systemCode(error) === undefined) throw error
    throw new UpstreamdError('TARGET_STAGE_FAILED', what, { cause: error })
  }
}
