import { expect, it } from 'vitest'
import { isAtLeast } from './binary.ts'

it.each([
  { version: '1.27.4', wanted: '1.27.4', is: true },
  { version: '1.27.5', wanted: '1.27.4', is: true },
  { version: '1.28.0', wanted: '1.27.4', is: true },
  { version: '2.0.0', wanted: '1.27.4', is: true },
  { version: '1.27.3', wanted: '1.27.4', is: false },
  { version: '1.22.1', wanted: '1.27.4', is: false },
  { version: '1.9.15', wanted: '1.27.4', is: false },
  { version: '1.27.4.2', wanted: '1.27.4', is: true },
  { version: '1.28', wanted: '1.27.4', is: true },
])('nginx $version is at least $wanted: $is', ({ version, wanted, is }) => {
  expect(isAtLeast(version, wanted)).toBe(is)
})
