import { GoError } from './values.ts'

interface Place {
  readonly line: number
  readonly column?: number | undefined // in bytes from the start of the line, as Go counts: the first one is 0
}

/** What Go says of a template that does not parse or that fails; the message says where, in Go's way. */
export class TemplateError extends GoError {
  readonly line: number
  readonly column: number | undefined

  constructor(message: string, { line, column }: Place, options?: ErrorOptions) {
    super(message, options)
    this.name = 'TemplateError'
    this.line = line
    this.column = column
  }
}

/** A template took too long or became too large. It is no GoError: no function of a template's may take it for a failure of its own. */
export class BudgetError extends Error {
  /** Does the message say where? */
  readonly isPlaced: boolean

  constructor(message: string, isPlaced = false) {
    super(message)
    this.name = 'BudgetError'
    this.isPlaced = isPlaced
  }
}
