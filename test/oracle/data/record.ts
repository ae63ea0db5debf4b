/**
 * Records what consul-template makes of the templates in templates.txt with a real Consul behind it:
 *
 *     node test/oracle/data/record.ts [path of consul-template]
 *
 * The tests read what was recorded and need neither of the two.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type Answer, type Query, queryId } from '../../../src/model/query.ts'
import { fromBytes } from '../../../src/render/gotmpl/bytes.ts'
import { startConsul } from '../../support/consul.ts'
import { rendered } from '../../support/gotmpl.ts'
import { answerOf } from './ask.ts'
import { startProxy } from './proxy.ts'
import { type Recorded, type RecordedCase, recordedPath, VERSION, withoutAddresses } from './recorded.ts'
import { furnish } from './scenery.ts'

const [program = 'consul-template'] = process.argv.slice(2)
const version = spawnSync(program, ['-version'], { encoding: 'utf8' }).stdout ?? ''
if (!version.includes(`v${VERSION}`)) throw new Error(`${program} is not consul-template ${VERSION}: ${version}`)

const folder = mkdtempSync(join(tmpdir(), 'upstreamd-data-'))
const consul = await startConsul({ limits: { http_max_conns_per_client: 4000 } })
const proxy = await startProxy(consul.address)
try {
  await furnish(consul)
  writeFileSync(join(folder, 'greeting.txt'), 'hello\n')
  const templates = readFileSync(join(import.meta.dirname, 'templates.txt'), 'utf8')
    .split('\n')
    .filter(Boolean)
  const answers = new Map<string, Answer>()
  const cases: RecordedCase[] = []
  for (const template of templates) {
    await askAll(template, answers)
    cases.push({ template, ...(await theirs(template)) })
  }
  writeFileSync(recordedPath, fileOf({ recordedFrom: version.trim(), answers: Object.fromEntries(answers), cases }))
  console.log(`${cases.length} templates recorded in ${recordedPath}`)
} finally {
  proxy.close()
  await consul.stop()
  rmSync(folder, { recursive: true })
}

/** Asks for all that our functions ask for, pass by pass, as long as there is more. */
async function askAll(template: string, answers: Map<string, Answer>): Promise<void> {
  for (;;) {
    const missing = new Map<string, Query>()
    const answer = (query: Query) => {
      const id = queryId(query)
      if (!answers.has(id)) missing.set(id, query)
      return answers.get(id)
    }
    rendered(template, { answer })
    if (missing.size === 0) return
    for (const [id, query] of missing) answers.set(id, await answerOf(query, proxy.address, folder))
  }
}

async function theirs(template: string): Promise<Omit<RecordedCase, 'template'>> {
  const [source, destination] = [join(folder, 'in.ctmpl'), join(folder, 'out')]
  writeFileSync(source, template)
  rmSync(destination, { force: true })
  const args = ['-once', `-consul-addr=${proxy.address}`, `-template=${source}:${destination}`, '-log-level=err']
  const child = spawn(program, args, {
    cwd: folder,
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const patience = setTimeout(() => child.kill('SIGKILL'), 4_000)
  const [stderr, [status]] = await Promise.all([text(child.stderr), once(child, 'exit')])
  clearTimeout(patience)
  if (status === null) return { waits: true }
  if (status === 0) return { output: withoutAddresses(fromBytes(readFileSync(destination))) }
  const error = /\[ERR\] \(cli\) (?:.*?in\.ctmpl: )?(.*)/s.exec(stderr)?.[1]?.trim()
  if (error === undefined) throw new Error(`consul-template ended with ${status}: ${stderr}`)
  return { error }
}

/** One answer and one case on a line, so that a change shows what has changed. */
function fileOf({ recordedFrom, answers, cases }: Recorded): string {
  const known = Object.entries(answers).map(([id, answer]) => `${JSON.stringify(id)}: ${JSON.stringify(answer)}`)
  const lines = cases.map(recorded => JSON.stringify(recorded))
  return `{"recordedFrom": ${JSON.stringify(recordedFrom)},
"answers": {\n${known.join(',\n')}\n},\n"cases": [\n${lines.join(',\n')}\n]}\n`
}
