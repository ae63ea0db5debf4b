/** Makes something of an answer, or of a row of one, once: as long as the answer is the same, so is what is made of it. */
export function remembered<Source extends object, Made>(
  make: (source: Source, detail: string) => Made,
): (source: Source, detail?: string) => Made {
  const known = new WeakMap<Source, Map<string, Made>>()
  return (source, detail = '') => {
    const ofSource = known.get(source) ?? new Map<string, Made>()
    if (ofSource.size === 0) known.set(source, ofSource)
    const made = ofSource.get(detail) ?? make(source, detail)
    ofSource.set(detail, made)
    return made
  }
}
