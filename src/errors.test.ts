import { describe, expect, it } from 'vitest'
import { codes, exitCodeOf, isOf, reasonOf, systemCode, UpstreamdError } from './errors.ts'

describe('every code', () => {
  const exits = { config: 78, source: 69, template: 65, target: 75 } as const
  const classes = Object.keys(exits) as (keyof typeof exits)[]

  it.each(codes)('%s belongs to the class it begins with, and ends -once with that class’s exit code', code => {
    const error = new UpstreamdError(code, 'x')
    const own = classes.filter(name => isOf(name, error))

    expect(own).toEqual([code.split('_')[0]?.toLowerCase()])
    expect(exitCodeOf(error)).toBe(exits[own[0] ?? 'config'])
  })
})

it('whatever else is thrown is a bug of ours', () => {
  expect([new TypeError('x'), 'text', undefined].map(exitCodeOf)).toEqual([70, 70, 70])
  expect(isOf('source', new Error('x'))).toBe(false)
})

describe('the reason of an error', () => {
  it('goes down to what caused it', () => {
    const cause = new Error('ENOSPC: no space left on device')

    expect(reasonOf(new UpstreamdError('TARGET_STAGE_FAILED', 'cannot write generation 12ab', { cause }))).toBe(
      'cannot write generation 12ab: ENOSPC: no space left on device',
    )
  })

  it('is never empty', () => {
    expect([new TypeError(), 'text', undefined, 7].map(reasonOf)).toEqual(['TypeError', 'text', 'undefined', '7'])
  })
})

it('the code of a system error is found, and nobody else’s', () => {
  expect(systemCode(Object.assign(new Error('x'), { code: 'ENOENT' }))).toBe('ENOENT')
  expect([new Error('x'), Object.assign(new Error('x'), { code: 7 }), { code: 'ENOENT' }].map(systemCode)).toEqual([
    undefined,
    undefined,
    undefined,
  ])
})
