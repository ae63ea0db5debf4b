import { readdirSync, readFileSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'
import { reasonOf, UpstreamdError } from '../errors.ts'
import { parseYamlDocument } from '../yaml.ts'
import type { Document } from './document.ts'
import { parseHcl } from './hcl.ts'
import { HclError } from './hcl-tokens.ts'

/**
 * The files a path stands for: itself, or, in order, all below a folder. Not those that begin with a dot or end with ~,
 * which mounts and editors leave there, and nothing behind a link to another folder. Throws CONFIG_UNREADABLE.
 */
export function configFilesAt(path: string): string[] {
  try {
    return statSync(path).isDirectory() ? filesBelow(path) : [path]
  } catch (error) {
    throw unreadable(path, reasonOf(error))
  }
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !name.startsWith('.') && !name.endsWith('~'))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(entry => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return filesBelow(path)
      return statSync(path).isFile() ? [path] : []
    })
}

/** Reads what it holds: YAML by its name, else JSON or HCL, as consul-template does. Throws CONFIG_UNREADABLE. */
export function readDocument(path: string): Document {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw unreadable(path, reasonOf(error))
  }
  return documentOf(path, text)
}

/** Throws CONFIG_UNREADABLE naming `path` and the line. */
export function documentOf(path: string, text: string): Document {
  const isYaml = ['.yaml', '.yml', '.json'].includes(extname(path)) || /^\s*\{/.test(text)
  try {
    return isYaml ? parseYamlDocument(text) : parseHcl(text)
  } catch (error) {
    if (error instanceof HclError) throw unreadable(`${path}:${error.line}`, error.message)
    const [why = ''] = reasonOf(error).split('\n') // the parser draws the place below
    throw unreadable(path, why)
  }
}

function unreadable(path: string, why: string): UpstreamdError {
  return new UpstreamdError('CONFIG_UNREADABLE', `cannot read configuration ${path}: ${why}`)
}
