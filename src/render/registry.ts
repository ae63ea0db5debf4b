import { extname } from 'node:path'
import { goLanguage } from './gotmpl/index.ts'
import type { TemplateLanguage } from './language.ts'
import { nunjucksLanguage } from './nunjucks/index.ts'

/** One line per language; chosen by the template's file extension. The last one takes what nobody claims. */
export const languages: readonly [...TemplateLanguage[], TemplateLanguage] = [nunjucksLanguage, goLanguage]

/** The language of this name, where one is given. */
export function languageOf(path: string, name?: string): TemplateLanguage {
  const extension = extname(path)
  const isIt = (language: TemplateLanguage) =>
    name === undefined ? language.extensions.includes(extension) : language.name === name
  return languages.find(isIt) ?? goLanguage
}
