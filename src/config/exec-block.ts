import { z } from 'zod'
import { duration } from '../duration.ts'
import { signal } from './blocks.ts'
import { idle } from './idle.ts'
import { commandLine, EnvironmentBlock } from './template-block.ts'

/** One program that runs as long as upstreamd; the names are consul-template's. */
export const ExecBlock = z
  .strictObject({
    command: commandLine
      .optional()
      .describe('program to run when everything is live: a text for a shell, or a list of words'),
    enabled: z.boolean().default(true).describe('false: it is not run'),
    splay: duration.prefault('0s').describe('it is told of a change after a random part of this time'),
    timeout: idle('the program is to go on'),
    kill_signal: signal.prefault('SIGINT').describe('ends it; empty: SIGKILL does'),
    kill_timeout: duration.prefault('30s').describe('then SIGKILL'),
    reload_signal: z
      .string()
      .optional()
      .pipe(signal.transform(name => name ?? ('nothing' as const)).optional())
      .describe('tells it of a change; empty: nothing does; left out: it is ended and started again'),
    env: EnvironmentBlock.prefault({}),
  })
  .transform(({ command, enabled, splay, kill_signal, kill_timeout, reload_signal, env }) => {
    if (command === undefined || command === null || !enabled) return undefined
    const [killSignal, killTimeout, onChange] = [kill_signal, kill_timeout, reload_signal ?? ('restart' as const)]
    return { run: command, environment: env, splay, killSignal, killTimeout, onChange }
  })
