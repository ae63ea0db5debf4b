import { expect, it, vi } from 'vitest'
import { parseYaml, parseYamlDocument } from './yaml.ts'

it.each([
  { reader: 'a document', read: (text: string) => parseYamlDocument(text).value },
  { reader: 'a text', read: parseYaml },
])('$reader that is a template by mistake is read without a word of the library on stderr', ({ read }) => {
  const warn = vi.spyOn(process, 'emitWarning')

  expect(read('{{ x }}: 1')).toEqual({ '{ ? { x } }': 1 })
  expect(warn).not.toHaveBeenCalled()
  warn.mockRestore()
})
