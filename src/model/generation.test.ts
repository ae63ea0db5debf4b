import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { aSelection, aSite } from '../../test/support/builders.ts'
import { digestOf, generationOf } from './generation.ts'

describe('a generation’s digest', () => {
  const files = [{ path: 'nginx.conf', text: 'events {}' }]

  it('is the same for the same files, whatever they were rendered from', () => {
    const one = generationOf(files, aSelection([]))
    const other = generationOf([...files], aSelection([aSite('web', 1)]))

    expect(other.digest).toBe(one.digest)
    expect(one.digest).toMatch(/^[0-9a-f]{64}$/)
  })

  it.each([
    { title: 'a text', other: [{ path: 'nginx.conf', text: 'events { }' }] },
    { title: 'a path', other: [{ path: 'nginx.conf2', text: 'events {}' }] },
    { title: 'one more file', other: [...files, { path: 'empty', text: '' }] },
    { title: 'a letter that moves from the path to the text', other: [{ path: 'nginx.con', text: 'fevents {}' }] },
  ])('changes with $title', ({ other }) => {
    expect(digestOf(other)).not.toBe(digestOf(files))
  })

  it('is shared by two sets of files only when they are the same', () => {
    const part = fc.string({ maxLength: 3, unit: fc.constantFrom('a', '1', ':') })
    const set = fc.array(fc.record({ path: part, text: part }), { maxLength: 3 })

    fc.assert(
      fc.property(set, set, (one, other) => {
        const isSame = JSON.stringify(one) === JSON.stringify(other)

        expect(digestOf(one) === digestOf(other)).toBe(isSame)
      }),
      { numRuns: 500 },
    )
  })
})
