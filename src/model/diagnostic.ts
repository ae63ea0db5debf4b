/** What a validator says, tied to file, line and service where they are known. */
export interface Diagnostic {
  readonly severity: 'warning' | 'error'
  readonly message: string
  readonly file?: string
  readonly line?: number
  readonly service?: string // whose data stands there
  readonly source?: string // the line itself
  readonly mayPass?: true // the fault is not in the text but around it: a port that is taken may come free
}

export function describe(diagnostic: Diagnostic): string {
  const place = diagnostic.file === undefined ? '' : `${diagnostic.file}:${diagnostic.line ?? 0}: `
  return `${place}${diagnostic.message}${diagnostic.source === undefined ? '' : ` (${diagnostic.source})`}`
}
