import { basename } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { globOf } from '../../environment.ts'
import { UpstreamdError } from '../../errors.ts'
import { keepLast } from '../../keep-last.ts'
import type { Printed } from '../../model/generation.ts'
import type { Answer, Query } from '../../model/query.ts'
import { record } from '../asking.ts'
import type { Asking, Template, TemplateLanguage, TemplateSource, Used } from '../language.ts'
import type { View } from '../view.ts'
import { Attribution } from './attribution.ts'
import { builtins } from './builtins.ts'
import { joined } from './bytes.ts'
import { dataFunctions } from './data/index.ts'
import { guarded } from './decoders.ts'
import { execute } from './execute.ts'
import { trimSpace } from './functions/case.ts'
import { functionLibrary } from './functions/index.ts'
import { hostAddresses } from './functions/network/host.ts'
import { type Mentioned, mentionedIn } from './mentioned.ts'
import { type Parsed, parse } from './parse.ts'
import { inSandbox } from './sandbox.ts'
import { BudgetError, TemplateError } from './template-error.ts'
import { unsafeEffects } from './unsafe.ts'
import { Func, GoError, NO_VALUE } from './values.ts'

/** A render that takes longer is stopped. Measured: 5 µs for a service of a common template. */
const RENDER_MS = { least: 500, perService: 2, most: 5_000 }
/** Text larger than this is no configuration. */
const RENDER_BYTES = 256 * 1024 * 1024
/** What gives another text each time: templates that call one of these are rendered whenever anybody asks. */
const restless =
  /^(timestamp|plugin|writeToFile|sockaddr|sprig_(ago|bcrypt|htpasswd|encryptAES|randInt|shuffle|gen\w+|buildCustomCert))$/

/** What looks into all that it is given, without naming it. */
const telling = /json|yaml|toml|spew|deep/i

/** How Go says that a template names what is not there. */
const isUndefined =
  /: (function ".*" not defined|undefined variable .*|template .* not defined)$|: can't evaluate field |no entry for key /

/** Templates as consul-template takes them: Go's text/template, with its functions. */
export const goLanguage: TemplateLanguage = {
  name: 'gotmpl',
  extensions: ['.ctmpl', '.tmpl', '.tpl'],
  compile(source) {
    const library = libraryFor(source)
    const parsed = parsedFrom(
      source,
      new Set([...library({}).keys(), ...dataFunctions(nobody).map(({ name }) => name)]),
    )
    const mentioned = mentionedIn(parsed)
    const render = (view: View, asking: Asking) =>
      renderWith(source, parsed, mentioned, library(view.env), view, asking)
    return {
      source,
      uses: name => uses(mentioned, name),
      render: [...mentioned.functions].some(name => restless.test(name))
        ? (view, asking = record(view, new Map())) => render(view, asking)
        : remembering(render),
      prepare: async () => {}, // a thousand services are a few ms
    }
  },
}

/** Asked only for the names of the functions. */
const nobody: Asking = { ask: () => undefined, hold: () => {} }

function uses({ functions, fields }: Mentioned, name: Used): boolean {
  const asks = ['service', 'services'].some(one => functions.has(one))
  const looks = fields.has('Checks') || [...functions].some(one => telling.test(one))
  return asks && (name === 'listed' || (name === 'checks' && looks))
}

function libraryFor({ options }: TemplateSource) {
  const make = keepLast(
    (env: View['env']) =>
      functionLibrary({
        now: Date.now,
        environment: new Map(Object.entries(env)),
        addresses: hostAddresses,
        effects: options?.allowsUnsafe ? unsafeEffects : {},
      }),
    isDeepStrictEqual,
  )
  return (env: View['env']): ReadonlyMap<string, Func> => make(env)()
}

/** Throws TEMPLATE_SYNTAX. */
function parsedFrom({ path, text, options }: TemplateSource, functions: ReadonlySet<string>): Parsed {
  const delimiters = { left: options?.leftDelimiter ?? '', right: options?.rightDelimiter ?? '' }
  try {
    return parse(text, { name: basename(path), functions, ...delimiters })
  } catch (error) {
    throw failure(path, error, 'TEMPLATE_SYNTAX', undefined)
  }
}

