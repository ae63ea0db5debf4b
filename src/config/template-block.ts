import { z } from 'zod'
import { duration } from '../duration.ts'
import { EnvironmentRules } from '../environment.ts'
import { list, text, wait } from './blocks.ts'
import { idle } from './idle.ts'

const ofChild = 'it is for the one program of exec'
const usualTimeout = '30s'

/** One text is for a shell, a list is a program and its arguments; null where nothing is to be run. */
export const commandLine = z.union([z.string(), z.array(z.string())]).transform((run, context) => {
  const [program = '', ...rest] = typeof run === 'string' ? [run] : run
  if (program === '') return null
  if (program.trim() === '') context.addIssue({ code: 'custom', message: 'is blank' })
  // A list that holds a whole command line is meant for a shell, too.
  return rest.length === 0 && /\S\s+\S/.test(program) ? program : run
})

/** The old names are read, too. */
export const EnvironmentBlock = z
  .strictObject({
    ...EnvironmentRules.shape,
    custom: list.prefault([]).describe('NAME=value; wins over everything else'),
    allowlist: list.prefault([]).describe('only these, as globs such as NGINX_*'),
    denylist: list.prefault([]).describe('not these, as globs'),
    whitelist: list.prefault([]).describe('old name of allowlist'),
    blacklist: list.prefault([]).describe('old name of denylist'),
  })
  .transform(({ whitelist, blacklist, ...rules }) => ({
    ...rules,
    allowlist: [...rules.allowlist, ...whitelist],
    denylist: [...rules.denylist, ...blacklist],
  }))

const Command = z.strictObject({
  command: commandLine.optional().describe('a text for a shell, or a list: a program and its arguments'),
  enabled: z.boolean().default(true).describe('false: nothing is run'),
  timeout: duration.optional().describe(`it is ended after this time; 0s: never; ${usualTimeout} when left out`),
  env: EnvironmentBlock.prefault({}),
  splay: idle(ofChild),
  kill_signal: idle(ofChild),
  kill_timeout: idle(ofChild),
  reload_signal: idle(ofChild),
})

/** In HCL and YAML a number as `0640` is octal already; as a text it is, too. */
const perms = z.union([
  z.int().min(0).max(0o7777),
  z
    .string()
    .regex(/^[0-7]{1,5}$/, 'is not a mode such as 0640')
    .transform(text => Number.parseInt(text, 8))
    .refine(mode => mode <= 0o7777, 'is not a mode such as 0640'),
])
const name = z.union([z.int().min(0).transform(String), text])
const ofFiles = ['perms', 'user', 'uid', 'group', 'gid', 'backup', 'create_dest_dirs'] as const
const usual: Readonly<Record<string, unknown>> = { backup: false, create_dest_dirs: true }

/** One template; the names are consul-template's. */
export const TemplateBlock = z
  .strictObject({
    source: text.optional().describe('template file; its extension chooses the language'),
    contents: text.optional().describe('the template itself, in place of source'),
    destination: z
      .string('is missing; expected src:dest[:cmd]')
      .min(1, 'is missing; expected src:dest[:cmd]')
      .describe('where the text goes; relative: a file of our own nginx layout'),
    command: commandLine.optional().describe('runs in place of our reload: a text for a shell, or a list of words'),
    command_timeout: duration.prefault(usualTimeout).describe('it is ended after this time; 0s: never'),
    exec: Command.optional().describe('the same, in full'),
    perms: perms.optional().describe('mode of the file, octal; left out or 0: as it is, 0644 when it is new'),
    user: name.optional().describe('owner of the file, name or number'),
    uid: name.optional().describe('old name of user'),
    group: name.optional().describe('group of the file, name or number'),
    gid: name.optional().describe('old name of group'),
    backup: z.boolean().default(false).describe('keep the text before as DESTINATION.bak'),
    create_dest_dirs: z.boolean().default(true).describe('make folders that are missing'),
    wait: wait.optional().describe('min[:max] for this template; of templates for one nginx the longest counts'),
    error_on_missing_key: z
      .boolean()
      .default(false)
      .describe('Go templates: a key that a map does not have is an error'),
    left_delimiter: text.optional().describe('Go templates: what begins an action; {{ when left out'),
    right_delimiter: text.optional().describe('Go templates: what ends an action; }} when left out'),
    function_denylist: list.prefault([]).describe('Go templates: functions that may not be called, as globs'),
    function_blacklist: list.prefault([]).describe('old name of function_denylist'),
    sandbox_path: text.optional().describe('Go templates: the folder outside of which `file` reads nothing'),
    error_fatal: idle('a template that fails never ends the daemon'),
  })
  .superRefine((block, context) => {
    if ((block.source === undefined) === (block.contents === undefined)) {
      const message =
        block.source === undefined ? 'is missing: the template file' : 'stands beside contents: one of them'
      context.addIssue({ code: 'custom', path: ['source'], message })
    }
    if (block.destination.startsWith('/')) return
    for (const key of ofFiles.filter(key => block[key] !== usual[key])) {
      context.addIssue({
        code: 'custom',
        path: [key],
        message: 'is for an absolute destination, not for a file of our own',
      })
    }
  })
  .transform(({ source, contents, destination, command, command_timeout, exec, wait, ...file }) => {
    const asked = exec?.command === undefined ? command : exec.command
    const run = exec?.enabled === false ? undefined : (asked ?? undefined)
    const environment = exec?.env ?? { pristine: false, custom: [], allowlist: [], denylist: [] }
    const timeout = exec?.timeout ?? command_timeout
    return {
      source,
      contents,
      destination,
      wait,
      command: run === undefined ? undefined : { run, timeout, environment },
      language: {
        left: file.left_delimiter,
        right: file.right_delimiter,
        failsOnMissingKey: file.error_on_missing_key,
        denied: [...file.function_denylist, ...file.function_blacklist],
        sandbox: file.sandbox_path,
      },
      file: {
        mode: file.perms || undefined,
        user: file.user ?? file.uid,
        group: file.group ?? file.gid,
        backup: file.backup,
        create_folders: file.create_dest_dirs,
      },
    }
  })
