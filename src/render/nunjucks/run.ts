import nunjucks from 'nunjucks'
import type { View } from '../view.ts'
import { addFilters } from './filters.ts'
import type { Scope } from './internals.ts'
import type { StrictRuntime } from './strict.ts'

/** A compiled template, as nunjucks calls it. */
export type Run = (
  env: nunjucks.Environment,
  scope: Scope,
  frame: object,
  runtime: object,
  done: (error: unknown, text: string) => void,
) => void

export const environment = addFilters(new nunjucks.Environment(null, { autoescape: false, throwOnUndefined: true }))

/** Throws what the template throws. */
export function once(run: Run, scope: Scope, runtime: StrictRuntime): string {
  const frame = new runtime.Frame()
  frame.topLevel = true // what is `set` here is seen inside macros, too
  let answer: { text: string } | { error: unknown } | undefined
  run(environment, scope, frame, runtime, (error, text) => {
    // nunjucks calls back a second time when what follows the first call throws; the first word counts.
    answer ??= error ? { error } : { text }
  })
  if (answer === undefined) throw new Error('rendering did not finish')
  if ('error' in answer) throw answer.error
  return answer.text
}

/** What nunjucks calls a context: the view, what `set` adds at the top level, and the globals (`range` …). */
export function scopeOf(
  view: View,
  asked: Readonly<Record<string, unknown>>,
  ...variable: readonly [] | readonly [name: string, value: unknown]
) {
  const [name = '', value] = variable
  const variables = new Map<string, unknown>(name === '' ? [] : [[name, value]])
  return {
    env: environment,
    lookup: (name: string) => {
      if (variables.has(name)) return variables.get(name)
      if (Object.hasOwn(asked, name)) return asked[name]
      return Object.hasOwn(view, name) ? view[name as keyof View] : globalOf(name)
    },
    setVariable: (name: string, value: unknown) => void variables.set(name, value),
    getVariables: () => Object.fromEntries(variables),
    addExport: () => {},
  }
}

function globalOf(name: string): unknown {
  try {
    return environment.getGlobal(name)
  } catch {
    return undefined // nunjucks throws for a global that is not there
  }
}
