/** One flag of the command line. */
export interface Flag {
  readonly name: string
  readonly value: string | undefined // what to call the value in the help; undefined: on or off
  readonly help: string
  readonly key?: string // where it goes in the configuration: `consul.address`; none: it is ours alone
  readonly env?: readonly string[] // the first that is set counts
  readonly isList?: boolean
  readonly fallback?: string // for the help
}
