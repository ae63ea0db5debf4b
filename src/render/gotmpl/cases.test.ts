import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Rendered, type Run, rendered } from '../../../test/support/gotmpl.ts'

/** Cases recorded from consul-template 0.42.1: its own tests, and what it made of templates that were put to it. */
interface Case {
  readonly name: string
  readonly template: string
  readonly data: Run
  readonly env?: Readonly<Record<string, string>>
  readonly options?: { readonly error_on_missing_key?: boolean }
  readonly expected?: string
  readonly errorText?: string
  readonly deps: readonly string[]
}

const path = join(import.meta.dirname, '../../../test/fixtures/consul-template-0.42.1/cases.json')
const { templates }: { templates: readonly Case[] } = JSON.parse(readFileSync(path, 'utf8'))

/** Asked of a machine that runs plugins; here there is none that does. */
const elsewhere = ['fn/plugin_missing']

describe('the recorded cases of consul-template 0.42.1', () => {
  it.each(templates.filter(({ name }) => !elsewhere.includes(name)))('$name: $template', recorded => {
    const { template, data, env = {}, options, expected, errorText, deps } = recorded

    const without = { env, failsOnMissingKey: options?.error_on_missing_key === true }
    const { asked, ...answer } = passes(template, { ...data, ...without }, without)

    expect(answer).toEqual(
      errorText === undefined ? { output: expected } : { error: errorText.replace(/^(parse|execute): /, '') },
    )
    if (errorText === undefined) expect([...asked].sort()).toEqual([...deps].sort())
  })
})

/** The first pass has no data yet; a template that fails in it has failed. */
function passes(template: string, run: Run, without: Run): Rendered {
  const first = rendered(template, without)
  return first.error === undefined ? rendered(template, run) : first
}
