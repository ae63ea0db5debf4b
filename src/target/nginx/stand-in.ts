import { reasonOf, UpstreamdError } from '../../errors.ts'
import type { Activation } from '../target.ts'
import { decide } from './process.ts'
import type { Supervisor } from './supervisor.ts'

/**
 * Makes something answer before anything is known: in a user's tree what he has there, which may well be what he needs;
 * else a generation that knows of no service. Throws errors of class `target`. The caller makes sure it runs alone.
 */
export async function standIn(
  supervisor: Supervisor,
  hasTree: boolean,
  activate: () => Promise<Activation>,
): Promise<boolean> {
  const found = supervisor.look()
  if (decide(found) !== 'start') return false
  if (hasTree) {
    await supervisor.clean(found)
    if ((await supervisor.start(undefined)).kind === 'accepted') return true
  }
  const outcome = await activate()
  if (outcome.kind !== 'rolled_back') return true
  throw new UpstreamdError('TARGET_NOT_TAKEN_UP', `nginx cannot be started: ${reasonOf(outcome.cause)}`)
}
