import { type Func, GoError, Num, Opaque, type Value } from '../../values.ts'
import { define } from '../define.ts'

const form =
  /^v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?$/

/** github.com/Masterminds/semver, which takes `v1` and `1.2` for versions, too. */
export class Version extends Opaque {
  readonly goType = '*semver.Version'
  readonly original: string
  readonly major: bigint
  readonly minor: bigint
  readonly patch: bigint
  readonly prerelease: string
  readonly metadata: string

  constructor(original: string) {
    super()
    const match = form.exec(original)
    if (match === null) throw new GoError('Invalid Semantic Version')
    const [, major = '0', minor = '0', patch = '0', prerelease = '', metadata = ''] = match
    if (prerelease.split('.').some(part => /^0\d+$/.test(part))) throw new GoError('Version segment starts with 0')
    this.original = original
    this.major = segment(major)
    this.minor = segment(minor)
    this.patch = segment(patch)
    this.prerelease = prerelease
    this.metadata = metadata
  }

  override print(): string {
    return `${this.#release()}${this.metadata === '' ? '' : `+${this.metadata}`}`
  }

  override equals(other: Value): boolean {
    return other instanceof Version && other.original === this.original && other.print() === this.print()
  }

  compare(other: Version): number {
    for (const part of ['major', 'minor', 'patch'] as const) {
      if (this[part] !== other[part]) return this[part] < other[part] ? -1 : 1
    }
    if (this.prerelease === other.prerelease) return 0
    // A release comes after all its prereleases.
    if (this.prerelease === '' || other.prerelease === '') return this.prerelease === '' ? 1 : -1
    return comparePrereleases(this.prerelease.split('.'), other.prerelease.split('.'))
  }

  override method(name: string): Func | undefined {
    return answers(this, name) ?? comparisons(this, name)
  }

  #release(): string {
    const numbers = `${this.major}.${this.minor}.${this.patch}`
    return this.prerelease === '' ? numbers : `${numbers}-${this.prerelease}`
  }
}

function segment(digits: string): bigint {
  const value = BigInt(digits)
  if (value < 2n ** 64n) return value
  throw new GoError(`Error parsing version segment: strconv.ParseUint: parsing "${digits}": value out of range`)
}

function answers(version: Version, name: string): Func | undefined {
  const { major, minor, patch, prerelease } = version
  const uint = (value: bigint) => new Num('uint64', value)
  const prefix = version.original.startsWith('v') ? 'v' : ''
  const known: Record<string, () => Value> = {
    Major: () => uint(major),
    Minor: () => uint(minor),
    Patch: () => uint(patch),
    Prerelease: () => prerelease,
    Metadata: () => version.metadata,
    Original: () => version.original,
    String: () => version.print(),
    IncMajor: () => new Version(`${prefix}${major + 1n}.0.0`),
    IncMinor: () => new Version(`${prefix}${major}.${minor + 1n}.0`),
    IncPatch: () => new Version(`${prefix}${major}.${minor}.${prerelease === '' ? patch + 1n : patch}`),
  }
  const answer = Object.hasOwn(known, name) ? known[name] : undefined
  return answer === undefined ? undefined : define(name, [], answer)
}

function comparisons(version: Version, name: string): Func | undefined {
  const tests: Record<string, (difference: number) => Value> = {
    Compare: difference => BigInt(difference),
    LessThan: difference => difference < 0,
    LessThanEqual: difference => difference <= 0,
    GreaterThan: difference => difference > 0,
    GreaterThanEqual: difference => difference >= 0,
    Equal: difference => difference === 0,
  }
  const test = Object.hasOwn(tests, name) ? tests[name] : undefined
  if (test === undefined) return undefined
  return define<[Version]>(name, ['*semver.Version'], ([other]) => test(version.compare(other)))
}

/** Numbers before words, numbers by their value, and fewer before more. */
function comparePrereleases(one: readonly string[], other: readonly string[]): number {
  for (let at = 0; at < Math.max(one.length, other.length); at++) {
    const [a, b] = [one[at] ?? '', other[at] ?? '']
    if (a === b) continue
    if (a === '' || b === '') return a === '' ? -1 : 1
    const [isNumber, isOtherNumber] = [/^\d+$/.test(a), /^\d+$/.test(b)]
    if (isNumber && isOtherNumber) return BigInt(a) < BigInt(b) ? -1 : 1
    if (isNumber !== isOtherNumber) return isNumber ? -1 : 1
    return a < b ? -1 : 1
  }
  return 0
}
