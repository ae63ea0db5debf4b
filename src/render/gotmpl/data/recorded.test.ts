import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Recorded, recordedPath } from '../../../../test/oracle/data/recorded.ts'
import { rendered } from '../../../../test/support/gotmpl.ts'
import { queryId } from '../../../model/query.ts'

const { recordedFrom, answers, cases }: Recorded = JSON.parse(readFileSync(recordedPath, 'utf8'))

describe(`what was recorded from ${recordedFrom} with a Consul behind it`, () => {
  it.each(cases)('$template', ({ template, output, error, waits }) => {
    const held: string[] = []

    const answer = rendered(template, {
      answer: query => answers[queryId(query)],
      hold: query => held.push(queryId(query)),
    })

    if (waits) expect(held).not.toEqual([])
    else
      expect({ output: answer.output, error: answer.error, held }).toEqual({
        output,
        error: error?.replace(/^execute: /, ''),
        held: [],
      })
  })
})
