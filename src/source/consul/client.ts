import { EventEmitter } from 'node:events'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import Consul from 'consul'
import type { z } from 'zod'
import { reasonOf, UpstreamdError } from '../../errors.ts'
import type { ConsulConfig } from './config.ts'

/** Consul allows 200 connections per client address; we need a dozen, whatever the number of services. */
const CONNECTIONS = 16
/** How long an answer may take beyond what we asked Consul to wait. */
const GRACE_MS = 10_000
/** A catalog larger than this is a mistake; V8 holds strings of about 512 MB. */
const ANSWER_BYTES = 256 * 1024 * 1024

export interface Answer<T> {
  readonly index: bigint
  readonly body: T
  readonly text: string // as it came, for comparing
}

export interface Question {
  readonly path: string // may hold {node}
  readonly params?: Readonly<Record<string, string>>
  readonly index?: bigint // with it the query blocks until the index moves on
  readonly wait?: number // ms to block at most
  readonly filter?: string
}

export interface ConsulClient {
  readonly url: string
  /** Throws an error of class `source`, and the signal's reason when it aborts. */
  ask<T>(question: Question, schema: z.ZodType<T>, signal: AbortSignal): Promise<Answer<T>>
  close(): void
}

/** The request layer of the `consul` package with what it leaves open: deadlines, cut bodies, stale bounds, meaning. */
export function connect(config: ConsulConfig): ConsulClient {
  const url = urlOf(config)
  const tls = config.ssl
  const options = { keepAlive: true, keepAliveMsecs: 15_000, maxSockets: CONNECTIONS }
  const agent =
    url.protocol === 'https:'
      ? new https.Agent({
          ...options,
          rejectUnauthorized: tls.verify,
          ...(tls.ca_cert && { ca: read(tls.ca_cert) }),
          ...(tls.cert && { cert: read(tls.cert) }),
          ...(tls.key && { key: read(tls.key) }),
          ...(tls.server_name && { servername: tls.server_name }),
        })
      : new http.Agent(options)
  const requests = new Consul({
    baseUrl: new URL('/v1', url),
    agent,
    ...socketOf(config.address),
  } as never) as never as RequestLayer
  // The package hands brackets to the resolver, which knows no such host.
  requests._opts.baseUrl.hostname = url.hostname.replace(/^\[|\]$/g, '')
  requests._ext('onRequest', failOnCutBody)
  const headers = headersOf(config)

  async function ask<T>(question: Question, schema: z.ZodType<T>, signal: AbortSignal): Promise<Answer<T>> {
    try {
      return await asked(question, schema, signal)
    } catch (error) {
      throw withoutSecrets(error, headers)
    }
  }

  async function asked<T>(question: Question, schema: z.ZodType<T>, signal: AbortSignal): Promise<Answer<T>> {
    const stale = config.max_stale > 0
    const response = await send(question, stale, signal)
    // A follower that has not heard from its leader for too long: ask the leader itself.
    const lag = Number(response.headers['x-consul-lastcontact'] ?? 0)
    if (stale && lag > config.max_stale) return understand(await send(question, false, signal), question, schema)
    return understand(response, question, schema)
  }

  async function send(question: Question, stale: boolean, signal: AbortSignal): Promise<Response> {
    signal.throwIfAborted()
    const context = new EventEmitter()
    const cancel = () => context.emit('cancel')
    const limit = (question.wait ?? 0) * (1 + 1 / 16) + GRACE_MS
    let late = false
    const deadline = setTimeout(() => {
      late = true
      cancel()
    }, limit)
    signal.addEventListener('abort', cancel, { once: true })
    try {
      return await requests._get(
        {
          path: question.path,
          params: question.params ?? {},
          query: {
            ...(question.index !== undefined && { index: String(question.index), wait: `${question.wait}ms` }),
            ...(question.filter !== undefined && { filter: question.filter }),
            ...(stale && { stale: '' }),
          },
          headers,
          ctx: context,
          buffer: true,
        },
        (request: { err?: Error; res?: Response }, next: (error: false, failure?: Error, value?: unknown) => void) => {
          // An answer with an error status is an answer still: it is read below, where it gets its code.
          if (request.res?.statusCode !== undefined && isAnswer(request.err)) next(false, undefined, request.res)
          else next(false, request.err ?? new Error('no answer'))
        },
      )
    } catch (error) {
      signal.throwIfAborted()
      const why = late ? `no complete answer within ${Math.round(limit / 1000)} s` : reasonOf(error)
      throw new UpstreamdError('SOURCE_UNREACHABLE', why)
    } finally {
      clearTimeout(deadline)
      signal.removeEventListener('abort', cancel)
    }
  }

  return { url: url.origin, ask, close: () => agent.destroy() }
}

interface Response extends http.IncomingMessage {
  readonly body?: Buffer
}

