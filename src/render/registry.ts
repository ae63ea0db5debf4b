import { extname } from 'node:path'
import { UpstreamdError } from '../errors.ts'
import type { TemplateLanguage } from './language.ts'
import { nunjucksLanguage } from './nunjucks/index.ts'

/** One line per language; chosen by the template's file extension. */
export const languages: readonly TemplateLanguage[] = [nunjucksLanguage]

/** Throws TEMPLATE_SYNTAX when no language claims the extension. */
export function languageOf(path: string): TemplateLanguage {
  const extension = extname(path)
  const language = languages.find(({ extensions }) => extensions.includes(extension))
  if (language !== undefined) return language

  const known = languages.map(({ name, extensions }) => `${extensions.join(', ')} (${name})`).join('; ')
  throw new UpstreamdError(
    'TEMPLATE_SYNTAX',
    `${path}:1:1: no template language for "${extension}" files; known: ${known}`,
  )
}
