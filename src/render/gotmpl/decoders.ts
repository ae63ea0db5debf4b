import { isHarmless } from '../../select/listed.ts'
import { Func, GoMap, Slice, Struct, type Value } from './values.ts'

/** Functions that make syntax of texts that have none: `Oyg=` is `;(`, and `<` becomes `&lt;`. */
const decoders =
  /^(base64(URL)?Decode|html|parseJSON|parseYAML|sprig_(b64dec|b32dec|fromJson|mustFromJson|urlParse|decryptAES))$/

/** Functions that give what is the operator's. */
const operators = /^(key|keyOrDefault|ls|safeLs|tree|safeTree|file|env|envOrDefault|mustEnv)$/

/**
 * The same functions, for one run; but what decoders make of data has no text in it that is syntax to nginx, as data itself
 * has none. All is data but these texts, keys, files, the environment, parts of them, and what was decoded from such.
 */
export function guarded(functions: readonly Func[], literals: ReadonlySet<string>): Func[] {
  const texts = new Set(literals)
  const values: Value[] = [] // whose texts were not looked for yet
  const isOwn = (text: string) => {
    for (const value of values.splice(0)) collect(value, texts)
    return texts.has(text) || [...texts].some(own => own.includes(text))
  }

  return functions.map(func => {
    if (operators.test(func.name)) {
      return new Func(func.name, func.params, (args, context) => {
        const given = func.call(args, context)
        values.push(given)
        return given
      })
    }
    if (!decoders.test(func.name)) return func
    return new Func(func.name, func.params, (args, context) => {
      const made = func.call(args, context)
      if (!args.every(arg => typeof arg !== 'string' || isOwn(arg))) return harmless(made) ?? ''
      values.push(made)
      return made
    })
  })
}

/** All texts in it. */
function collect(value: Value, texts: Set<string>): void {
  if (typeof value === 'string') texts.add(value)
  else if (value instanceof Slice) for (const item of value.items) collect(item, texts)
  else if (value instanceof Struct) for (const field of value.fields.values()) collect(field, texts)
  else if (value instanceof GoMap) for (const item of value.entries.values()) collect(item, texts)
}

/** Undefined for a text that is syntax; lists and maps lose such. */
function harmless(value: Value): Value | undefined {
  if (typeof value === 'string') return isHarmless(value) ? value : undefined
  if (value instanceof Slice) return new Slice(value.type, kept(value.items), value.isNil)
  if (!(value instanceof GoMap)) return value
  const entries = [...value.entries].flatMap(([key, item]) => {
    const clean = typeof key !== 'string' || isHarmless(key) ? harmless(item) : undefined
    return clean === undefined ? [] : [[key, clean] as const]
  })
  return new GoMap(value.type, entries, value.isNil, value.zero)
}

function kept(items: readonly Value[]): Value[] {
  return items.map(harmless).filter(item => item !== undefined)
}
