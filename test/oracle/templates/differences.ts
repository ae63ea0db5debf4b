import type { Outcome, Theirs } from './theirs.ts'

export interface Compared {
  readonly template: string
  readonly theirs: Theirs
  readonly ours: Outcome
  /** How ours fails as long as nothing is known. */
  readonly early: string | undefined
  /** Does consul-template give something else when it is asked again? */
  readonly isFickle?: boolean
}

/** What is known to be different, each with a row in docs/from-consul-template.md. */
const differences: readonly { readonly name: string; is(compared: Compared): boolean | undefined }[] = [
  {
    name: 'fail before all is known: consul-template ends, here it is tried again',
    is: ({ theirs, ours, early }) => {
      return theirs.error !== undefined && ((theirs.isEarly && theirs.error === early) || ours.waits)
    },
  },
  {
    name: 'fail in other words for a document that is no YAML',
    is: ({ theirs, ours, early }) => isBadYaml(theirs.error, theirs.isEarly ? early : ours.error),
  },
  {
    name: 'read two documents in brackets, with nothing between them, as one',
    is: ({ theirs, ours }) => theirs.output !== undefined && ours.error?.endsWith('Unexpected flow-map-start token'),
  },
  {
    name: 'ask for a key named by where something lies in memory: another one each time',
    is: ({ template, theirs, ours }) =>
      theirs.waits && !ours.waits && /\b(ls|tree|key\w*|safe\w+) \(print/.test(template),
  },
  { name: 'show where something lies in memory: another text each time', is: ({ isFickle }) => isFickle },
]

function isBadYaml(theirs = '', ours = ''): boolean {
  const upToYaml = (error: string) => error.replace(/: yaml: .*/s, '')
  return theirs.includes(': yaml: ') && upToYaml(theirs) === upToYaml(ours)
}

export function differenceOf(compared: Compared): string | undefined {
  return differences.find(({ is }) => is(compared))?.name
}

export function isEqual({ theirs, ours, early }: Compared): boolean {
  if ((theirs.isEarly ? theirs.error : undefined) !== early) return false
  return theirs.output === ours.output && theirs.error === ours.error && theirs.waits === ours.waits
}
