import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { idleFlags } from '../src/command/consul-template-flags.ts'
import { flags } from '../src/command/flags.ts'
import { commands } from '../src/command/registry.ts'
import { codes } from '../src/errors.ts'
import { rules } from '../src/lint/rules.ts'
import { levelOf } from '../src/observe/level.ts'
import { languages } from '../src/render/registry.ts'
import { sources } from '../src/source/registry.ts'
import { targets } from '../src/target/registry.ts'
import { configReference, configSchema } from './support/config-reference.ts'
import { breaksOf, cyclesOf, importGraph, layerOf } from './support/imports.ts'

const root = join(import.meta.dirname, '..')
const src = join(root, 'src')
const graph = importGraph(src)
const read = (path: string) => readFileSync(join(root, path), 'utf8')

describe('the structure', () => {
  it('has no import cycles', () => {
    expect(cyclesOf(graph)).toEqual([])
  })

  it('keeps its layers: imports go down, and never from one module of a seam to another', () => {
    expect([...graph.keys()].filter(path => layerOf(path) === -1)).toEqual([])
    expect(breaksOf(graph)).toEqual([])
  })

  it('would notice a planted cycle and a planted break', () => {
    const planted = new Map(graph)
    planted.set('model/catalog.ts', [...(graph.get('model/catalog.ts') ?? []), 'model/selection.ts'])
    planted.set('source/file/index.ts', ['source/consul/index.ts'])
    planted.set('select/select.ts', ['daemon.ts'])

    expect(cyclesOf(planted).some(cycle => /model\/selection\.ts → model\/catalog\.ts/.test(cycle))).toBe(true)
    expect(breaksOf(planted).sort()).toEqual([
      'select/select.ts reaches up to daemon.ts',
      'source/file/index.ts reaches over to source/consul/index.ts',
    ])
  })

  it('keeps the core pure: model and select touch neither files nor processes nor the network', () => {
    const allowed = ['node:crypto', 'node:net'] // hashing, and parsing of addresses
    const pure = [...graph].filter(([path]) =>
      /^(model|select)\/|^render\/(language|view|render)\.ts$|^delivery\/announce\.ts$/.test(path),
    )
    const foreign = pure.flatMap(([path, imports]) =>
      imports.filter(name => !graph.has(name) && !allowed.includes(name)).map(name => `${path}: ${name}`),
    )
    expect(foreign).toEqual([])
  })

  it('lets one module only import each package; zod is the language of the doors', () => {
    const owners = new Map<string, Set<string>>()
    for (const [path, imports] of graph) {
      for (const name of imports.filter(name => !graph.has(name) && !name.startsWith('node:'))) {
        const pack = name.split('/')[0] ?? name
        owners.set(
          pack,
          (owners.get(pack) ?? new Set()).add(path.startsWith('render/nunjucks/') ? 'render/nunjucks' : path),
        )
      }
    }
    owners.delete('zod')

    expect([...owners].filter(([, files]) => files.size > 1)).toEqual([])
    const declared = Object.keys(JSON.parse(read('package.json')).dependencies).filter(name => name !== 'zod')
    expect([...owners.keys()].sort()).toEqual(declared.sort())
  })

  it('has no state outside functions, and no file too long to read in one sitting', () => {
    const texts = [...graph.keys()].map(path => ({ path, text: readFileSync(join(src, path), 'utf8') }))
    expect(texts.filter(({ text }) => /^(export )?let /m.test(text)).map(({ path }) => path)).toEqual([])
    expect(texts.filter(({ text }) => text.split('\n').length > 300).map(({ path }) => path)).toEqual([])
  })
})

