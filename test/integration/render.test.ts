import { describe, expect, it } from 'vitest'
import { UpstreamdError } from '../../src/errors.ts'
import { languageOf } from '../../src/render/registry.ts'
import { aSite, aView } from '../support/builders.ts'

const path = '/etc/app.njk'
const compile = (text: string) => languageOf(path).compile({ path, text })

describe('a template that never ends', () => {
  it('is stopped and named, and the next one renders as if nothing had been', () => {
    const endless = compile('{% set r = range(100000) %}{% for a in r %}{% for b in r %}{% endfor %}{% endfor %}')
    const started = performance.now()

    expect(() => endless.render(aView())).toThrow(
      expect.objectContaining({
        code: 'TEMPLATE_BUDGET',
        message: expect.stringMatching(/^\/etc\/app\.njk: did not finish rendering in 50\d ms$/),
      }),
    )

    expect(performance.now() - started).toBeGreaterThanOrEqual(500)
    expect(compile('{{ domain }}').render(aView()).text).toBe('flyclock.cn')
  })

  it('also when it calls itself', () => {
    const text = '{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}'

    expect(() => compile(text).render(aView())).toThrow(UpstreamdError)
    expect(compile('{{ domain }}').render(aView()).text).toBe('flyclock.cn')
  })
})

it('a text of hundreds of megabytes is no configuration', () => {
  const text = '{% for a in range(300) %}{{ "x".repeat(1000000) }}{% endfor %}'
  // A render of many services may take 5 s: on a busy machine this one takes more than the half second of few.
  const sites = Array.from({ length: 2_500 }, (_, n) => aSite(`s${n}`, 1))

  expect(() => compile(text).render(aView(sites))).toThrow(
    expect.objectContaining({ code: 'TEMPLATE_BUDGET', message: `${path}: gives more than 268435456 bytes of text` }),
  )
})
