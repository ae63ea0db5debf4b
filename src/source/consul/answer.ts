import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { z } from 'zod'
import { UpstreamdError } from '../../errors.ts'
import { Remembered, type Rows } from './rows.ts'

export interface Answer<T> {
  readonly index: bigint
  readonly body: T
  readonly digest: string // of the body as it came, for comparing
  readonly took: number // ms from its first byte until it was understood
}

/** A question, and what its answer has to look like. */
export interface Question<T> {
  readonly path: string // may hold {node}
  readonly schema: z.ZodType<T>
  /** Why something of this shape is no answer all the same. */
  refuse?(body: T): UpstreamdError | undefined
  readonly params?: Readonly<Record<string, string>>
  readonly index?: bigint // with it the query blocks until the index moves on
  readonly wait?: number // ms to block at most
  readonly filter?: string
  readonly query?: Readonly<Record<string, string>> // what else stands behind the question mark
  readonly isFresh?: boolean // never a follower's answer
  readonly isConsistent?: boolean // nor one of a leader that may have been replaced
  /** What it means that there is nothing of that name (404); an error otherwise. */
  readonly missing?: T
  /** Some endpoints have no index: 0 stands for it. */
  readonly isIndexOptional?: boolean
  /** How it is read when it is long, and what is known of it from the last time. */
  readonly rows?: Rows<T>
  readonly remembered?: Remembered
}

export interface Response extends IncomingMessage {
  readonly body?: Buffer
  began?: number // when its first byte came, in ms
}

/**
 * What an answer means, or why it means nothing: it throws an error of class `source` for whatever is not what the
 * API promises. Nobody can take the index on without the body.
 */
export async function understand<T>(response: Response, question: Question<T>): Promise<Answer<T>> {
  const { began = performance.now(), statusCode = 0, headers, body = Buffer.alloc(0) } = response
  const isMissing = statusCode === 404 && question.missing !== undefined
  if (statusCode !== 200 && !isMissing) throw refusal(statusCode, headers, body)
  const coding = headers['content-encoding']
  if (coding !== undefined && coding !== 'identity') throw malformed(question, `in ${coding}, which was not asked for`)

  const text = body.toString()
  const digest = createHash('sha1').update(body).digest('base64')
  const read = isMissing ? (question.missing as T) : await bodyOf(text, digest, question)
  // A token without the right to read gets an empty list, politely: that is not "none".
  const isEmpty = question.filter === undefined && (isMissing || /^(\[\]|\{\}|null)\s*$/.test(text))
  if (headers['x-consul-results-filtered-by-acls'] === 'true' && isEmpty) {
    throw new UpstreamdError('SOURCE_DENIED', `the token may read nothing of ${question.path}`)
  }
  const index = headers['x-consul-index'] ?? (question.isIndexOptional ? '0' : undefined)
  if (typeof index !== 'string' || !/^\d{1,20}$/.test(index)) {
    throw new UpstreamdError('SOURCE_NO_INDEX', `${question.path} answered without a usable X-Consul-Index`)
  }
  const refused = question.refuse?.(read)
  if (refused !== undefined) throw refused
  return { index: BigInt(index), body: read, digest, took: performance.now() - began }
}

async function bodyOf<T>(text: string, digest: string, question: Question<T>): Promise<T> {
  const { rows, remembered = new Remembered() } = question
  return (await rows?.read(text, digest, remembered)) ?? whole(text, question)
}

function whole<T>(text: string, question: Question<T>): T {
  const parsed = question.schema.safeParse(parseJson(question, text))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw malformed(question, `not what the API promises: ${issue?.path.join('.')}: ${issue?.message}`)
}

function refusal(status: number, headers: IncomingHttpHeaders, body: Buffer): UpstreamdError {
  const why = `HTTP ${status} ${excerpt(body.subarray(0, 500).toString(), 160)}`.trim()
  if (status === 401 || status === 403) return new UpstreamdError('SOURCE_DENIED', why)
  return new UpstreamdError('SOURCE_UNREACHABLE', why, { retryAfter: waitFor(headers) })
}

/** The milliseconds a `Retry-After` asks for: seconds, or a date, which is compared with that of the answer. */
export function waitFor({ 'retry-after': text = '', date = '' }: IncomingHttpHeaders): number | undefined {
  const ms = /^\s*\d+\s*$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.parse(date)
  return ms > 0 ? ms : undefined
}

function parseJson(question: Question<unknown>, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw malformed(question, `not JSON: ${excerpt(text.slice(0, 500), 60)}`)
  }
}

/** The beginning of somebody's text, fit for one line of a log on a terminal. */
function excerpt(text: string, length: number): string {
  return text.replace(/[\p{C}\s]+/gu, ' ').slice(0, length)
}

function malformed(question: Question<unknown>, why: string): UpstreamdError {
  return new UpstreamdError('SOURCE_MALFORMED', `${question.path} answered ${why}`)
}
