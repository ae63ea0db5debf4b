import type { Value } from './value.ts'

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
export const questions: ReadonlySet<string> = new Set(['service', 'services', 'connect', 'node', 'nodes'])
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
