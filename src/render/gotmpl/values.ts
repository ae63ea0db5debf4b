/**
 * Go's values. What a template compares, prints or passes on has a Go type:
 *
 *     nil                 null               int        bigint
 *     an invalid value    NO_VALUE           float64    number
 *     bool                boolean            []T        Slice
 *     string              string (bytes.ts)  map[K]V    GoMap
 */
export type Value =
  | null
  | typeof NO_VALUE
  | boolean
  | string
  | bigint
  | number
  | Num
  | Complex
  | Slice
  | GoMap
  | Struct
  | Nil
  | Channel
  | Func
  | Opaque

/** What is not there: a missing map entry, a field of nothing. Functions never see it: it reaches them as nil. */
export const NO_VALUE: unique symbol = Symbol('<no value>')

export type IntegerKind =
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'uintptr'

/** A number whose type is neither int nor float64. */
export class Num {
  readonly kind: IntegerKind | 'float32'
  readonly value: bigint | number // a number for float32 only

  constructor(kind: IntegerKind, value: bigint)
  constructor(kind: 'float32', value: number)
  constructor(kind: IntegerKind | 'float32', value: bigint | number) {
    this.kind = kind
    this.value = value
  }
}

/** complex128: `1i` is a constant of the language. */
export class Complex {
  readonly re: number
  readonly im: number

  constructor(re: number, im: number) {
    this.re = re
    this.im = im
  }
}

/** []T; `isNil` shows in `%#v` and in JSON only. */
export class Slice {
  readonly type: string // "[]string", "[]interface {}"
  readonly items: readonly Value[]
  readonly isNil: boolean
  /** The items and what lies behind them up to the capacity: a part of a slice can be sliced longer again. */
  readonly room: readonly Value[]

  constructor(type: string, items: readonly Value[], isNil = false, room = items) {
    this.type = type
    this.items = items
    this.isNil = isNil
    this.room = room
  }

  /** One of the same type with other items. */
  with(items: readonly Value[], isNil = false, room = items): Slice {
    return new Slice(this.type, items, isNil, room)
  }
}

/** A slice whose type has a name, and perhaps methods; `type` stays what lies under the name. */
export class NamedSlice extends Slice {
  readonly name: string // "dependency.ServiceTags"
  readonly #methodsOf: (slice: Slice) => ReadonlyMap<string, Func>

  constructor(
    name: string,
    slice: Slice,
    methodsOf: (slice: Slice) => ReadonlyMap<string, Func> = () => new Map<string, Func>(),
  ) {
    super(slice.type, slice.items, slice.isNil, slice.room)
    this.name = name
    this.#methodsOf = methodsOf
  }

  get methods(): ReadonlyMap<string, Func> {
    return this.#methodsOf(this)
  }

  override with(items: readonly Value[], isNil = false, room = items): NamedSlice {
    return new NamedSlice(this.name, super.with(items, isNil, room), this.#methodsOf)
  }
}

/** Integer keys are bigint whatever their kind: the map's type tells it. */
export type Key = string | bigint | number | boolean | null

/** map[K]V. As in Go a map is a reference: who holds it sees what others add. */
export class GoMap {
  readonly type: string // "map[string]interface {}"
  readonly entries: Map<Key, Value>
  readonly isNil: boolean
  /** What an entry is that is not there; needed where V is a struct, any other type tells it by its name. */
  readonly zero: Value | undefined

  constructor(type: string, entries: Iterable<readonly [Key, Value]>, isNil = false, zero?: Value) {
    this.type = type
    this.entries = entries instanceof Map ? entries : new Map(entries)
    this.isNil = isNil
    this.zero = zero
  }
}

interface Behaviour {
  readonly methods?: ReadonlyMap<string, Func> // bound to this value
  readonly text?: () => string // String() or Error(): how it prints with %v and %s
  readonly json?: () => Iterable<readonly [string, Value]> // its fields in JSON, where they are others than in the type
}

/** A struct, or a pointer to one when its type begins with `*`. The order of the fields is the order in the type. */
export class Struct {
  readonly type: string // "*dependency.CatalogSnippet"
  readonly fields: ReadonlyMap<string, Value>
  readonly methods: ReadonlyMap<string, Func> | undefined
  readonly text: (() => string) | undefined
  readonly json: Behaviour['json']

  constructor(type: string, fields: ReadonlyMap<string, Value>, behaviour: Behaviour = {}) {
    this.type = type
    this.fields = fields
    this.methods = behaviour.methods
    this.text = behaviour.text
    this.json = behaviour.json
  }
}

/** A nil that has a type: a nil pointer, function or channel. */
export class Nil {
  readonly type: string // "*dependency.Node"

