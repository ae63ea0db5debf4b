import { type Filter, type Frame, type NunjucksRuntime, nunjucksRuntime, type Scope } from './internals.ts'
import type { Provenance } from './provenance.ts'

/** A name that is not there, or that no template may touch; positions count from 1. */
export class LookupError extends Error {
  readonly lineno: number // makes nunjucks pass the error on as it is
  readonly colno: number

  constructor(message: string, lineno: number, colno: number) {
    super(message)
    this.lineno = lineno
    this.colno = colno
  }
}

export interface StrictRuntime extends NunjucksRuntime {
  lookup(scope: Scope, frame: Frame, name: string, line: number, column: number, strict: boolean): unknown
  member(value: unknown, key: unknown, path: string, line: number, column: number, strict: boolean): unknown
  /** `~`, and `+` where it joins texts. */
  concat(a: unknown, b: unknown): string
  add(a: unknown, b: unknown): unknown
  /** What a block of the template gave, taken as a value. */
  captured(marked: string): string
  filter(name: string, run: Filter, scope: Scope, values: readonly unknown[]): unknown
}

// Through these a template would reach Function, and with it everything the process may do.
const forbidden = new Set(['constructor', 'prototype', '__proto__', 'caller', 'callee', 'arguments'])

/** nunjucks' runtime for one run of a template: lookups throw instead of answering undefined, output is marked. */
export function strictRuntime(provenance: Provenance): StrictRuntime {
  return {
    ...nunjucksRuntime,

    lookup(scope, frame, name, line, column, strict) {
      if (name !== 'caller') refuse(name, line, column) // the body of a `call`; as a name of its own it leads nowhere
      const value = frame.lookup(name) ?? scope.lookup(name)
      if (value === undefined && strict) throw new LookupError(`${name} is undefined`, line, column)
      return value
    },

    member(value, key, path, line, column, strict) {
      const name = String(key)
      refuse(name, line, column)
      if (value === undefined || value === null) {
        if (!strict) return undefined
        throw new LookupError(`${path} is undefined, so it has no ${name}`, line, column)
      }
      const owner = Object(value)
      const found = Object.hasOwn(owner, name) || isBuiltIn(value) ? owner[name] : undefined
      if (owner === value) provenance.touch(owner, found)
      if (found === undefined && strict) throw new LookupError(`${path}.${name} is undefined`, line, column)
      if (typeof found !== 'function') {
        if (owner !== value) provenance.derive(found, [value]) // a character of a text
        return found
      }
      return (...given: readonly unknown[]) => called(provenance, value, name, given)
    },

    fromIterator(list) {
      if (typeof list === 'string') provenance.derive([...list], [list])
      else if (typeof list === 'object' && list !== null)
        provenance.touch(list, Object.keys(list).concat(Object.values(list)))
      return nunjucksRuntime.fromIterator(list)
    },

    suppressValue: value => (value === undefined || value === null ? '' : provenance.print(value)),
    concat: (a, b) => provenance.compose([a, b]),
    add: (a, b) => (isText(a) || isText(b) ? provenance.compose([a, b]) : (a as number) + (b as number)),
    captured: marked => provenance.keep(marked),

    filter(name, run, scope, values) {
      const result = run.call(scope, ...values)
      const compose = composed[name]
      const text = typeof result === 'string' ? compose?.(provenance, values) : undefined
      if (text !== undefined) return text
      provenance.derive(result, values, marked => run.call(scope, marked, ...values.slice(1)))
      return result
    },

    // What a macro gave; nunjucks asks for an object here, so that it would not be escaped.
    SafeString: class extends nunjucksRuntime.SafeString {
      constructor(marked: string) {
        super(provenance.keep(marked))
      }
    },
  }
}

/** Filters whose result has parts of the template's own between parts of data. */
const composed: Readonly<Record<string, (provenance: Provenance, values: readonly unknown[]) => string | undefined>> = {
  join(provenance, [list, separator = '', field]) {
    const items = (list as readonly unknown[]).map(item =>
      field === undefined || field === '' ? item : (item as Record<string, unknown>)[String(field)],
    )
    return provenance.compose(items.flatMap((item, at) => (at === 0 ? [item ?? ''] : [separator, item ?? ''])))
  },
  quote: (provenance, [text]) => provenance.quote(text),
  replace(provenance, [text, from, to, count]) {
    const isPlain = typeof text === 'string' && typeof from === 'string' && typeof to === 'string'
    return isPlain && from !== '' && count === undefined ? provenance.replace(text, from, to) : undefined
  },
}

/** A method of a text, a list or a helper of nunjucks'. */
function called(provenance: Provenance, value: unknown, name: string, given: readonly unknown[]): unknown {
  const run = (of: unknown) => (of as Record<string, (...given: readonly unknown[]) => unknown>)[name]?.(...given)
  const result = run(value)
  // What a list hands out was known when it was put in, but for the text that it joins.
  if (Array.isArray(value) && name === 'join') return composed.join?.(provenance, [value, given[0] ?? ','])
  if (typeof value === 'string') provenance.derive(result, [value, ...given], run)
  return result
}

function isText(value: unknown): boolean {
  return typeof value === 'string' || value instanceof String
}

function refuse(name: string, line: number, column: number): void {
  if (forbidden.has(name) || name.startsWith('__')) throw new LookupError(`${name} may not be used`, line, column)
}

/** Strings and lists keep their methods; our own values have nothing but their fields. */
function isBuiltIn(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || Array.isArray(value)
}
