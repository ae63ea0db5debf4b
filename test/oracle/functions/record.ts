/**
 * Records what consul-template itself makes of the templates in ./templates, for the unit tests of its functions, and
 * how it names the queries in queries.txt (a function, a blank, what it is asked for):
 *
 *     node test/oracle/functions/record.ts
 *
 * The tests read the recorded answers and need neither Go nor the network.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Answer, answersOf, type Question, VERSION } from './oracle.ts'

const templates = join(import.meta.dirname, 'templates')
const fixtures = join(import.meta.dirname, `../../fixtures/consul-template-${VERSION}`)
const questions = readdirSync(templates).sort().flatMap(questionsIn)
const queries = linesOf(join(import.meta.dirname, 'queries.txt')).map(line => {
  const blank = line.indexOf(' ')
  return { func: line.slice(0, blank), query: line.slice(blank + 1) }
})
const answers = answersOf([...questions, ...queries])
keep('functions.json', questions, answers)
keep('queries.json', queries, answers.slice(questions.length))

function keep(name: string, asked: readonly Question[], answered: readonly Answer[]): void {
  const recorded = asked.map((question, at) => JSON.stringify({ ...question, ...answered[at] }))
  writeFileSync(join(fixtures, name), `[\n${recorded.join(',\n')}\n]\n`)
  console.log(`${recorded.length} answers of consul-template ${VERSION} recorded in ${name}`)
}

/** A `.txt` has a template in each line, a `.jsonl` a whole question with its data. */
function questionsIn(name: string): Question[] {
  return linesOf(join(templates, name)).map(line => (name.endsWith('.jsonl') ? JSON.parse(line) : { template: line }))
}

function linesOf(path: string): string[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter(line => line !== '')
}
