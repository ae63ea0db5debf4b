import { type Generation, generationOf, type RenderedFile } from '../model/generation.ts'
import type { Selection } from '../model/selection.ts'
import type { Template } from './language.ts'
import type { View } from './view.ts'

export interface Output {
  readonly template: Template
  readonly destination: string
}

/** Outputs × view → generation. Throws what `Template.render` throws. */
export function render(outputs: readonly Output[], view: View, selection: Selection): Generation {
  const files: RenderedFile[] = outputs.map(({ template, destination }) => ({
    path: destination,
    ...template.render(view),
  }))
  return generationOf(files, selection)
}

/** Does any of them look beyond what is selected by tag? */
export function needsServices(outputs: readonly Output[]): boolean {
  return outputs.some(({ template }) => template.uses('services') || template.uses('service'))
}
