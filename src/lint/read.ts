import { extname } from 'node:path'
import { reasonOf, UpstreamdError } from '../errors.ts'
import { TemplateError } from '../render/gotmpl/template-error.ts'
import { nunjucksLanguage } from '../render/nunjucks/index.ts'
import { readGo } from './read-go.ts'
import { readNunjucks } from './read-nunjucks.ts'
import type { LanguageName, Part } from './template.ts'

export const languageNames: readonly LanguageName[] = ['nunjucks', 'go', 'nginx']

/** By extension; what has another one is what it looks like. */
export function languageFor(path: string, text: string): LanguageName {
  const extension = extname(path)
  if (extension === '.njk') return 'nunjucks'
  if (['.ctmpl', '.tmpl', '.tpl'].includes(extension)) return 'go'
  if (/\{%-?\s*[a-z]/.test(text)) return 'nunjucks'
  return text.includes('{{') ? 'go' : 'nginx'
}

/** Throws TEMPLATE_SYNTAX with path:line:column, and what else compiling a template throws. */
export function readTemplate(path: string, source: string, language: LanguageName): Part[] {
  switch (language) {
    case 'nunjucks':
      // It names the place of what is wrong, and what the parser does not see.
      nunjucksLanguage.compile({ path, text: source })
      return readNunjucks(source)
    case 'go':
      return goParts(path, source)
    case 'nginx':
      return [{ kind: 'text', at: 0, text: source }]
  }
}

function goParts(path: string, source: string): Part[] {
  try {
    return readGo(source, path)
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    const what = reasonOf(error).replace(/^template: .*?:\d+(:\d+)?: /, '')
    throw new UpstreamdError('TEMPLATE_SYNTAX', `${path}:${error.line}:${(error.column ?? 0) + 1}: ${what}`)
  }
}
