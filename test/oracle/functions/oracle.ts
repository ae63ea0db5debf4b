import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const VERSION = '0.42.1'

/** A template, and what Consul holds for it, or what a function is asked for; main.go says in what form. */
export type Question = { readonly template: string } | { readonly func: string; readonly query: string }

export interface Answer {
  readonly output?: string
  readonly error?: string
}

/** Asks consul-template itself. Needs Go and, the first time, the network. */
export function answersOf(questions: readonly Question[]): Answer[] {
  const folder = mkdtempSync(join(tmpdir(), 'upstreamd-oracle-'))
  try {
    copyFileSync(join(import.meta.dirname, 'main.go'), join(folder, 'main.go'))
    const go = (...args: string[]) => execFileSync('go', args, { cwd: folder, stdio: 'inherit' })
    go('mod', 'init', 'oracle')
    go('get', `github.com/hashicorp/consul-template@v${VERSION}`)
    go('mod', 'tidy')
    go('build', '-o', 'oracle', '.')

    // Answers come over a pipe of their own: some functions print.
    const asked = spawnSync(join(folder, 'oracle'), {
      input: questions.map(question => `${JSON.stringify(question)}\n`).join(''),
      stdio: ['pipe', 'ignore', 'inherit', 'pipe'],
      maxBuffer: 2 ** 30,
    })
    const answers = String(asked.output[3]).trim().split('\n')
    if (answers.length !== questions.length) throw new Error(`${questions.length} asked, ${answers.length} answered`)
    return answers.map(answer => JSON.parse(answer))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
