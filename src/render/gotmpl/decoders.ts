import { isHarmless } from '../../select/listed.ts'
import { Func, GoMap, Slice, type Value } from './values.ts'

/** Functions that make texts of texts which say nothing of them: `Oyg=` is `;(`. */
const decoders =
  /^(base64(URL)?Decode|parseJSON|parseYAML|sprig_(b64dec|b32dec|fromJson|mustFromJson|urlParse|decryptAES))$/

/**
 * The same function; what it makes of data has no text in it that is syntax to nginx, as data itself has none. `isData`
 * says whether a text comes from the catalog: what it makes of keys and files is the operator's.
 */
export function guarded(func: Func, isData: (text: string) => boolean): Func {
  if (!decoders.test(func.name)) return func
  return new Func(func.name, func.params, (args, context) => {
    const made = func.call(args, context)
    return args.some(arg => typeof arg === 'string' && isData(arg)) ? (harmless(made) ?? '') : made
  })
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
