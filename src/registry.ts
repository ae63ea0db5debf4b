import { z } from 'zod'
import type { Runtime } from './runtime.ts'

export type ModuleConfig = z.ZodObject<{ type: z.ZodLiteral<string> } & z.core.$ZodLooseShape>

/** One implementation behind a seam: what it can be told, and how it is made. */
export interface Module<T, C extends ModuleConfig = ModuleConfig> {
  readonly config: C // a zod object whose `type` is a literal
  create(config: z.output<C>, runtime: Runtime): T
}

/** Curried, so that what it makes is stated and its configuration is inferred. */
export function defineModule<T>(): <C extends ModuleConfig>(module: Module<T, C>) => Module<T, C> {
  return module => module
}

// biome-ignore lint/suspicious/noExplicitAny: a list of modules whose configurations differ.
type AnyModule<T> = Module<T, any>
type Configs<M extends readonly AnyModule<unknown>[]> = { [I in keyof M]: M[I]['config'] }

/** A list of modules → its configuration schema and its factory. */
export function registry<T>(): <const M extends readonly [AnyModule<T>, ...AnyModule<T>[]]>(
  modules: M,
) => Registry<T, M> {
  return modules => {
    const byType = new Map(modules.map(module => [typeOf(module), module]))
    return {
      types: [...byType.keys()],
      config: z.discriminatedUnion('type', modules.map(module => module.config) as never),
      create(section, runtime) {
        const module = byType.get(section.type)
        if (module === undefined) throw new Error(`no module makes "${section.type}"`)
        return module.create(module.config.parse(section), runtime)
      },
    }
  }
}

export interface Registry<T, M extends readonly AnyModule<T>[]> {
  readonly types: readonly string[]
  readonly config: z.ZodDiscriminatedUnion<
    Configs<M> extends readonly z.core.$ZodTypeDiscriminable[] ? Configs<M> : never
  >
  create(section: { readonly type: string }, runtime: Runtime): T
}

function typeOf(module: AnyModule<unknown>): string {
  return module.config.shape.type.value
}
