import type { Func } from '../../values.ts'
import { text } from '../define.ts'

/** Go's path and, on the systems we run on the same, path/filepath: by the text alone. */
export const pathFunctions: readonly Func[] = ['', 'os'].flatMap(prefix => {
  const named = (name: string) => (prefix === '' ? name : prefix + name[0]?.toUpperCase() + name.slice(1))
  return [
    text(named('base'), 1, base),
    text(named('dir'), 1, path => clean(path.slice(0, path.lastIndexOf('/') + 1))),
    text(named('clean'), 1, clean),
    text(named('ext'), 1, path => /\.[^./]*$/.exec(path)?.[0] ?? ''),
    text(named('isAbs'), 1, path => path.startsWith('/')),
  ]
})

function base(path: string): string {
  if (path === '') return '.'
  const trimmed = path.replace(/\/+$/, '')
  return trimmed === '' ? '/' : trimmed.slice(trimmed.lastIndexOf('/') + 1)
}

export function clean(path: string): string {
  const isRooted = path.startsWith('/')
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.length > 0 && parts.at(-1) !== '..') parts.pop()
    else if (!isRooted) parts.push('..')
  }
  const joined = (isRooted ? '/' : '') + parts.join('/')
  return joined === '' ? '.' : joined
}