  constructor(type: string) {
    this.type = type
  }
}

/** What is received is gone: a second `range` over the same channel finds nothing. It ends when it is empty. */
export class Channel {
  readonly type: string // "<-chan int64"
  readonly #values: Iterator<Value>

  constructor(type: string, values: Iterable<Value>) {
    this.type = type
    this.#values = values[Symbol.iterator]()
  }

  receive(): Value | undefined {
    const next = this.#values.next()
    return next.done === true ? undefined : next.value
  }
}

/** What a function may ask of the template it runs in. */
export interface CallContext {
  /** Runs a template of the same set; throws as the template does, or a GoError when there is none of this name. */
  execute(name: string, data: Value): string
  /** Called before something large is made: throws when the budget does not allow so many bytes. */
  charge(bytes: number): void
}

/**
 * A function or a bound method. The engine counts and checks the arguments against `params` as Go does, with Go's words,
 * and hands them over in that type; `call` may throw a GoError.
 */
export class Func {
  readonly name: string
  /** Go types; the last one may be variadic: `['string', '...interface {}']`. For `reflect.Value` anything passes. */
  readonly params: readonly string[]
  /** The type of the arguments of which there may be any number. */
  readonly rest: string | undefined
  /** How many arguments there are before them. */
  readonly fixed: number
  readonly call: (args: Value[], context: CallContext) => Value

  constructor(name: string, params: readonly string[], call: (args: Value[], context: CallContext) => Value) {
    this.name = name
    this.params = params
    this.rest = params.at(-1)?.startsWith('...') ? params.at(-1)?.slice('...'.length) : undefined
    this.fixed = this.rest === undefined ? params.length : params.length - 1
    this.call = call
  }
}

/** A type with a life of its own: time.Time, time.Duration, *semver.Version. */
export abstract class Opaque {
  abstract readonly goType: string
  /** How it prints with a verb of printf, without flags: `v`, `s`, `d`, `+v` … */
  abstract print(verb: string): string
  method(_name: string): Func | undefined {
    return undefined
  }
  /** What an action prints that finds it in its place, where Go can call the methods of a pointer to it. */
  inPlace(): Value {
    return this
  }
  /** The value of the basic type under a named one (time.Duration is an int64): what is compared, and true or false. */
  underlying(): Value | undefined {
    return undefined
  }
  equals(other: Value): boolean {
    return this === other
  }
}

/** What Go calls an error: its message alone, the engine says where. */
export class GoError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'GoError'
  }
}

/** Go's %T. */
export function typeOf(value: Value): string {
  switch (typeof value) {
    case 'string':
      return 'string'
    case 'bigint':
      return 'int'
    case 'number':
      return 'float64'
    case 'boolean':
      return 'bool'
    case 'symbol':
      return '<nil>'
  }
  if (value === null) return '<nil>'
  if (value instanceof Num) return value.kind
  if (value instanceof Complex) return 'complex128'
  if (value instanceof Opaque) return value.goType
  if (value instanceof NamedSlice) return value.name
  return value instanceof Func ? `func(${value.params.join(', ')})` : value.type
}

/** The type of a slice's items or of a map's values. */
export function elementType(type: string): string {
  if (!type.startsWith('map[')) return type.slice(type.indexOf(']') + 1)
  return type.slice(keyType(type).length + 'map[]'.length)
}

export function keyType(type: string): string {
  let depth = 0
  for (let at = 'map['.length; at < type.length; at++) {
    if (type[at] === '[') depth++
    if (type[at] === ']' && depth-- === 0) return type.slice('map['.length, at)
  }
  return ''
}

/** A map's key as the value it is in a template. */
export function keyValue(type: string, key: Key): Value {
  const kind = typeof key === 'bigint' ? keyType(type) : ''
  return kind === '' || kind === 'int' || kind === 'interface {}' ? key : new Num(kind as IntegerKind, key as bigint)
}

/** Whatever its kind, an integer's value; undefined for anything else. */
export function integerOf(value: Value): bigint | undefined {
  if (typeof value === 'bigint') return value
  if (value instanceof Num && typeof value.value === 'bigint') return value.value
  return value instanceof Opaque ? integerOf(value.underlying() ?? null) : undefined
}

/** What Go's encoding/json makes of a document: numbers are float64, objects map[string]interface {}. */
export function fromJson(json: unknown): Value {
  if (Array.isArray(json)) return new Slice('[]interface {}', json.map(fromJson))
  if (typeof json === 'object' && json !== null) {
    return new GoMap(
      'map[string]interface {}',
      Object.entries(json).map(([key, value]) => [key, fromJson(value)]),
    )
  }
  return typeof json === 'string' || typeof json === 'number' || typeof json === 'boolean' ? json : null
}
