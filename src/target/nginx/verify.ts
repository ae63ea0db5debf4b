import type { Clock } from '../../runtime.ts'

/** Between two looks at the evidence; the log shows a verdict within about a millisecond (measured). */
const LOOK_MS = 5
/** nginx itself tries again to bind a port that is taken, for 2.5 s. */
const BINDING_MS = 3_000
/** A master that says it has begun to read is heard out: ten thousand upstreams take seconds, on a busy machine many. */
const READING_MS = 50_000
/** On the way to a stop nobody waits for a verdict much longer. */
const HURRY_MS = 500
/** nginx says at once that it reconfigures. A log without a word is deleted, or on a full disk: it tells nothing. */
const MUTE_MS = 2_000

/** What can be seen of an nginx that was told to take up a configuration. */
export interface Witness {
  /** Log lines since the signal. */
  lines(): readonly string[]
  /** Does this log hold notices? Without them an acceptance leaves no line, only a refusal does. */
  readonly hasNotices: boolean
  /** Workers that take connections, by pid. */
  workers(): readonly number[]
  isAlive(): boolean
  /** Own layout: does it answer with the digest that is expected? */
  readonly answers: (() => Promise<boolean>) | undefined
  /** Is there no sign that the master has even noticed? Undefined where it would show none. */
  readonly isHung: ((lines: readonly string[]) => boolean) | undefined
}

export interface Waiting {
  readonly before: ReadonlySet<number> // the workers there were
  readonly master: number
  readonly deadline: number // ms
  readonly reaction: number // ms after which a master without any sign is called hung
  readonly stop: AbortSignal // shortens the waiting, and does not end it: the verdict decides what stays on the disk
}

export type Verdict =
  | { readonly kind: 'accepted'; readonly workers: readonly number[] }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'died'; readonly reason: string } // the master is gone
  | { readonly kind: 'broken'; readonly reason: string } // accepted, and its workers died of it
  | { readonly kind: 'hung'; readonly reason: string } // the master has not even noticed
  | { readonly kind: 'silent'; readonly reason: string } // nothing came of it within the deadline

/** Waits until the evidence speaks, at most `deadline` ms (longer while nginx itself still tries to bind). */
export async function verdict(witness: Witness, waiting: Waiting, clock: Clock): Promise<Verdict> {
  const { before, master, deadline, reaction, stop } = waiting
  const from = clock.now()
  let until = from + deadline
  while (true) {
    const lines = witness.lines()
    const fresh = witness.workers().filter(pid => !before.has(pid))
    const word = heard(lines, master)
    if (word.kind === 'refused') return word
    if (!witness.isAlive()) return { kind: 'died', reason: emergencies(lines) || 'the master process ended' }
    const dead = deaths(lines, pid => !before.has(pid))
    if (word.kind === 'accepted' && dead.length > 0) return { kind: 'broken', reason: emergencies(lines) }
    const isMute = lines.length === 0 && clock.now() > from + MUTE_MS
    if (fresh.length > 0 && (word.kind === 'accepted' || !witness.hasNotices || isMute)) {
      if (witness.answers === undefined || (await witness.answers())) return { kind: 'accepted', workers: fresh }
    }
    const now = clock.now()
    if ((word.kind === 'nothing' || word.kind === 'reading') && now > from + reaction && witness.isHung?.(lines)) {
      return { kind: 'hung', reason: `the master process has not reacted to a signal for ${reaction} ms` }
    }
    if (stop.aborted) until = Math.min(until, now + HURRY_MS)
    const patience = stop.aborted ? 0 : word.kind === 'binding' ? BINDING_MS : word.kind === 'reading' ? READING_MS : 0
    if (now > until + patience) {
      const nothing = stop.aborted
        ? 'given up on the way to a stop'
        : `no sign of the new configuration within ${deadline} ms`
      return { kind: 'silent', reason: emergencies(lines) || nothing }
    }
    await clock.sleep(LOOK_MS, neverAborted)
  }
}

const neverAborted = new AbortController().signal

/** What the log says so far. A failed bind is provisional: nginx retries for 2.5 s and takes the configuration up if the port frees. */
export function heard(
  lines: readonly string[],
  master: number,
): { kind: 'nothing' | 'reading' | 'accepted' | 'binding' } | { kind: 'refused'; reason: string } {
  let word: 'nothing' | 'reading' | 'accepted' | 'binding' = 'nothing'
  for (const line of lines) {
    if (line.includes('still could not bind()')) return { kind: 'refused', reason: emergencies(lines) }
    if (isEmergency(line, master)) {
      if (!/bind\(\) .*failed/.test(line)) return { kind: 'refused', reason: emergencies(lines) }
      word = 'binding'
    }
    if (word === 'nothing' && line.includes(`[notice] ${master}#`) && line.endsWith('reconfiguring')) word = 'reading'
    if (/\[notice\] .*start worker processes/.test(line)) word = 'accepted'
  }
  return { kind: word }
}

/**
 * Workers that died of what they were told, in nginx's words: `exited with fatal code 2`, `exited on signal 11`.
 * Signals 9 and 15 come from outside.
 */
export function deaths(lines: readonly string[], isNew: (pid: number) => boolean): string[] {
  return lines.flatMap(line => {
    const match = /(worker process (\d+) exited (?:with fatal code|on signal (?!9\b|15\b)).*)$/.exec(line)
    return match !== null && isNew(Number(match[2])) ? [match[1] ?? ''] : []
  })
}

/** Workers that ended on a signal, whoever sent it: nginx starts others in their place. */
export function crashes(lines: readonly string[]): string[] {
  return lines.flatMap(line => /(worker process \d+ exited on signal \d+.*)$/.exec(line)?.[1] ?? [])
}

/** nginx's own words, once each, without the time stamp. */
export function emergencies(lines: readonly string[]): string {
  const words = lines
    .filter(line => /\[(emerg|alert|crit)\]/.test(line))
    .map(line => line.replace(/^.*?\[(emerg|alert|crit)\] (\d+#\d+: )?/, ''))
  return [...new Set(words)].filter(word => !word.startsWith('still could not bind')).join('; ')
}

function isEmergency(line: string, master: number): boolean {
  return line.includes(`[emerg] ${master}#`)
}
