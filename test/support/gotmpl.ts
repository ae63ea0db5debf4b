import { type Answer, type Answers, type Kind, type Query, queryId } from '../../src/model/query.ts'
import { dataFunctions } from '../../src/render/gotmpl/data/index.ts'
import { execute } from '../../src/render/gotmpl/execute.ts'
import { functionLibrary, type World } from '../../src/render/gotmpl/functions/index.ts'
import { parse } from '../../src/render/gotmpl/parse.ts'
import { type Func, GoError, NO_VALUE } from '../../src/render/gotmpl/values.ts'
import type { Asking } from '../../src/render/language.ts'
import { answerOf, type Held } from './gotmpl-data.ts'

export interface Run extends Held {
  /** Answers, instead of what is held. */
  readonly answer?: (query: Query) => Answer | undefined
  readonly hold?: Asking['hold']
  readonly env?: Readonly<Record<string, string>>
  readonly failsOnMissingKey?: boolean
  readonly budget?: { readonly ms: number; readonly bytes: number }
  readonly addresses?: ReturnType<World['addresses']>
  readonly effects?: World['effects']
}

/** What a template renders, or in Go's words why it does not; and what it asked for. */
export interface Rendered {
  readonly output?: string
  readonly error?: string
  readonly asked: readonly string[]
}

const noon = Date.UTC(2026, 10, 20, 12)

export function rendered(template: string, run: Run = {}): Rendered {
  const asked = new Set<string>()
  const library = functionLibrary({
    now: () => noon,
    environment: new Map(Object.entries(run.env ?? {})),
    addresses: () => run.addresses ?? [],
    effects: run.effects ?? {},
  })
  const functions = new Map<string, Func>(library())
  const answer = run.answer ?? (query => answerOf(query, run))
  const asking: Asking = {
    ask: <K extends Kind>(query: Query & { readonly kind: K }) => {
      asked.add(queryId(query))
      return answer(query) as Answers[K] | undefined
    },
    hold: run.hold ?? (() => {}),
  }
  for (const func of dataFunctions(asking)) functions.set(func.name, func)
  try {
    const parsed = parse(template, { name: '', functions })
    const missingKey = run.failsOnMissingKey ? 'error' : 'zero'
    const budget = run.budget ?? { ms: 10_000, bytes: 10_000_000 }
    const output = execute(parsed, NO_VALUE, { functions, missingKey, budget })
    return { output, asked: [...asked] }
  } catch (error) {
    if (!(error instanceof GoError)) throw error
    return { error: error.message, asked: [...asked] }
  }
}
