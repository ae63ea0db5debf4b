import { call, type Value } from './value.ts'

/** Tags that a condition wants, and no service has: with them it never holds. */
export function unmetTags(
  condition: Value,
  isCarried: (tag: string, service: string | undefined) => boolean,
): string[] {
  if (condition.kind !== 'call') return []
  const { name, args } = condition
  const all = args.map(arg => unmetTags(arg, isCarried))
  if (name === 'and') return all.flat()
  if (name === 'or') return all.every(tags => tags.length > 0) ? all.flat() : []
  const wanted = wantedTag(condition)
  return wanted === undefined || isCarried(wanted.tag, wanted.service) ? [] : [wanted.tag]
}

interface Wanted {
  readonly tag: string
  readonly service: string | undefined
}

function wantedTag(test: Value): Wanted | undefined {
  if (test.kind !== 'call') return undefined
  const {
    name,
    args: [first, second],
  } = test
  if (name === 'service' && first?.kind === 'text') {
    const [, tag, service] = /^([\w-]+)\.([\w-]+)(?:[@:|].*)?$/.exec(first.text) ?? []
    return tag === undefined ? undefined : { tag, service }
  }
  // .Tags.Contains "x"
  if (name === 'method' && first?.kind === 'field' && first.name === 'Contains') {
    return second === undefined ? undefined : wantedTag(call('in', first.of, second))
  }
  // in LIST "x", contains "x" LIST, has "x" LIST, LIST.includes("x")
  const [tag, list] = name === 'in' || name === 'includes' ? [second, first] : [first, second]
  const isTest = ['in', 'includes', 'contains', 'has'].includes(name)
  if (!isTest || tag?.kind !== 'text' || list?.kind !== 'field' || !/^[tT]ags$/.test(list.name)) return undefined
  return { tag: tag.text, service: undefined }
}
