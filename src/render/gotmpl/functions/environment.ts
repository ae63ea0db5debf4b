import { type Func, GoError } from '../values.ts'
import { text } from './define.ts'

/** Of the given variables only: what a template may read is decided by who gives them. */
export function environmentFunctions(environment: ReadonlyMap<string, string>): readonly Func[] {
  return [
    text('env', 1, name => environment.get(name) ?? ''),
    text('envOrDefault', 2, (name, otherwise) => environment.get(name) ?? otherwise),
    text('mustEnv', 1, name => {
      const value = environment.get(name) ?? ''
      if (value === '') throw new GoError(`required environment variable ${name} is empty`)
      return value
    }),
  ]
}
