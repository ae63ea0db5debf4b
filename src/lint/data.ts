import { call, holds, isSame, type Value } from './value.ts'

/** A piece of the catalog in what an expression gives. */
export interface Datum {
  readonly value: Value
  readonly name: string // for messages: `Address`, `meta.team`
  /** Registered as anybody likes: nothing of it was looked at before the template sees it. */
  readonly isRaw: boolean
}

/** What of the catalog stands in it as it was registered, or nearly so. Values of KV are none of the catalog. */
export function dataIn(value: Value): Datum[] {
  return traces(value).map(({ value, path }) => ({ value, name: labelOf(path), isRaw: isRaw(path) }))
}

interface Trace {
  readonly value: Value
  readonly path: readonly string[] // from the root; `*` for one of a list
}

const ITEM = '*'
const KEY = '@key'
/** What a view of ours gives is checked by `select` before a template sees it, but for these. */
const views = new Set(['sites', 'unavailable', 'services'])
const unchecked = new Set(['meta', 'tags', 'id', 'node', KEY])
/** consul-template's questions to the catalog, and ours. */
const questions = new Set(['service', 'services', 'connect', 'node', 'nodes'])
/** Numbers, and words of Consul's own. */
const plain = new Set(
  `Port port Weights weight Status health CreateIndex ModifyIndex Passing Warning length EnableTagOverride`.split(' '),
)
/** They give (a part of) a text they were given. */
const passing = new Set(
  `toLower toUpper toTitle lower upper title capitalize trim trimAll trimLeft trimRight trimPrefix trimSuffix trimSpace
  split splitN join replace replaceAll index slice first last initial rest sort reverse uniq unique string safe print println
  printf cat coalesce default d or and if list tuple concat add byTag byKey byMeta byPort explode explodeMap toString
  toStrings nospace sortAlpha compact get pluck values keys`.split(/\s+/),
)

function traces(value: Value): Trace[] {
  switch (value.kind) {
    case 'text':
    case 'unsure':
      return []
    case 'view':
      return views.has(value.name) ? [{ value, path: [value.name] }] : []
    case 'field': {
      const { name, of } = value
      return plain.has(name) ? [] : traces(of).map(({ path }) => ({ value, path: [...path, name] }))
    }
    case 'item':
      return traces(value.of).map(({ path }) => ({ value, path: [...path, ITEM] }))
    case 'key':
      return isMap(value.of) ? traces(value.of).map(({ path }) => ({ value, path: [...path, KEY] })) : []
    case 'call': {
      const name = value.name.replace(/^sprig_/, '')
      if (questions.has(name)) return [{ value, path: [`${name}()`] }]
      if (!passing.has(name) || isQuoting(value.args)) return []
      return value.args.flatMap(traces)
    }
  }
}

/** The keys of any other list are numbers. */
function isMap(list: Value): boolean {
  if (list.kind === 'call') return /^(by|explode)/.test(list.name)
  return list.kind === 'field' && /[mM]eta$|Addresses$/.test(list.name)
}

/** `printf "%q"` makes one argument of it. */
function isQuoting([format]: readonly Value[]): boolean {
  return format?.kind === 'text' && format.text.includes('%q')
}

function isRaw(path: readonly string[]): boolean {
  const [root = '', ...names] = path
  // Of a Go template nothing is checked; its fields begin with capitals.
  const isOfGo = /^[A-Z]/.test(names.find(name => name !== ITEM && name !== KEY) ?? '')
  return isOfGo || names.some(name => unchecked.has(name)) || (root === 'services' && names.at(-1) === 'name')
}

function labelOf(path: readonly string[]): string {
  const names = path.slice(path.lastIndexOf(ITEM) + 1).filter(name => name !== KEY)
  const all = path.filter(name => name !== ITEM && name !== KEY)
  return names.length > 0 ? names.join('.') : all.slice(1).join('.') || (all[0] ?? '')
}

/** The list without what only changes its order. */
export function unsorted(list: Value): Value {
  if (list.kind !== 'call' || !/^(sort\w*|reverse|list|uniq(ue)?)$/.test(list.name)) return list
  const inner = list.args.find(({ kind }) => kind !== 'text')
  return inner === undefined ? list : unsorted(inner)
}

/** A list that has something in it, whatever the catalog says. */
export function isNeverEmpty(list: Value): boolean {
  // `sites` are the services that have a server; groups are made of what is in them.
  if (list.kind === 'field' && list.name === 'servers') return isSite(list.of)
  if (list.kind === 'item') return list.of.kind === 'call' && /^by(Tag|Key|Meta|Port)$/.test(list.of.name)
  return list.kind === 'call' && isAnyOf(list)
}

/** Who is in the list of services has an instance, if only a sick one. */
function isAnyOf({ name, args: [service, filter] }: Value & { kind: 'call' }): boolean {
  if (name !== 'service' || filter?.kind !== 'text' || filter.text !== 'any') return false
  return service?.kind === 'field' && service.of.kind === 'item' && isCall(service.of.of, 'services')
}

function isCall(value: Value, name: string): boolean {
  return value.kind === 'call' && value.name === name
}

function isSite(upstream: Value): boolean {
  if (upstream.kind !== 'field' || upstream.name !== 'upstream') return false
  const site = upstream.of
  return holds(site, part => part.kind === 'view' && part.name === 'sites')
}

/** Does a condition ask for it, or for what it is made of? What is unsure may be about anything. */
export function asksFor(condition: Value, list: Value): boolean {
  return holds(condition, part => part.kind === 'unsure' || isSame(part, list) || isCall(part, 'scratch'))
}

/** Conditions that only ask whether there is something. */
const asking = new Set(['and', 'or', 'not', 'ne', '!=', '!=='])

/** Does a condition look at the text of it: compare it, match it, measure it? */
export function looksAt(condition: Value, datum: Value): boolean {
  return holds(
    condition,
    part =>
      part.kind === 'unsure' ||
      isCall(part, 'scratch') ||
      (part.kind === 'call' &&
        !asking.has(part.name) &&
        !questions.has(part.name) &&
        part.args.some(arg => isSame(arg, datum))),
  )
}

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
