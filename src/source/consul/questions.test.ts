import { expect, it } from 'vitest'
import { isUnaskable } from './questions.ts'

it.each(['..', '.', 'a/../b', 'a//b', '/a', 'a\nb', 'a\tb', 'a\u202eb', 'a\u00a0b', '\0'])(
  'Consul has no answer for a node named %j',
  node => {
    expect(isUnaskable(node)).toBe(true)
  },
)

it.each(['n1', 'n.1', '..a', 'a..', 'db-1.example', 'a b', 'a/b', 'a;b{}$"', 'knoten-ä', 'ノード', '😀'])(
  'it has one for %j',
  node => {
    expect(isUnaskable(node)).toBe(false)
  },
)
