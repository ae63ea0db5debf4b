import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { toBytes } from '../../../src/render/gotmpl/bytes.ts'
import { execute } from '../../../src/render/gotmpl/execute.ts'
import { parse } from '../../../src/render/gotmpl/parse.ts'
import { GoError } from '../../../src/render/gotmpl/values.ts'
import { toValue } from './data.ts'
import { functionsOf } from './functions.ts'
import { type Case, someCase } from './generate.ts'
import { type Answer, Go, PATIENCE } from './go.ts'

// Compares the template engine with Go's own on generated templates: `npm run oracle -- [how many] [seed]`.

const [count = 5000, seed = Date.now() % 1_000_000] = process.argv.slice(2).map(Number)

if (spawnSync('go', ['version']).status !== 0) {
  console.log('skipped: there is no Go on this machine to compare with')
} else {
  const folder = mkdtempSync(join(tmpdir(), 'gotmpl-oracle-'))
  try {
    execFileSync('go', ['build', '-o', join(folder, 'oracle'), join(import.meta.dirname, 'main.go')], {
      stdio: 'inherit',
    })
    process.exitCode = (await compareAll(join(folder, 'oracle'))) ? 0 : 1
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function compareAll(program: string): Promise<boolean> {
  const seen = { equal: 0, failures: 0, endless: 0, addresses: 0 }
  const different: string[] = []
  let go = new Go(program)
  try {
    for (const question of fc.sample(someCase, { numRuns: count, seed })) {
      const theirs = await go.answer(question)
      if (theirs === undefined) {
        seen.endless++
        go.end()
        go = new Go(program)
        continue
      }
      const ours = answerTo(question)
      if (!isSame(ours, theirs)) {
        if (showsAddress(question, ours, theirs)) seen.addresses++
        else different.push(shown(question, ours, theirs))
      } else if (theirs.error === undefined) seen.equal++
      else seen.failures++
    }
  } finally {
    go.end()
  }
  const { equal, failures, endless, addresses } = seen
  console.log(
    `${count} templates, seed ${seed}: ${equal} equal, ${failures} fail in both, ${different.length} different`,
  )
  if (endless > 0) console.log(`${endless} took Go longer than ${PATIENCE} ms and were left out`)
  if (addresses > 0) console.log(`${addresses} show an address of Go's and were left out`)
  for (const text of different.slice(0, 20)) console.log(text)
  return different.length === 0
}

function answerTo({ template, data, left, right, missingKey }: Case): Answer {
  const functions = functionsOf()
  try {
    const parsed = parse(template, { name: 't', left, right, functions })
    const output = execute(parsed, toValue(data), { functions, missingKey, budget: { ms: 20_000, bytes: 1e7 } })
    return { output: toBytes(output).toString('latin1') }
  } catch (error) {
    if (error instanceof GoError) return { error: toBytes(error.message).toString('latin1') }
    return { error: `not a failure of the template's: ${(error as Error).stack}` }
  }
}

function isSame(ours: Answer, theirs: Answer): boolean {
  const [one, other] = [comparable(ours), comparable(theirs)]
  return one === other || isUnknown(ours, theirs)
}

function comparable(answer: Answer): string {
  return JSON.stringify(answer).replace(/(maximum template depth) \(\d+\)/, '$1')
}

/** Does the template show where something lies in memory, in some base, or how many digits that has? */
function showsAddress({ template, data }: Case, ours: Answer, theirs: Answer): boolean {
  const withoutNumbers = (answer: Answer) => comparable(answer).replaceAll(/ *[+-]?(0x)?[0-9a-f]+ */gi, '')
  const hasPointer = /"\*main\.|count|%[^"]*p/.test(JSON.stringify(data) + template)
  return hasPointer && withoutNumbers(ours) === withoutNumbers(theirs)
}

/**
 * What fails in both, in other words: a nil pointer does not know here which fields and methods its type has, nor a
 * function that it is declared to give an interface.
 */
function isUnknown({ error = '' }: Answer, theirs: Answer): boolean {
  const known = [
    [/nil pointer evaluating/, /nil pointer dereference|can't evaluate field/],
    [/nil pointer evaluating .*\.(Greet|Fail)$/, /./],
    [/cannot index slice\/array with/, /cannot index slice\/array with type interface {}/],
  ] as const
  return known.some(([our, their]) => our.test(error) && their.test(theirs.error ?? ''))
}

function shown({ template, data, missingKey, left }: Case, ours: Answer, theirs: Answer): string {
  return `--- ${JSON.stringify(template)} (missingkey=${missingKey}, ${left})\n    Go:   ${JSON.stringify(theirs)}\n    ours: ${JSON.stringify(ours)}\n    data: ${JSON.stringify(data).slice(0, 600)}`
}
