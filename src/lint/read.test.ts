import { expect, it } from 'vitest'
import { languageFor } from './read.ts'

it.each([
  { path: 'a.njk', text: '', language: 'nunjucks' },
  { path: 'a.conf.njk', text: '{{range services}}', language: 'nunjucks' },
  { path: 'a.ctmpl', text: 'server {}', language: 'gotmpl' },
  { path: 'a.tmpl', text: '', language: 'gotmpl' },
  { path: 'a.tpl', text: '', language: 'gotmpl' },
  { path: 'a.conf', text: 'server { listen 80; }', language: 'nginx' },
  { path: 'a.conf', text: 'server { listen {{key "port"}}; }', language: 'gotmpl' },
  { path: 'a', text: '{% for s in sites %}{{ s }}{% endfor %}', language: 'nunjucks' },
])('the language of $path with "$text" is $language', ({ path, text, language }) => {
  expect(languageFor(path, text)).toBe(language)
})
