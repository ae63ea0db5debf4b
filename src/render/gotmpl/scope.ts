import type { GoMap, Slice, Value } from './values.ts'

/** Where a value lies: in Go it has the type of the place until it is evaluated further, and errors tell this type. */
export type Holder = GoMap | Slice | undefined

interface Variable {
  readonly name: string
  value: Value
  holder: Holder
}

/** The variables of one run of a template, the nearest last. */
export class Scope {
  readonly #variables: Variable[]

  constructor(data: Value) {
    this.#variables = [{ name: '$', value: data, holder: undefined }]
  }

  get size(): number {
    return this.#variables.length
  }

  push(name: string, value: Value): void {
    this.#variables.push({ name, value, holder: undefined })
  }

  /** Forgets what was declared since there were so many. */
  shrink(size: number): void {
    this.#variables.length = size
  }

  get(name: string): Readonly<Variable> | undefined {
    for (let at = this.#variables.length - 1; at >= 0; at--) {
      if (this.#variables[at]?.name === name) return this.#variables[at]
    }
    return undefined
  }

  /** False when there is none of this name. */
  set(name: string, value: Value, holder: Holder): boolean {
    const variable: Variable | undefined = this.get(name)
    if (variable === undefined) return false
    variable.value = value
    variable.holder = holder
    return true
  }

  /** The first from the top is 1. */
  setTop(position: number, value: Value, holder: Holder): void {
    const variable = this.#variables[this.#variables.length - position]
    if (variable === undefined) return
    variable.value = value
    variable.holder = holder
  }
}
