import type { Func } from '../../values.ts'
import { text } from '../define.ts'
import { constraints } from './semver-constraint.ts'
import { Version } from './version.ts'

export const semverFunctions: readonly Func[] = [
  text('semver', 1, version => new Version(version)),
  text('semverCompare', 2, (constraint, version) => {
    const check = constraints(constraint)
    return check(new Version(version))
  }),
]
