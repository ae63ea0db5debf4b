import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { Datagrams } from './datagrams.ts'

/** A system log of its own, and the real logger(1), told to write there. Lines are `<priority>time name[pid]: text`. */
export class SystemLog extends Datagrams {
  /** What a program finds it by. */
  readonly environment: Record<string, string>

  constructor(folder: string) {
    super(join(folder, 'log.socket'))
    const programs = join(folder, 'bin')
    mkdirSync(programs)
    const logger = join(programs, 'logger')
    writeFileSync(logger, `#!/bin/sh\nPATH=\${PATH#*:} exec logger --socket='${this.socket}' "$@"\n`)
    chmodSync(logger, 0o755)
    this.environment = { PATH: [programs, process.env.PATH].join(delimiter) }
  }
}
