import { index, lengthOf, slice } from './access.ts'
import { ANY, prepared, REFLECT } from './assign.ts'
import { equal, less } from './compare.ts'
import { escapeHtml, escapeJs, escapeQuery, LONGEST } from './escape.ts'
import { sprintf } from './format.ts'
import { isTrue } from './kinds.ts'
import { type Charge, printable, sprint, sprintln } from './print.ts'
import { type CallContext, Func, GoError, NO_VALUE, typeOf, type Value } from './values.ts'

type Body = (args: Value[], context: CallContext) => Value

/**
 * What every template may call. `and`, `or` and `call` stand here for their names and arguments: the evaluator does not
 * evaluate what `and` and `or` need not know, and tells `call` what the function is called in the template.
 */
export const builtins: ReadonlyMap<string, Func> = new Map(
  [
    builtin('and', [REFLECT, `...${REFLECT}`], evaluatedElsewhere),
    builtin('or', [REFLECT, `...${REFLECT}`], evaluatedElsewhere),
    builtin('call', [REFLECT, `...${REFLECT}`], evaluatedElsewhere),
    builtin('not', [REFLECT], ([value = null]) => !isTrue(value)),
    builtin('len', [REFLECT], ([value = null]) => lengthOf(value)),
    builtin('index', [REFLECT, `...${REFLECT}`], ([item = null, ...indexes]) => index(item, indexes)),
    builtin('slice', [REFLECT, `...${REFLECT}`], ([item = null, ...indexes]) => slice(item, indexes)),
    builtin('print', [`...${ANY}`], (args, { charge }) => sprint(args, charge)),
    builtin('println', [`...${ANY}`], (args, { charge }) => sprintln(args, charge)),
    builtin('printf', ['string', `...${ANY}`], ([format, ...args], { charge }) =>
      sprintf(String(format), args, charge),
    ),
    builtin('html', [`...${ANY}`], (args, { charge }) => escapeHtml(plainText(args, charge))),
    builtin('js', [`...${ANY}`], (args, { charge }) => escapeJs(plainText(args, charge))),
    builtin('urlquery', [`...${ANY}`], (args, { charge }) => escapeQuery(plainText(args, charge))),
    builtin('eq', [REFLECT, `...${REFLECT}`], ([one = null, ...others], { charge }) => equal(one, others, charge)),
    builtin('ne', [REFLECT, REFLECT], ([one = null, other = null], { charge }) => !equal(one, [other], charge)),
    builtin('lt', [REFLECT, REFLECT], ([one = null, other = null]) => less(one, other)),
    builtin('le', [REFLECT, REFLECT], ([one = null, other = null], { charge }) => lessOrEqual(one, other, charge)),
    builtin('gt', [REFLECT, REFLECT], ([one = null, other = null], { charge }) => !lessOrEqual(one, other, charge)),
    builtin('ge', [REFLECT, REFLECT], ([one = null, other = null]) => !less(one, other)),
  ].map(func => [func.name, func]),
)

/** The builtin `call`. */
export function callValue(name: string, value: Value, args: readonly Value[], context: CallContext): Value {
  if (value === null || value === NO_VALUE) throw new GoError('call of nil')
  if (!(value instanceof Func)) throw new GoError(`non-function ${name} of type ${typeOf(value)}`)
  const { fixed, rest, params } = value
  if (rest !== undefined && args.length < fixed) {
    throw new GoError(`wrong number of args for ${name}: got ${args.length} want at least ${fixed}`)
  }
  if (rest === undefined && args.length !== fixed) {
    throw new GoError(`wrong number of args for ${name}: got ${args.length} want ${fixed}`)
  }
  const given = args.map((arg, position) => {
    try {
      return prepared(arg, (position < fixed ? params[position] : rest) ?? ANY)
    } catch (error) {
      if (error instanceof GoError) throw new GoError(`arg ${position}: ${error.message}`)
      throw error
    }
  })
  return value.call(given, context)
}

function builtin(name: string, params: readonly string[], body: Body): Func {
  return new Func(name, params, body)
}

function evaluatedElsewhere(): never {
  throw new GoError('unreachable')
}

function lessOrEqual(one: Value, other: Value, charge: Charge): boolean {
  return less(one, other) || equal(one, [other], charge)
}

/** The arguments as they would print, one behind the other; something longer is going to be made of it. */
function plainText(args: readonly Value[], charge: Charge): string {
  const shown = args.map(arg => printable(arg) ?? arg)
  const text = typeof args[0] === 'string' && args.length === 1 ? args[0] : sprint(shown, charge)
  charge(text.length * LONGEST)
  return text
}
