import { expect, it } from 'vitest'
import { describe as described } from './diagnostic.ts'

it.each([
  { diagnostic: { message: 'no events', file: '/etc/nginx.conf', line: 3 }, text: '/etc/nginx.conf:3: no events' },
  { diagnostic: { message: 'no events', file: '/etc/nginx.conf' }, text: '/etc/nginx.conf:0: no events' },
  { diagnostic: { message: 'cannot fork' }, text: 'cannot fork' },
])('a fault is told with its place: $text', ({ diagnostic, text }) => {
  expect(described({ severity: 'error', ...diagnostic })).toBe(text)
})
