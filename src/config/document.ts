/** What a configuration file says, and where. */
export interface Document {
  readonly value: unknown
  /** The line of what stands at this path, or of what is nearest around it. */
  lineOf(path: readonly PropertyKey[]): number
}
