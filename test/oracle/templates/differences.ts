import type { Outcome, Theirs } from './theirs.ts'

export interface Compared {
  readonly template: string
  readonly theirs: Theirs
  readonly ours: Outcome
  /** How ours fails as long as nothing is known. */
  readonly early: string | undefined
}

/** What is known to be different, each with a row in docs/from-consul-template.md. */
const differences: readonly { readonly name: string; is(compared: Compared): boolean }[] = [
  {
    name: 'fail before anything is known: consul-template ends, here it is tried again',
    is: ({ theirs, early }) => theirs.isEarly === true && theirs.error === early,
  },
  {
    name: 'fail in other words for a document that is no YAML',
    is: ({ theirs, ours, early }) => isBadYaml(theirs.error, theirs.isEarly ? early : ours.error),
  },
  {
    name: 'show where something lies in memory, or how many digits that has',
    is: ({ theirs, ours }) =>
      areSameButForAddresses(theirs.output, ours.output) || areSameButForAddresses(theirs.error, ours.error),
  },
]

function isBadYaml(theirs = '', ours = ''): boolean {
  const upToYaml = (error: string) => error.replace(/: yaml: .*/s, '')
  return theirs.includes(': yaml: ') && upToYaml(theirs) === upToYaml(ours)
}

/** In hexadecimal, in decimal, taken apart or hashed: but for digits both are the same, and here an address is one of these. */
function areSameButForAddresses(theirs = '', ours = ''): boolean {
  const withoutDigits = (text: string) => text.replaceAll(/[\da-fx\s/]/g, '')
  return /c 0 0 0 0 1|c000010000|824633786368/.test(ours) && withoutDigits(theirs) === withoutDigits(ours)
}

export function differenceOf(compared: Compared): string | undefined {
  return differences.find(({ is }) => is(compared))?.name
}

export function isEqual({ theirs, ours, early }: Compared): boolean {
  if ((theirs.isEarly ? theirs.error : undefined) !== early) return false
  return theirs.output === ours.output && theirs.error === ours.error && theirs.waits === ours.waits
}
