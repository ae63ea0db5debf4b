import type { Func } from '../values.ts'
import { define, text } from './define.ts'
import { expanded, type Pattern } from './regex.ts'

export function regexFunctions(compile: (source: string) => Pattern): readonly Func[] {
  return [
    text('regexMatch', 2, (pattern, s) => compile(pattern).test(s)),
    define<[string, string, string]>('regexReplaceAll', Array(3).fill('string'), ([pattern, to, s], context) =>
      compile(pattern).replace(
        s,
        bytes => context.charge(bytes),
        match => expanded(to, match),
      ),
    ),
  ]
}
