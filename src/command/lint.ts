import { lint as findingsIn, look } from '../lint/lint.ts'
import { languageNames } from '../lint/read.ts'
import { reportJson, reportText } from '../lint/report.ts'
import type { LanguageName } from '../lint/template.ts'
import type { Catalog } from '../model/catalog.ts'
import { createLogger } from '../observe/logger.ts'
import { makeSources } from '../plan.ts'
import { readTemplate } from '../render/templates.ts'
import { systemClock } from '../runtime.ts'
import type { Command, Signals } from './command.ts'
import { type CommandLine, UsageError } from './command-line.ts'
import { load } from './load.ts'
import { firstCatalog } from './once.ts'

const LANGUAGE = 'template-language'

/** Looks for hazards in templates and nginx files; touches nothing, and asks nobody who was not named. */
export const lint: Command = {
  name: 'lint',
  operands: 'TEMPLATE…',
  help: 'hazards in templates and nginx files; ends with 0: none, 1: some, 64: usage, 65: a template is broken',
  flags: [
    {
      name: LANGUAGE,
      value: languageNames.join('|'),
      help: 'what the templates are written in',
      fallback: 'by extension: .njk; .ctmpl, .tmpl, .tpl; any other by its text',
    },
    { name: 'json', value: undefined, help: 'findings as a JSON array' },
  ],
  async execute(line, signals) {
    const { operands, given } = line
    if (operands.length === 0) throw new UsageError('lint: no template; expected: upstreamd lint TEMPLATE…')
    const language = toLanguage(given[LANGUAGE])
    const looked = look(operands.map(path => ({ path, text: readTemplate(path), language })))
    const findings = findingsIn(looked, await catalogFor(line, signals))
    process.stdout.write(given.json ? reportJson(findings) : reportText(findings, looked.length))
    return findings.length === 0 ? 0 : 1
  },
}

function toLanguage(name: CommandLine['given'][string] | undefined): LanguageName | undefined {
  const language = languageNames.find(known => known === name)
  if (name !== undefined && language === undefined) {
    throw new UsageError(`-${LANGUAGE}: "${name}" is none of ${languageNames.join(', ')}`)
  }
  return language
}

/** Consul's default address is not asked: who lints in CI has none. */
async function catalogFor(line: CommandLine, signals: Signals): Promise<Catalog | undefined> {
  if (!['source', 'consul-addr', 'config'].some(name => line.given[name] !== undefined)) return undefined
  const { [LANGUAGE]: _, ...given } = line.given // `nginx` is no language of the daemon's
  const { config } = load({ ...line, given }, process.env)
  const emit = createLogger({ level: config.log_level, format: config.log_format })
  const runtime = { clock: systemClock, emit, signal: signals.stop }
  return firstCatalog(makeSources(config, runtime), runtime)
}
