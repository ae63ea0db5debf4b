import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'

export const VERSION = '0.42.1'

/** What becomes of a template. */
export interface Outcome {
  readonly output?: string
  readonly error?: string
  readonly waits?: true // it is not written before something that is asked for exists
  readonly isEndless?: true // it takes longer than anybody waits, or prints a map that holds itself: then consul-template crashes
}

/** What consul-template makes of it: a template that fails before anything is known ends the program. */
export interface Theirs extends Outcome {
  readonly isEarly?: true
}

/** By CONSUL_TEMPLATE_BIN, on PATH, or built anew where there is Go; undefined where there is neither. */
export function consulTemplate(): { readonly program: string; end(): void } | undefined {
  const nothing = () => {}
  for (const program of [process.env.CONSUL_TEMPLATE_BIN ?? '', 'consul-template'].filter(Boolean)) {
    const { stdout } = spawnSync(program, ['-version'], { encoding: 'utf8' })
    if (stdout?.includes(`v${VERSION}`)) return { program, end: nothing }
  }
  if (spawnSync('go', ['version']).status !== 0) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'upstreamd-consul-template-'))
  execFileSync('go', ['install', `github.com/hashicorp/consul-template@v${VERSION}`], {
    env: { ...process.env, GOBIN: folder },
    stdio: 'inherit',
  })
  return { program: join(folder, 'consul-template'), end: () => rmSync(folder, { recursive: true }) }
}

export interface Peer {
  readonly program: string
  readonly consul: string // host:port
  readonly env: Readonly<Record<string, string>>
}

/**
 * Many templates to a process. `primer` is a template that asks for everything they ask for and can be answered: when it
 * is written, all of them have been rendered with all of it, because consul-template goes through its templates in order.
 *
 * A template that fails before anything is known ends consul-template; told that such a failure is not fatal, it goes
 * through the others, and crashes at the second look at one that failed. So the first process finds those, and the second
 * one has the others. No two templates may be the same.
 */
export async function theirOutcomes(templates: readonly string[], primer: string, peer: Peer): Promise<Theirs[]> {
  if (templates.length === 0) return []
  const folder = mkdtempSync(join(tmpdir(), 'upstreamd-templates-'))
  try {
    const early = await run(templates, undefined, join(folder, 'early'), peer)
    const rest = templates.filter((_, at) => early[at]?.error === undefined)
    const late = rest.length === 0 ? [] : await run(rest, primer, join(folder, 'late'), peer)
    return templates.map((_, at) => {
      const { error } = early[at] ?? {}
      return error === undefined ? (late.shift() as Theirs) : { error, isEarly: true }
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Without a primer: only as far as nothing is known. */
async function run(templates: readonly string[], primer: string | undefined, folder: string, peer: Peer) {
  mkdirSync(folder)
  const all = [...templates, primer ?? 'nothing']
  const paths = all.map((template, at) => {
    const path = join(folder, `${at}.ctmpl`)
    writeFileSync(path, template)
    return path
  })
  const written = (at: number) => join(folder, `${at}.out`)
  const args = paths.map((path, at) => `-template=${path}:${written(at)}`)
  // Where nobody answers, nothing is ever known.
  const address = primer === undefined ? '127.0.0.1:1' : peer.consul
  const child = spawn(
    peer.program,
    ['-once', '-template-error-fatal=false', '-log-level=err', `-consul-addr=${address}`, ...args],
    { env: peer.env, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const [stderr, ended] = [text(child.stderr), once(child, 'exit')]
  try {
    const end = performance.now() + 30_000
    while (child.exitCode === null && !existsSync(written(templates.length)) && performance.now() < end) await sleep(5)
  } finally {
    child.kill('SIGKILL')
    await ended
  }
  const log = await stderr
  if (!existsSync(written(templates.length)))
    throw new Error(`consul-template has not come to the end: ${log.slice(0, 4_000)}`)
  const errors = errorsIn(log)
  return templates.map((_, at): Outcome => {
    if (existsSync(written(at))) return { output: readFileSync(written(at), 'utf8') }
    const error = errors.get(paths[at] as string)
    return error === undefined ? { waits: true } : { error }
  })
}

/** The last one of each template: `<time> [ERR] (runner) <path>: parse|execute: <error>`. */
function errorsIn(log: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const entry of log.split(/^(?=\d{4}-\d\d-\d\dT\S+ \[)/m)) {
    const [, path, error] = /^\S+ \[ERR\] \(runner\) (\S+\.ctmpl): (?:parse|execute): (.*)\n$/s.exec(entry) ?? []
    if (path !== undefined && error !== undefined) found.set(path, error)
  }
  return found
}
