import type { EventType } from '../../src/observe/event.ts'
import { get } from '../../test/support/http.ts'
import type { Logged, Running } from '../../test/support/upstreamd.ts'
import { until } from '../../test/support/wait.ts'
import type { Instance } from './instances.ts'
import type { Registry } from './registry.ts'

export const DOMAIN = 'demo.example'

/** How long anything may take to show; usually it is there after some tenths of a second. */
export const PATIENCE_MS = 6_000

/** Everything that runs, and what to ask of it. */
export interface Stage {
  readonly folder: string
  readonly state: string
  readonly template: string // our copy
  readonly port: number // nginx's
  readonly registry: Registry
  readonly instances: readonly Instance[] // registered from the beginning
  readonly newcomer: Instance // answers, but nobody knows it yet
  readonly running: Running
  /** Aborts when the demo is interrupted, and when upstreamd ends by itself. */
  readonly signal: AbortSignal
}

/** The first event of this type since `from`, a count of events. */
export function event<T extends EventType>(
  stage: Stage,
  type: T,
  from = 0,
  patience = PATIENCE_MS,
): Promise<Logged<T>> {
  const isIt = (logged: Logged): logged is Logged<T> => logged.type === type
  const look = () => stage.running.events().slice(from).find(isIt)
  return until(`${type} in upstreamd's log`, look, patience, stage.signal)
}

/** What upstreamd said last, for whoever has to find out why. */
export function lastWords(running: Running): string {
  const lines = running.log().split('\n').filter(Boolean).slice(-5)
  return lines.map(line => (line.startsWith('{') ? `upstreamd: ${JSON.parse(line).msg}` : line)).join('\n')
}

/** What so many requests in a row are answered with: the text, or the status when it is no 200. */
export async function ask({ port }: Stage, service: string, times: number): Promise<string[]> {
  const answers: string[] = []
  for (let turn = 0; turn < times; turn += 1) {
    const { status, text } = await get(port, hostOf(service))
    answers.push(status === 200 ? text.trim() : String(status))
  }
  return answers
}

export interface Seen {
  readonly ms: number // from `since` to the first of these answers
  readonly text: string
}

/** Waits until a service is answered by these and by nobody else, each as often as the others. */
export async function answersOf(
  stage: Stage,
  service: string,
  expected: readonly string[],
  since = performance.now(),
): Promise<Seen> {
  const wanted = [...expected, ...expected]
  let answers: readonly string[] = []
  async function look(): Promise<number | false> {
    const asked = performance.now()
    answers = await ask(stage, service, wanted.length)
    return answers.toSorted().join() === wanted.toSorted().join() && asked
  }
  try {
    const ms = (await until('the answers', look, PATIENCE_MS, stage.signal)) - since
    return { ms, text: `${hostOf(service)} → ${answers.join(' ')}` }
  } catch (error) {
    stage.signal.throwIfAborted()
    throw new Error(`${hostOf(service)} → ${answers.join(' ') || error}; expected ${wanted.join(' ')}`)
  }
}

export function idsOf({ instances }: Stage, service: string): string[] {
  return instances.filter(instance => instance.service === service).map(({ id }) => id)
}

/** The server name upstreamd makes of a service's name. */
export function hostOf(service: string): string {
  return `${service.replaceAll('-', '.')}.${DOMAIN}`
}
