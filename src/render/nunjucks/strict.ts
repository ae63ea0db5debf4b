import { type Frame, type NunjucksRuntime, nunjucksRuntime, type Scope } from './internals.ts'

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
}

// Through these a template would reach Function, and with it everything the process may do.
const forbidden = new Set(['constructor', 'prototype', '__proto__', 'caller', 'callee', 'arguments'])

/** nunjucks' runtime for compiled templates, with lookups that throw instead of answering undefined. */
export const strictRuntime: StrictRuntime = {
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
    if (found === undefined && strict) throw new LookupError(`${path}.${name} is undefined`, line, column)
    return typeof found === 'function' ? found.bind(value) : found
  },
}

function refuse(name: string, line: number, column: number): void {
  if (forbidden.has(name) || name.startsWith('__')) throw new LookupError(`${name} may not be used`, line, column)
}

/** Strings and lists keep their methods; our own values have nothing but their fields. */
function isBuiltIn(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || Array.isArray(value)
}
