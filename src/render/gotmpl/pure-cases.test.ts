import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { execute } from './execute.ts'
import { parse } from './parse.ts'
import { GoError, NO_VALUE } from './values.ts'

interface Case {
  readonly name: string
  readonly template: string
  readonly options?: { readonly error_on_missing_key?: boolean }
  readonly expected?: string
  readonly errorText?: string
}

const path = join(import.meta.dirname, '../../../test/fixtures/text-template-go1.26/consul-template-0.42.1.json')
const { templates }: { templates: readonly Case[] } = JSON.parse(readFileSync(path, 'utf8'))

describe('the recorded cases of consul-template 0.42.1 that need none of its functions', () => {
  it.each(templates)('$name: $template', recorded => {
    const { expected, errorText } = recorded

    const answer = answerTo(recorded)

    expect(answer).toEqual(
      errorText === undefined ? { output: expected } : { error: errorText.replace(/^(parse|execute): /, '') },
    )
  })
})

function answerTo({ template, options }: Case): { output?: string; error?: string } {
  const functions = new Map()
  const missingKey = options?.error_on_missing_key ? 'error' : 'zero'
  try {
    const parsed = parse(template, { name: '', functions })
    return { output: execute(parsed, NO_VALUE, { functions, missingKey, budget: { ms: 5000, bytes: 100_000 } }) }
  } catch (error) {
    if (error instanceof GoError) return { error: error.message }
    throw error
  }
}
