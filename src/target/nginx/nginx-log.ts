import { join } from 'node:path'
import { LogTail } from './log-tail.ts'
import { crashes } from './verify.ts'

/** What nginx tells of itself: the one we started in a control log of ours, another one in its tree's error log. */
export class NginxLog {
  readonly control: string // path
  readonly #control: Tails
  readonly #errors: Tails | undefined

  constructor(run: string, errorLog: string | undefined) {
    this.control = join(run, 'control.log')
    this.#control = tails(this.control)
    this.#errors = errorLog === undefined ? undefined : tails(errorLog)
  }

  /** Makes sure that the control log can be written to; else why not. */
  create(): string | undefined {
    return this.#control.verdicts.create()
  }

  /** From here on. `logged`: does the nginx of the moment write the control log? */
  mark(logged: boolean): void {
    this.#of(logged)?.verdicts.mark({ own: logged })
  }

  /** Since the mark. */
  lines(logged: boolean): string[] {
    return this.#of(logged)?.verdicts.lines() ?? []
  }

  /** Workers that died on a signal since this was asked last, in nginx's words. */
  crashes(logged: boolean): string[] {
    return crashes(this.#of(logged)?.crashes.take() ?? [])
  }

  /** Did this master begin to read a configuration, and has not come to an end? Known only of one that logs for us. */
  isReading(master: number): boolean {
    return this.#control.verdicts.last(line => line.includes(` ${master}#`))?.endsWith('reconfiguring') ?? false
  }

  get isLong(): boolean {
    return this.#control.verdicts.isLong
  }

  #of(logged: boolean): Tails | undefined {
    return logged ? this.#control : this.#errors
  }
}

/** Two readers of one file, each with a mark of its own. */
interface Tails {
  readonly verdicts: LogTail
  readonly crashes: LogTail
}

function tails(path: string): Tails {
  const [verdicts, crashes] = [new LogTail(path), new LogTail(path)]
  crashes.mark({ own: false })
  return { verdicts, crashes }
}
