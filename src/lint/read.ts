import { extname } from 'node:path'
import { goLanguage } from '../render/gotmpl/index.ts'
import { nunjucksLanguage } from '../render/nunjucks/index.ts'
import { readGo } from './read-go.ts'
import { readNunjucks } from './read-nunjucks.ts'
import type { LanguageName, Part } from './template.ts'

export const languageNames: readonly LanguageName[] = ['nunjucks', 'gotmpl', 'nginx']

/** By extension; what has another one is what it looks like. */
export function languageFor(path: string, text: string): LanguageName {
  const extension = extname(path)
  if (nunjucksLanguage.extensions.includes(extension)) return 'nunjucks'
  if (goLanguage.extensions.includes(extension)) return 'gotmpl'
  if (/\{%-?\s*[a-z]/.test(text)) return 'nunjucks'
  return text.includes('{{') ? 'gotmpl' : 'nginx'
}

/** Throws what compiling a template throws, with path:line:column. */
export function readTemplate(path: string, text: string, language: LanguageName): Part[] {
  // Compiling sees what a parser does not, and says where.
  switch (language) {
    case 'nunjucks':
      nunjucksLanguage.compile({ path, text })
      return readNunjucks(text)
    case 'gotmpl':
      goLanguage.compile({ path, text })
      return readGo(text, path)
    case 'nginx':
      return [{ kind: 'text', at: 0, text }]
  }
}
