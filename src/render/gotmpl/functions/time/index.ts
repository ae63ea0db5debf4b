import { type Func, GoError } from '../../values.ts'
import { define } from '../define.ts'
import { instantAt } from './instant.ts'
import { formatted, RFC3339 } from './layout.ts'

/** Milliseconds since 1970 come from outside: nothing else in the library knows what time it is. */
export function timeFunctions(now: () => number): readonly Func[] {
  return [
    define<string[]>('timestamp', ['...string'], args => {
      if (args.length > 1) {
        throw new GoError(`timestamp: wrong number of arguments, expected 0 or 1, but got ${args.length}`)
      }
      const { moment } = instantAt(BigInt(Math.floor(now())) * 1_000_000n)
      return args[0] === 'unix' ? String(moment.seconds) : formatted(moment, args[0] ?? RFC3339)
    }),
  ]
}
