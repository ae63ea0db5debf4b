/**
 * Records what consul-template itself makes of the templates in ./templates, for the unit tests of its functions:
 *
 *     node test/oracle/functions/record.ts
 *
 * The tests read the recorded answers and need neither Go nor the network.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { answersOf, type Question, VERSION } from './oracle.ts'

const templates = join(import.meta.dirname, 'templates')
const questions = readdirSync(templates).sort().flatMap(questionsIn)
const answers = answersOf(questions)
const recorded = questions.map((question, at) => JSON.stringify({ ...question, ...answers[at] }))
const path = join(import.meta.dirname, `../../fixtures/consul-template-${VERSION}/functions.json`)
writeFileSync(path, `[\n${recorded.join(',\n')}\n]\n`)
console.log(`${recorded.length} answers of consul-template ${VERSION} recorded in ${path}`)

/** A `.txt` has a template in each line, a `.jsonl` a whole question with its data. */
function questionsIn(name: string): Question[] {
  const lines = readFileSync(join(templates, name), 'utf8')
    .split('\n')
    .filter(line => line !== '')
  return lines.map(line => (name.endsWith('.jsonl') ? JSON.parse(line) : { template: line }))
}
