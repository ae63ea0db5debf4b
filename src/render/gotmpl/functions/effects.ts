import { type Func, GoError, NO_VALUE, type Value } from '../values.ts'
import { trimSpace } from './case.ts'
import { define } from './define.ts'
import { parseInteger } from './strconv.ts'

/** What a template does to the world while it renders. What is not given is refused. */
export interface Effects {
  /** Runs a program with these arguments and gives back what it printed; throws a GoError when it fails. */
  readonly run?: (name: string, args: readonly string[]) => string
  readonly write?: (file: WrittenFile) => void
  /** Where spew_dump and spew_printf print; without it nobody sees it. */
  readonly show?: (text: string) => void
}

export interface WrittenFile {
  readonly path: string
  readonly user: string // empty: whoever we are
  readonly group: string
  readonly mode: number
  readonly append: boolean
  readonly content: string
}

export function effectFunctions({ run, write }: Effects): readonly Func[] {
  return [
    define<[string, Value]>('executeTemplate', ['string', '...interface {}'], ([name, ...data], context) => {
      if (data.length > 1) {
        throw new GoError(`executeTemplate: wrong number of arguments, expected 1 or 2, but got ${data.length + 1}`)
      }
      // As in the template itself, nothing at all is given where nil is.
      return context.execute(name, data[0] ?? NO_VALUE)
    }),
    define<string[]>('plugin', ['string', '...string'], ([name = '', ...args]) => {
      if (name === '') return ''
      if (run === undefined) throw new GoError('plugins are not allowed')
      const given = args.map(trimSpace).filter(arg => arg !== '')
      return trimSpace(run(name, given))
    }),
    define<string[]>('writeToFile', ['string', 'string', 'string', 'string', '...string'], args => {
      const file = fileOf(args)
      if (write === undefined) throw new GoError('writing files is not allowed')
      write(file)
      return ''
    }),
  ]
}

function fileOf([path = '', user = '', group = '', permissions = '', ...rest]: readonly string[]): WrittenFile {
  if (rest.length === 0) throw new GoError('runtime error: index out of range [-1]')
  const flags = rest.length === 2 ? (rest[0] ?? '') : ''
  const mode = Number(parseInteger(permissions, 8, 'ParseUint'))
  const content = (rest.at(-1) ?? '') + (flags.includes('newline') ? '\n' : '')
  return { path, user, group, mode, append: flags.includes('append'), content }
}
