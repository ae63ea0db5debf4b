import { readFileSync } from 'node:fs'
import { reasonOf, UpstreamdError } from './errors.ts'

/** The number of a user or a group, given by its name or its number. Throws CONFIG_INVALID. */
export function idOf(kind: 'user' | 'group', name: string): number {
  if (/^\d+$/.test(name)) return Number(name)
  const path = kind === 'user' ? '/etc/passwd' : '/etc/group'
  const found = linesOf(path)
    .map(line => line.split(':'))
    .find(([known]) => known === name)
  if (found !== undefined) return Number(found[2])
  // Node asks no name service, and files are what there is in a container.
  throw new UpstreamdError('CONFIG_INVALID', `${kind} "${name}" is not in ${path}; give its number`)
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n')
  } catch (error) {
    throw new UpstreamdError('CONFIG_INVALID', `cannot look up names in ${path}: ${reasonOf(error)}`)
  }
}
