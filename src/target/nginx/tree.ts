import { readdirSync, readFileSync } from 'node:fs'
import { dirname, isAbsolute, join, normalize, resolve } from 'node:path'
import { compare } from '../../model/catalog.ts'
import { type Directive, find, parseDirectives } from './tokens.ts'

export interface ConfigFile {
  readonly path: string
  readonly text: string
  readonly directives: readonly Directive[]
  /** Every directive of this name in it; a text that does not hold the word is not parsed for it. */
  named(name: string): readonly Directive[]
}

function configFile(path: string, text: string): ConfigFile {
  let parsed: readonly Directive[] | undefined
  return {
    path,
    text,
    get directives() {
      parsed ??= parseDirectives(text)
      return parsed
    },
    named(name) {
      return text.includes(name) ? [...find(this.directives, name)] : []
    },
  }
}

/** An nginx configuration as nginx would read it: the main file and everything it includes. */
export interface Tree {
  readonly main: string
  readonly files: ReadonlyMap<string, ConfigFile> // by absolute path
  readonly patterns: readonly string[] // absolute, as in `include`
}

/**
 * Follows the includes, not the folders. `overlay` gives texts that take the place of what is on disk,
 * whether or not there is a file yet. What cannot be read is left to nginx to complain about.
 */
export function readTree(main: string, overlay: ReadonlyMap<string, string> = new Map()): Tree {
  const files = new Map<string, ConfigFile>()
  const patterns = new Set<string>()
  const queue = [main]
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (files.has(path)) continue
    const text = overlay.get(path) ?? readText(path)
    if (text === undefined) continue

    const file = configFile(path, text)
    files.set(path, file)
    for (const include of file.named('include')) {
      const pattern = includePattern(main, include)
      patterns.add(pattern)
      queue.push(...glob(pattern), ...[...overlay.keys()].filter(candidate => matches(pattern, candidate)))
    }
  }
  return { main, files, patterns: [...patterns] }
}

/** Would nginx read this path, whether or not the file exists yet? */
export function reads(tree: Tree, path: string): boolean {
  return path === tree.main || tree.patterns.some(pattern => matches(pattern, path))
}

/** nginx resolves a relative include against the folder of the file given with `-c`, wherever the include stands. */
export function includePattern(main: string, include: Directive): string {
  const pattern = include.args[0] ?? ''
  return normalize(isAbsolute(pattern) ? pattern : join(dirname(main), pattern))
}

/** The first directive of this name at the top level of the tree, and where it stands. */
export function mainDirective(tree: Tree, name: string): { directive: Directive; file: ConfigFile } | undefined {
  for (const file of tree.files.values()) {
    const named = file.named(name)
    const directive = named.length > 0 && file.directives.find(candidate => named.includes(candidate))
    if (directive && (file.path === tree.main || !isInsideHttp(tree, file))) return { directive, file }
  }
  return undefined
}

/** Every directive of this name anywhere in the tree. */
export function* everywhere(tree: Tree, name: string): Generator<{ directive: Directive; file: ConfigFile }> {
  for (const file of tree.files.values()) {
    for (const directive of file.named(name)) yield { directive, file }
  }
}

/** Is this file included from within a block? Then its directives are not at the top level, whatever they look like. */
function isInsideHttp(tree: Tree, included: ConfigFile): boolean {
  for (const file of tree.files.values()) {
    const top = file.named('include').filter(include => file.directives.includes(include))
    if (top.some(include => matches(includePattern(tree.main, include), included.path))) return false
  }
  return true
}

function matches(pattern: string, path: string): boolean {
  return patternOf(pattern).test(path)
}

/** glob(3) as nginx calls it: `*` and `?` stop at a slash and never match a leading dot. */
function patternOf(pattern: string): RegExp {
  const source = pattern
    .split('/')
    .map(segment => {
      const escaped = segment.replace(/[*?]|[.+^${}()|\\]/g, char =>
        char === '*' ? '[^/]*' : char === '?' ? '[^/]' : `\\${char}`,
      )
      return /^[*?[]/.test(segment) ? `(?!\\.)${escaped}` : escaped
    })
    .join('/')
  return new RegExp(`^${source}$`)
}

function glob(pattern: string): string[] {
  if (!/[*?[]/.test(pattern)) return [pattern]

  let folders = ['/']
  const segments = pattern.split('/').filter(Boolean)
  for (const [position, segment] of segments.entries()) {
    const isLast = position === segments.length - 1
    folders = folders.flatMap(folder => {
      if (!/[*?[]/.test(segment)) return [join(folder, segment)]
      const name = patternOf(segment)
      return entriesOf(folder, isLast)
        .filter(entry => name.test(entry))
        .map(entry => join(folder, entry))
    })
  }
  return folders.sort(compare).map(path => resolve(path))
}

function entriesOf(folder: string, files: boolean): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter(entry => files || entry.isDirectory() || entry.isSymbolicLink())
      .map(entry => entry.name)
  } catch {
    return [] // a folder that is not there matches nothing, as for nginx
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined // nginx names it when it matters
  }
}
