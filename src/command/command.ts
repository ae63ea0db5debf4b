import type { CommandLine, Described } from './command-line.ts'

/** What `upstreamd` can be told to do; returns the exit code. */
export interface Command extends Described {
  execute(line: CommandLine, signals: Signals): Promise<number>
}

/** The signals of the process, handed in by main.ts, which alone listens to them. */
export interface Signals {
  readonly stop: AbortSignal // TERM, INT, QUIT; the reason names it
  /** Besides: `kill` stops, too; `reload` takes the place of HUP, or nothing does. */
  assign(names: { readonly kill: NodeJS.Signals | undefined; readonly reload: NodeJS.Signals | undefined }): void
  onReload(listener: () => void): void // HUP
  /** Signals that mean nothing to us, or that are meant for others, too. */
  onOther(listener: (name: NodeJS.Signals) => void): void
  onApprove(listener: () => void): void // USR1
}