describe('what only one place may do', () => {
  const whereIs = (what: RegExp) =>
    [...graph.keys()].filter(path =>
      what.test(readFileSync(join(src, path), 'utf8').replace(/\/\/.*|\/\*[\s\S]*?\*\//g, '')),
    )

  it('S6: no timer and no decision looks at the wall clock, which may jump: it only dates what people read, and files', () => {
    expect(whereIs(/\bDate\b/).sort()).toEqual([
      'command/healthcheck.ts', // how old what is known is
      'last-snapshot.ts', // the same, over a restart
      'observe/log-file.ts', // the name of a file
      'observe/logger.ts', // the time of a line
      'observe/status.ts', // since when
      'render/gotmpl/index.ts', // what `timestamp` prints
      'source/consul/answer.ts', // two dates of the other side, compared with each other
      'status-file.ts', // since when
      'target/generations.ts', // the age of a folder, which has no other clock
      'watch-files.ts', // the same, of a file
    ])
  })

  it('a shell runs nothing but a user’s own command, and no other file starts programs', () => {
    expect(whereIs(/\bshell: |'(\/bin\/)?(ba)?sh'/)).toEqual(['target/command.ts'])
    expect(whereIs(/from '(node:child_process|execa)'/).sort()).toEqual([
      'exec.ts',
      'observe/syslog.ts',
      'render/gotmpl/unsafe.ts', // `plugin`, where an operator allows it
      'target/nginx/launch.ts',
      'target/program.ts',
    ])
  })
})

describe('registries', () => {
  const folders = (path: string) =>
    readdirSync(join(src, path), { withFileTypes: true })
      .filter(entry => entry.isDirectory() && exists(join(path, entry.name, 'index.ts')))
      .map(entry => entry.name)
      .sort()
  const exists = (path: string) => graph.has(path)

  it('list every folder that has an index.ts', () => {
    expect([...sources.types].sort()).toEqual(folders('source'))
    expect([...targets.types].sort()).toEqual(folders('target'))
    expect(languages.map(({ name }) => name).sort()).toEqual(folders('render'))
  })
})

describe('the documentation', () => {
  const headings = (text: string) => [...text.matchAll(/^### `([^`]+)`/gm)].map(match => match[1]).sort()

  it('explains every error code, and no other', () => {
    expect(headings(read('docs/errors.md'))).toEqual([...codes].sort())
  })

  it('explains every event, and no other', () => {
    expect(headings(read('docs/events.md'))).toEqual(Object.keys(levelOf).sort())
  })

  it('explains every rule of lint, and no other, with the manual that it rests on', () => {
    const page = read('docs/lint.md')

    expect(headings(page)).toEqual(rules.map(({ name }) => name).sort())
    const paragraphs = page.split(/^### /m).slice(1)
    expect(paragraphs.filter(text => !/Rests on .*\]\(https:/.test(text))).toEqual([])
  })

  it('lists every flag in the README, and no other', () => {
    const listed = [...read('README.md').matchAll(/^\| `-([\w-]+)/gm)].map(match => match[1])
    expect(listed.sort()).toEqual(flags.map(({ name }) => name).sort())
  })

  it('names every flag that is accepted and does nothing', () => {
    const page = read('docs/from-consul-template.md')
    expect(idleFlags.map(({ name }) => `\`-${name}\``).filter(name => !page.includes(name))).toEqual([])
  })

  it('names every command in operations.md', () => {
    for (const { name } of commands) expect(read('docs/operations.md')).toContain(`upstreamd ${name}`)
  })

  it('has a configuration reference and a JSON Schema made from the schema (npm run docs makes them anew)', () => {
    expect(read('docs/configuration.md')).toBe(configReference())
    expect(read('docs/config.schema.json')).toBe(configSchema())
  })

  it('has a row, with a test or a reason, for every fault that was thought of', () => {
    const wanted = Object.entries({ C: 17, T: 3, F: 5, N: 12, S: 7 }).flatMap(([letter, count]) =>
      Array.from({ length: count }, (_, position) => `${letter}${position + 1}`),
    )
    const rows = [...read('docs/reliability.md').matchAll(/^\| (\w\d+) \|.*\|.*\| (.+) \|$/gm)].map(row => row[1])
    expect(wanted.filter(fault => !rows.includes(fault))).toEqual([])
  })

  it('names only files that are there', () => {
    const pages = [
      'README.md',
      'CONTRIBUTING.md',
      ...readdirSync(join(root, 'docs'))
        .filter(name => name.endsWith('.md'))
        .map(name => `docs/${name}`),
    ]
    const missing = pages.flatMap(page =>
      [...read(page).matchAll(/`((?:src|test|scripts|ctmpl|nginx|docs)\/[\w./-]+)`|\]\(([\w./-]+)(?:#[\w-]+)?\)/g)]
        .map(match => match[1] ?? join(page.startsWith('docs/') ? 'docs' : '', match[2] ?? ''))
        .filter(path => !exists(path))
        .map(path => `${page}: ${path}`),
    )
    expect(missing).toEqual([])
  })

  function exists(path: string): boolean {
    try {
      readdirSync(join(root, path))
      return true
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ENOTDIR'
    }
  }
})
