import type { Value } from '../values.ts'

type Fields = ReadonlyMap<string, Value>

/** Fields that are made when the first of them is looked at: most templates never look at a check, and there are many. */
export class LateFields implements Fields {
  readonly #make: () => Fields
  #made: Fields | undefined
  #whenMade: ((fields: Fields) => void) | undefined

  constructor(make: () => Fields) {
    this.#make = make
  }

  /** Is called with the fields once there are any. */
  whenMade(work: (fields: Fields) => void): void {
    if (this.#made !== undefined) work(this.#made)
    else this.#whenMade = work
  }

  get #fields(): Fields {
    if (this.#made === undefined) {
      this.#made = this.#make()
      this.#whenMade?.(this.#made)
    }
    return this.#made
  }

  get size(): number {
    return this.#fields.size
  }

  get(name: string): Value | undefined {
    return this.#fields.get(name)
  }

  has(name: string): boolean {
    return this.#fields.has(name)
  }

  keys(): MapIterator<string> {
    return this.#fields.keys()
  }

  values(): MapIterator<Value> {
    return this.#fields.values()
  }

  entries(): MapIterator<[string, Value]> {
    return this.#fields.entries()
  }

  [Symbol.iterator](): MapIterator<[string, Value]> {
    return this.#fields[Symbol.iterator]()
  }

  forEach(work: (value: Value, name: string, fields: Fields) => void): void {
    this.#fields.forEach(work)
  }
}
