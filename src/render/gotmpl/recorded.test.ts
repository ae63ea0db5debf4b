import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { toValue } from '../../../test/oracle/gotmpl/data.ts'
import { functionsOf } from '../../../test/oracle/gotmpl/functions.ts'
import { type Recorded, recordedPath } from '../../../test/oracle/gotmpl/recorded.ts'
import { execute } from './execute.ts'
import { parse } from './parse.ts'
import { GoError } from './values.ts'

const { recordedFrom, data, cases }: Recorded = JSON.parse(readFileSync(recordedPath, 'utf8'))

describe(`what was recorded from ${recordedFrom}`, () => {
  it.each(cases)('$topic: $template', ({ template, left, right, missingKey = 'default', output, error }) => {
    const functions = functionsOf()

    const answer = (() => {
      try {
        const parsed = parse(template, { name: 't', functions, ...(left === undefined ? {} : { left, right }) })
        return { output: execute(parsed, toValue(data), { functions, missingKey, budget: { ms: 5000, bytes: 1e6 } }) }
      } catch (failure) {
        if (failure instanceof GoError) return { error: failure.message }
        throw failure
      }
    })()

    expect(answer).toEqual(error === undefined ? { output } : { error })
  })
})