function renderWith(
  { path, options }: TemplateSource,
  parsed: Parsed,
  { literals }: Mentioned,
  library: ReadonlyMap<string, Func>,
  view: View,
  asking: Asking,
): Printed {
  const attribution = new Attribution(view, literals)
  const may = [...library.values(), ...dataFunctions(asking)].map(func => allowed(func, options))
  const given = [...builtins.values(), ...may]
  const safe = view.trustsCatalog ? given : guarded(given, literals)
  const functions = new Map(safe.map(func => [func.name, func]))
  const ms = Math.min(RENDER_MS.least + RENDER_MS.perService * view.listed.length, RENDER_MS.most)
  try {
    const text = execute(parsed, NO_VALUE, {
      functions,
      missingKey: options?.failsOnMissingKey ? 'error' : 'zero',
      budget: { ms, bytes: RENDER_BYTES },
      printed: attribution.printed,
      touched: attribution.touched,
    })
    // A byte that is no character cannot be written.
    const whole = joined(text).toWellFormed()
    const pieces = [{ text: whole, spans: whole === text ? attribution.spans : [] }]
    return { text: whole, pieces }
  } catch (error) {
    throw failure(path, error, 'TEMPLATE_FAILED', attribution.current)
  }
}

function allowed(func: Func, options: TemplateSource['options']): Func {
  const { name, params } = func
  if (options?.denied.some(glob => globOf(glob).test(name))) {
    return new Func(name, ['...interface {}'], () => {
      throw new GoError('function is disabled')
    })
  }
  const sandbox = name === 'file' ? options?.sandbox : undefined
  if (sandbox === undefined) return func
  return new Func(name, params, (args, context) => {
    const path = trimSpace(String(args[0]))
    if (path === '') return func.call(args, context)
    const file = inSandbox(sandbox, path)
    // Asked for, so that a link that changes is noticed. Its text is that of wherever it led when it was read.
    func.call(args, context)
    return func.call([file], context)
  })
}

function failure(
  path: string,
  error: unknown,
  code: 'TEMPLATE_SYNTAX' | 'TEMPLATE_FAILED',
  service: string | undefined,
): unknown {
  if (error instanceof BudgetError)
    return new UpstreamdError('TEMPLATE_BUDGET', `${path}: ${error.message}`, { service })
  if (error instanceof TemplateError) {
    const place = `${path}:${error.line}:${(error.column ?? 0) + 1}`
    return new UpstreamdError(
      isUndefined.test(error.message) ? 'TEMPLATE_UNDEFINED' : code,
      `${place}: ${error.message}`,
      { service },
    )
  }
  return error instanceof GoError ? new UpstreamdError(code, `${path}:1:1: ${error.message}`, { service }) : error
}

interface Remembered {
  readonly env: View['env']
  readonly asked: readonly { readonly query: Query; readonly answer: Answer | undefined }[]
  readonly held: readonly Query[]
  readonly printed: Printed
}

/** All that such a template sees are answers: as long as they are the same objects, so is its text. */
function remembering(render: (view: View, asking: Asking) => Printed): Template['render'] {
  let last: Remembered | undefined

  return (view, asking = record(view, new Map())) => {
    const isSame =
      last !== undefined &&
      isDeepStrictEqual(last.env, view.env) &&
      last.asked.every(({ query, answer }) => asking.ask(query) === answer)
    if (last !== undefined && isSame) {
      for (const query of last.held) asking.hold(query)
      return last.printed
    }
    last = undefined
    const asked: { query: Query; answer: Answer | undefined }[] = []
    const held: Query[] = []
    const noting: Asking = {
      ask(query) {
        const answer = asking.ask(query)
        asked.push({ query, answer })
        return answer
      },
      hold(query) {
        asking.hold(query)
        held.push(query)
      },
    }
    const printed = render(view, noting)
    last = { env: view.env, asked, held, printed }
    return printed
  }
}
