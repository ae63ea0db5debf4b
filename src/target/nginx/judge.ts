import { UpstreamdError } from '../../errors.ts'
import { type Diagnostic, describe } from '../../model/diagnostic.ts'
import type { Generation } from '../../model/generation.ts'
import type { Validation } from '../target.ts'
import { breakoutsIn, clashesIn, serviceAt } from './attribute.ts'
import type { Prepared } from './layout.ts'
import type { Preflight } from './preflight.ts'
import { validate } from './validate.ts'

/** Characters of a refused line that are shown. */
const SHOWN = 120

export type Judge = (
  generation: Generation,
  prepared: Prepared,
  /** What its workers died of, when it was live before. */
  died: string | undefined,
  signal: AbortSignal,
) => Promise<Validation>

/**
 * First that data is nothing but arguments, then `nginx -t`, then what that does not see, or only warns of; what is found
 * is tied to the service whose data it is.
 */
export function createJudge(binary: string, checksOutput: boolean, preflight: Pick<Preflight, 'check'>): Judge {
  return async ({ files }, prepared, died, signal) => {
    if (died !== undefined) {
      return invalid([{ severity: 'error', message: `its workers died when it was live: ${died}` }])
    }
    // nginx reads it beside us; what it says of what breaks out is not asked for.
    const ended = new AbortController()
    const validating = validate(binary, prepared, AbortSignal.any([signal, ended.signal]))
    const [first, ...others] = checksOutput ? breakoutsIn(files) : []
    if (first !== undefined) {
      ended.abort()
      await validating.catch(() => {}) // it was ended
      signal.throwIfAborted()
      return invalid([first, ...others])
    }
    const verdict = await validating
    if (verdict.kind === 'valid') {
      const [clash, ...rest] = clashesIn(files, verdict.warnings)
      if (clash !== undefined) return invalid([clash, ...rest])
      const [taken, ...more] = await preflight.check(prepared, signal)
      return taken === undefined ? verdict : refuseTaken([taken, ...more], prepared)
    }
    const [culprit] = verdict.diagnostics
    const isOurs = culprit.file !== undefined && prepared.fileAt(culprit.file) !== undefined
    if (!isOurs) await refuseBrokenTree(binary, prepared, signal)
    const [mine, ...rest] = verdict.diagnostics.map(diagnostic => attributed(diagnostic, prepared))
    return mine === undefined ? verdict : invalid([mine, ...rest])
  }
}

/** Throws TARGET_TREE_BROKEN when it is a file of the user's that asks for it. */
function refuseTaken(taken: readonly [Diagnostic, ...Diagnostic[]], prepared: Prepared): Validation {
  const [first, ...others] = taken.map(diagnostic => attributed(diagnostic, prepared))
  const theirs = taken.filter(({ file }) => file === undefined || prepared.fileAt(file) === undefined)
  if (first !== undefined && theirs.length === 0) return invalid([first, ...others])
  const problems = theirs.map(describe).join('; ')
  throw new UpstreamdError('TARGET_TREE_BROKEN', `the nginx configuration asks for what somebody else has: ${problems}`)
}

/** A file of the user's is named, or none: throws TARGET_TREE_BROKEN when nginx refuses the tree without us, too. */
async function refuseBrokenTree(binary: string, prepared: Prepared, signal: AbortSignal): Promise<void> {
  const without = await prepared.withoutOurs()
  const alone = without && (await validate(binary, without, signal))
  if (alone?.kind !== 'invalid') return
  const problems = alone.diagnostics.map(describe).join('; ')
  throw new UpstreamdError('TARGET_TREE_BROKEN', `the nginx configuration is broken without what we write: ${problems}`)
}

function attributed(diagnostic: Diagnostic, prepared: Prepared): Diagnostic {
  const file = diagnostic.file === undefined ? undefined : prepared.fileAt(diagnostic.file)
  if (file === undefined || diagnostic.line === undefined) return diagnostic
  const service = serviceAt(file, diagnostic.line)
  const source = file.text.split('\n')[diagnostic.line - 1]?.trim().slice(0, SHOWN)
  return { ...diagnostic, ...(service !== undefined && { service }), ...(source && { source }) }
}

function invalid(diagnostics: readonly [Diagnostic, ...Diagnostic[]]): Validation {
  return { kind: 'invalid', diagnostics }
}
