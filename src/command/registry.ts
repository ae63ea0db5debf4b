import type { Command } from './command.ts'
import { healthcheck } from './healthcheck.ts'
import { lint } from './lint.ts'
import { run } from './run.ts'

/** One line per command; the first is what runs without a name. */
export const commands: readonly [Command, ...Command[]] = [run, healthcheck, lint]
