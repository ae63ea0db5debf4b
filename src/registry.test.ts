import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { aRuntime } from '../test/support/builders.ts'
import { defineModule, registry } from './registry.ts'

interface Greeter {
  greet(): string
}

const polite = defineModule<Greeter>()({
  config: z.strictObject({ type: z.literal('polite'), name: z.string().default('you') }),
  create: ({ name }) => ({ greet: () => `hello ${name}` }),
})
const rude = defineModule<Greeter>()({
  config: z.strictObject({ type: z.literal('rude') }),
  create: () => ({ greet: () => 'what?' }),
})
const greeters = registry<Greeter>()([polite, rude])

describe('a list of modules', () => {
  it('knows their types', () => {
    expect(greeters.types).toEqual(['polite', 'rude'])
  })

  it('makes the one that is asked for, with its defaults', () => {
    const { runtime } = aRuntime()

    expect(greeters.create({ type: 'polite' }, runtime).greet()).toBe('hello you')
    expect(greeters.create({ type: 'rude' }, runtime).greet()).toBe('what?')
  })

  it('refuses what a module does not declare', () => {
    const section = { type: 'rude', name: 'x' }

    expect(() => greeters.create(section, aRuntime().runtime)).toThrow(/name/)
    expect(greeters.config.safeParse(section).success).toBe(false)
  })

  it('refuses a type nobody makes', () => {
    expect(() => greeters.create({ type: 'silent' }, aRuntime().runtime)).toThrow('no module makes "silent"')
  })

  it('does not compile with a module that makes the wrong thing', () => {
    // @ts-expect-error: it makes a number.
    const wrong = defineModule<Greeter>()({ config: z.object({ type: z.literal('wrong') }), create: () => 7 })

    expect(wrong).toBeDefined()
  })

  it('does not compile with a module that reads an option it does not declare', () => {
    const wrong = defineModule<Greeter>()({
      config: z.object({ type: z.literal('wrong') }),
      // @ts-expect-error: there is no such option.
      create: ({ volume }) => ({ greet: () => String(volume) }),
    })

    expect(wrong).toBeDefined()
  })
})
