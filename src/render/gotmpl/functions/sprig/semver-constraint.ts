import { GoError } from '../../values.ts'
import { Version } from './version.ts'

const part = '[0-9|xX*]+'
const labels = '[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*'
const version = `v?(?:${part})(?:\\.(?:${part}))?(?:\\.(?:${part}))?(?:-${labels})?(?:\\+${labels})?`
const operators = '=||!=|>|<|>=|=>|<=|=<|~|~>|\\^'

const one = new RegExp(
  `^\\s*(${operators})\\s*(v?(${part})(?:\\.(${part}))?(?:\\.(${part}))?(-${labels})?(?:\\+${labels})?)\\s*$`,
)
const some = new RegExp(`(?:${operators})\\s*(?:${version})`, 'g')
const several = new RegExp(
  `^(\\s*(?:${operators})\\s*(?:${version})\\s*)((?:\\s+|,\\s*)(?:${operators})\\s*(?:${version})\\s*)*$`,
)
const range = new RegExp(`\\s*(${version})\\s+-\\s+(${version})\\s*`, 'g')

interface Constraint {
  readonly operator: string
  readonly version: Version
  /** Which parts are open: of `1.x` the minor one and what is behind it. */
  readonly open: 'none' | 'patch' | 'minor' | 'all'
}

/** Constraints of Masterminds/semver: `||` between sets, blanks or commas within one, `1 - 2` for a range. */
export function constraints(text: string): (version: Version) => boolean {
  const sets = text.replace(range, (_, from, to) => `>= ${from}, <= ${to} `).split('||')
  const alternatives = sets.map(set => {
    if (!several.test(set)) throw new GoError(`improper constraint: ${set}`)
    return (set.match(some) ?? [set]).map(constraint)
  })
  return version => alternatives.some(set => set.every(each => holds(each, version)))
}

function constraint(text: string): Constraint {
  const match = one.exec(text)
  if (match === null) throw new GoError(`improper constraint: ${text}`)
  const [, operator = '', written = '', major = '', minor = '', patch = '', prerelease = ''] = match
  const isOpen = (part: string) => part === '' || /^[xX*]$/.test(part)
  if (isOpen(major)) return { operator, version: parsed(`0.0.0${prerelease}`), open: 'all' }
  if (isOpen(minor)) return { operator, version: parsed(`${major}.0.0${prerelease}`), open: 'minor' }
  if (isOpen(patch)) return { operator, version: parsed(`${major}.${minor}.0${prerelease}`), open: 'patch' }
  return { operator, version: parsed(written), open: 'none' }
}

function parsed(text: string): Version {
  try {
    return new Version(text)
  } catch (error) {
    if (error instanceof GoError) throw new GoError('constraint Parser Error', { cause: error })
    throw error
  }
}

/** A prerelease fits only a constraint that names one. */
function holds(constraint: Constraint, version: Version): boolean {
  const wanted = constraint.version
  const skipsPrerelease = constraint.operator !== '!=' || constraint.open !== 'none'
  if (skipsPrerelease && version.prerelease !== '' && wanted.prerelease === '') return false
  const order = version.compare(wanted)
  switch (constraint.operator) {
    case '!=':
      return isOther(constraint, version)
    case '>':
      return isAbove(constraint, version)
    case '<':
      return order < 0
    case '>=':
    case '=>':
      return order >= 0
    case '<=':
    case '=<':
      return isAtMost(constraint, version)
    case '~':
    case '~>':
      return isNear(constraint, version)
    case '^':
      return isCompatible(constraint, version)
  }
  return constraint.open === 'none' ? order === 0 : isNear(constraint, version)
}

function isOther({ version: wanted, open }: Constraint, version: Version): boolean {
  if (open === 'none') return version.compare(wanted) !== 0
  if (version.major !== wanted.major) return true
  if (open === 'minor') return false
  if (version.minor !== wanted.minor) return true
  if (open === 'all') return version.patch !== wanted.patch || version.compare(wanted) !== 0
  return version.prerelease !== wanted.prerelease
}

function isAbove({ version: wanted, open }: Constraint, version: Version): boolean {
  if (open === 'none' || open === 'all') return version.compare(wanted) > 0
  if (version.major !== wanted.major) return version.major > wanted.major
  return open === 'patch' && version.minor > wanted.minor
}

function isAtMost({ version: wanted, open }: Constraint, version: Version): boolean {
  if (open === 'none') return version.compare(wanted) <= 0
  if (version.major > wanted.major) return false
  return version.major < wanted.major || version.minor <= wanted.minor || open === 'minor'
}

function isNear({ version: wanted, open }: Constraint, version: Version): boolean {
  if (version.compare(wanted) < 0) return false
  const isZero = wanted.major === 0n && wanted.minor === 0n && wanted.patch === 0n
  if (isZero && (open === 'none' || open === 'all')) return true
  return version.major === wanted.major && (version.minor === wanted.minor || open === 'minor')
}

function isCompatible({ version: wanted, open }: Constraint, version: Version): boolean {
  if (version.compare(wanted) < 0) return false
  if (wanted.major > 0n || open === 'minor') return version.major === wanted.major
  if (version.major > 0n) return false
  if (wanted.minor > 0n || open === 'patch') return version.minor === wanted.minor
  return version.minor === 0n && version.patch === wanted.patch
}
