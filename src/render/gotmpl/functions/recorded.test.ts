import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { rendered } from '../../../../test/support/gotmpl.ts'

type Entry = Readonly<Record<string, unknown>>

/**
 * What consul-template 0.42.1 itself made of these templates: test/oracle/functions/record.ts asked it.
 * One word of ours differs on purpose, and is taken out here: errors in front of a run begin with `parse: ` there, and
 * with `execute: ` within one.
 */
interface Recorded {
  readonly template: string
  readonly services?: Readonly<Record<string, readonly Entry[]>>
  readonly catalog?: readonly Entry[]
  readonly pairs?: Readonly<Record<string, readonly Entry[]>>
  readonly output?: string
  readonly error?: string
}

const path = join(import.meta.dirname, '../../../../test/fixtures/consul-template-0.42.1/functions.json')
const recorded: readonly Recorded[] = JSON.parse(readFileSync(path, 'utf8'))

describe('functions do what those of consul-template 0.42.1 do', () => {
  it.each(recorded)('$template', ({ template, services = {}, catalog = [], pairs = {}, output, error }) => {
    const service = Object.entries(services).map(([query, entries]) => ({ query, entries }))

    const { asked: _, ...answer } = rendered(template, { service, services: catalog, pairs })

    expect(answer).toEqual(error === undefined ? { output } : { error: error.replace(/^(parse|execute): /, '') })
  })
})
