import type { Parsed } from './parse.ts'

/** What a template names, wherever in it. */
export interface Mentioned {
  readonly functions: ReadonlySet<string>
  readonly fields: ReadonlySet<string>
  readonly literals: ReadonlySet<string> // texts of its own, which are no data wherever they are printed
}

export function mentionedIn({ templates }: Parsed): Mentioned {
  const functions = new Set<string>()
  const fields = new Set<string>()
  const literals = new Set<string>()
  const open: unknown[] = [...templates.values()]
  while (open.length > 0) {
    const node = open.pop()
    if (typeof node !== 'object' || node === null) continue
    const { kind, name, text, path } = node as { kind?: unknown; name?: unknown; text?: unknown; path?: unknown }
    if (kind === 'identifier') functions.add(String(name))
    if (kind === 'string') literals.add(String(text))
    if (Array.isArray(path)) for (const field of path) fields.add(String(field))
    open.push(...Object.values(node))
  }
  return { functions, fields, literals }
}
