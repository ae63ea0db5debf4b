import { looksAt } from './conditions.ts'
import { type Datum, dataIn } from './data.ts'
import type { Skeleton, Span } from './skeleton.ts'

/** What is printed in a word as it was registered, and nothing around it has looked at its text before. */
export function rawDataIn(file: Skeleton, word: Span): Datum[] {
  const conditions = file.armsAt(word.start).filter(({ branch }) => branch.how === 'if')
  return file
    .holesIn(word)
    .flatMap(dataIn)
    .filter(({ isRaw, value }) => isRaw && !conditions.some(({ branch }) => looksAt(branch.value, value)))
}
