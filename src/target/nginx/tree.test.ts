import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { everywhere, mainDirective, reads, readTree } from './tree.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'upstreamd-tree-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const path = (name: string) => join(folder, name)

/** A tree of files; `@` in a text stands for the folder. */
function tree(files: Readonly<Record<string, string>>, overlay: Readonly<Record<string, string>> = {}) {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(path(name)), { recursive: true })
    writeFileSync(path(name), text.replaceAll('@', folder))
  }
  return readTree(path('nginx.conf'), new Map(Object.entries(overlay).map(([name, text]) => [path(name), text])))
}
const names = ({ files }: ReturnType<typeof tree>) =>
  [...files.keys()].map(file => file.slice(folder.length + 1)).sort()

describe('includes are followed as nginx follows them', () => {
  it('relative ones from the folder of nginx.conf, wherever they stand', () => {
    const read = tree({
      'nginx.conf': 'http { include conf.d/a.conf; }',
      'conf.d/a.conf': 'include b.conf;',
      'b.conf': 'server {}',
      'conf.d/b.conf': 'never read',
    })

    expect(names(read)).toEqual(['b.conf', 'conf.d/a.conf', 'nginx.conf'])
  })

  it('absolute ones', () => {
    expect(names(tree({ 'nginx.conf': 'include @/x/a.conf;', 'x/a.conf': '' }))).toEqual(['nginx.conf', 'x/a.conf'])
  })

  it('patterns, which pass over dotfiles and folders below', () => {
    const read = tree({
      'nginx.conf': 'include conf.d/*.conf;',
      'conf.d/b.conf': '',
      'conf.d/a.conf': '',
      'conf.d/.hidden.conf': '',
      'conf.d/a.conf.bak': '',
      'conf.d/below/c.conf': '',
    })

    expect(names(read)).toEqual(['conf.d/a.conf', 'conf.d/b.conf', 'nginx.conf'])
  })

  it('a pattern of everything passes over temporary files, which begin with a dot', () => {
    expect(names(tree({ 'nginx.conf': 'include sites/*;', 'sites/a': '', 'sites/.a.123.tmp': '' }))).toEqual([
      'nginx.conf',
      'sites/a',
    ])
  })

  it('patterns of folders, of one character, and of a choice', () => {
    const files = { 'x/1/a.conf': '', 'x/2/a.conf': '', 'x/b1.conf': '', 'x/b22.conf': '', 'x/c1.conf': '' }

    expect(names(tree({ 'nginx.conf': 'include x/*/a.conf;', ...files }))).toEqual([
      'nginx.conf',
      'x/1/a.conf',
      'x/2/a.conf',
    ])
    expect(names(tree({ 'nginx.conf': 'include x/b?.conf;' }))).toEqual(['nginx.conf', 'x/b1.conf'])
    expect(names(tree({ 'nginx.conf': 'include x/[bc]1.conf;' }))).toEqual(['nginx.conf', 'x/b1.conf', 'x/c1.conf'])
  })

  it('quoted ones, and those with a .. in them', () => {
    expect(names(tree({ 'nginx.conf': 'include "x/../my file.conf";', 'my file.conf': '' }))).toEqual([
      'my file.conf',
      'nginx.conf',
    ])
  })

  it('once each, also when they go round in a circle', () => {
    const read = tree({ 'nginx.conf': 'include a; include a; include ./b;', a: 'include b;', b: 'include a;' })

    expect(names(read)).toEqual(['a', 'b', 'nginx.conf'])
  })

  it('what is not there is left to nginx to complain about', () => {
    expect(names(tree({ 'nginx.conf': 'include nowhere.conf; include none/*.conf;' }))).toEqual(['nginx.conf'])
  })

  it('what is commented out is not followed', () => {
    expect(names(tree({ 'nginx.conf': '# include a;\nevents {}', a: '' }))).toEqual(['nginx.conf'])
  })
})

describe('a file that is not written yet', () => {
  it('takes the place of what is on the disk', () => {
    const read = tree({ 'nginx.conf': 'include a;', a: 'old on;' }, { a: 'new on;' })

    expect(read.files.get(path('a'))?.text).toBe('new on;')
  })

  it('is read where a pattern fits, though there is no file', () => {
    const read = tree({ 'nginx.conf': 'include conf.d/*.conf;' }, { 'conf.d/new.conf': 'include other;', other: '' })

    expect(names(read)).toEqual(['conf.d/new.conf', 'nginx.conf', 'other'])
  })

  it('is not read where none fits', () => {
    expect(names(tree({ 'nginx.conf': 'include conf.d/*.conf;' }, { 'conf.d/.new.conf': '', 'x.conf': '' }))).toEqual([
      'nginx.conf',
    ])
  })
})

describe('a destination', () => {
  it.each([
    { name: 'conf.d/new.conf', isRead: true },
    { name: 'nginx.conf', isRead: true },
    { name: 'literal', isRead: true },
    { name: 'conf.d/.new.conf', isRead: false },
    { name: 'conf.d/new.conf.bak', isRead: false },
    { name: 'conf.d/below/new.conf', isRead: false },
    { name: 'conf.d2/new.conf', isRead: false },
    { name: 'conf_d/new.conf', isRead: false },
  ])('$name would be read: $isRead', ({ name, isRead }) => {
    const read = tree({ 'nginx.conf': 'include conf.d/*.conf; include literal;' })

    expect(reads(read, path(name))).toBe(isRead)
  })
})

describe('directives of the tree', () => {
  it('a directive of the main level is found where it is included, not where it is inside http', () => {
    const read = tree({
      'nginx.conf': 'include main.conf; http { include conf.d/*.conf; }',
      'main.conf': 'pid @/nginx.pid;',
      'conf.d/a.conf': 'error_log @/a.log;',
    })

    expect(mainDirective(read, 'pid')?.directive.args).toEqual([path('nginx.pid')])
    expect(mainDirective(read, 'error_log')).toBeUndefined()
  })

  it('every one of a name is found, with its file', () => {
    const read = tree({
      'nginx.conf': 'http { server { listen 1; } include a; }',
      a: 'server { listen 2; }',
    })

    const found = [...everywhere(read, 'listen')].map(({ directive, file }) => `${file.path} ${directive.args[0]}`)
    expect(found.sort()).toEqual([`${path('a')} 2`, `${path('nginx.conf')} 1`])
  })
})