interface RequestLayer {
  readonly _opts: { readonly baseUrl: { hostname: string } }
  _ext(event: 'onRequest', extension: (request: { transport: Transport }, next: () => void) => void): void
  _get(options: object, ...middleware: unknown[]): Promise<Response>
}

interface Transport {
  request(options: http.RequestOptions): http.ClientRequest
}

/** The package waits for `end`, which a connection that breaks inside a body never brings. */
function failOnCutBody(request: { transport: Transport }, next: () => void): void {
  const { transport } = request
  request.transport = {
    request(options) {
      const sent = transport.request(options)
      sent.on('response', response => {
        response.on('error', () => {}) // comes with the cut, which `close` reports
        response.on('close', () => {
          if (!response.complete) sent.emit('error', new Error('the connection broke inside the answer'))
        })
      })
      return sent
    },
  }
  next()
}

function isAnswer(error: Error | undefined): boolean {
  return error === undefined || 'isResponse' in error
}

function understand<T>(response: Response, question: Question, schema: z.ZodType<T>): Answer<T> {
  const { statusCode = 0, headers, body = Buffer.alloc(0) } = response
  if (statusCode !== 200) throw refusal(statusCode, headers, body)
  if (body.length > ANSWER_BYTES) throw malformed(question, `${body.length} bytes are too many`)

  const text = body.toString()
  const parsed = schema.safeParse(parseJson(question, text))
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw malformed(question, `not what the API promises: ${issue?.path.join('.')}: ${issue?.message}`)
  }
  // A token without the right to read gets an empty list, politely: that is not "none".
  const isEmpty = /^(\[\]|\{\}|null)\s*$/.test(text)
  if (headers['x-consul-results-filtered-by-acls'] === 'true' && isEmpty) {
    throw new UpstreamdError('SOURCE_DENIED', `the token may read nothing of ${question.path}`)
  }
  const index = headers['x-consul-index']
  if (typeof index !== 'string' || !/^\d+$/.test(index)) {
    throw new UpstreamdError('SOURCE_NO_INDEX', `${question.path} answered without a usable X-Consul-Index`)
  }
  return { index: BigInt(index), body: parsed.data, text }
}

function refusal(status: number, headers: http.IncomingHttpHeaders, body: Buffer): UpstreamdError {
  const why = `HTTP ${status} ${body.toString().replace(/\s+/g, ' ').slice(0, 160)}`.trim()
  if (status === 401 || status === 403) return new UpstreamdError('SOURCE_DENIED', why)

  const seconds = Number(headers['retry-after'])
  const retryAfter = Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : undefined
  return new UpstreamdError('SOURCE_UNREACHABLE', why, { retryAfter })
}

function parseJson(question: Question, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw malformed(question, `not JSON: ${text.replace(/\s+/g, ' ').slice(0, 60)}`)
  }
}

function malformed(question: Question, why: string): UpstreamdError {
  return new UpstreamdError('SOURCE_MALFORMED', `${question.path} answered ${why}`)
}

/** `host:port`, a URL, or `unix:///path`; the schema lets nothing else in. */
function urlOf({ address, ssl }: ConsulConfig): URL {
  if (address.startsWith('unix://')) return new URL('http://localhost')
  const text = /^https?:\/\//.test(address) ? address : `${ssl.enabled ? 'https' : 'http'}://${address}`
  const url = new URL(text)
  if (ssl.enabled) url.protocol = 'https:'
  return url
}

function socketOf(address: string): { socketPath?: string } {
  return address.startsWith('unix://') ? { socketPath: address.slice('unix://'.length) } : {}
}

/** The token goes into a header, never into the address, where proxies and logs would keep it. */
function headersOf({ token, token_file, auth }: ConsulConfig): Record<string, string> {
  const secret = token_file === undefined ? token : read(token_file).trim()
  return {
    ...(secret && { 'x-consul-token': secret }),
    ...(auth && { authorization: `Basic ${Buffer.from(auth).toString('base64')}` }),
  }
}

/** What answers may repeat what it was asked with, above all a proxy's page; what we say of it must not. */
function withoutSecrets(error: unknown, headers: Record<string, string>): unknown {
  const credentials = headers.authorization?.replace('Basic ', '') ?? ''
  const plain = Buffer.from(credentials, 'base64').toString()
  const secrets = [headers['x-consul-token'], credentials, plain, plain.slice(plain.indexOf(':') + 1)].filter(Boolean)
  if (!(error instanceof UpstreamdError)) return error
  const message = secrets.reduce<string>((text, secret) => text.replaceAll(secret ?? '', '(hidden)'), error.message)
  return message === error.message ? error : new UpstreamdError(error.code, message, { retryAfter: error.retryAfter })
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new UpstreamdError('SOURCE_DENIED', `cannot read ${path}`, { cause: error })
  }
}
