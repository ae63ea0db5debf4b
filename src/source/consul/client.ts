import { EventEmitter } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { join } from 'node:path'
import Consul from 'consul'
import { formatDuration } from '../../duration.ts'
import { reasonOf, UpstreamdError } from '../../errors.ts'
import { type Answer, type Question, type Response, understand } from './answer.ts'
import type { ConsulConfig } from './config.ts'

/** Consul allows 200 connections per client address; we need a dozen, whatever the number of services. */
const CONNECTIONS = 16
/** A connection nobody speaks on is asked by the kernel whether the other end is still there. */
const KEEP_ALIVE_MS = 15_000
const HEADER_BYTES = 16 * 1024

/** How long and how much an answer may be. */
export interface Limits {
  readonly grace: number // ms an answer may take beyond what we asked Consul to wait
  readonly silence: number // ms without a byte, once a body has begun
  readonly bytes: number // of a body; V8 holds strings of about 512 MB
}
export const usualLimits: Limits = { grace: 10_000, silence: 15_000, bytes: 256 * 1024 * 1024 }

export interface ConsulClient {
  /** Throws an error of class `source`, and the signal's reason when it aborts. */
  ask<T>(question: Question<T>, signal: AbortSignal): Promise<Answer<T>>
  close(): void
}

/** Counts what was asked, over all attempts. */
export interface Tally {
  asked: number
}

/** Milliseconds after which an answer is not waited for any more; Consul adds up to a sixteenth to what it waits. */
export function patience(wait: number, { grace }: Limits): number {
  return wait * (1 + 1 / 16) + grace
}

/** The request layer of the `consul` package with what it leaves open: deadlines, cut bodies, stale bounds, meaning. */
export function connect(config: ConsulConfig, tally: Tally, limits = usualLimits): ConsulClient {
  const url = urlOf(config)
  const tls = config.ssl
  const options = { keepAlive: true, keepAliveMsecs: KEEP_ALIVE_MS, maxSockets: CONNECTIONS }
  const agent =
    url.protocol === 'https:'
      ? new https.Agent({
          ...options,
          rejectUnauthorized: tls.verify,
          ...trusted(tls),
          // A file may hold both.
          ...(tls.cert && { cert: read(tls.cert), key: read(tls.key || tls.cert) }),
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
  requests._ext('onRequest', bound(limits))
  const headers = headersOf(config)

  async function ask<T>(question: Question<T>, signal: AbortSignal): Promise<Answer<T>> {
    try {
      return await understood(question, signal)
    } catch (error) {
      throw withoutSecrets(error, headers)
    }
  }

  async function understood<T>(question: Question<T>, signal: AbortSignal): Promise<Answer<T>> {
    const stale = config.max_stale > 0 && !question.isConsistent && !question.isFresh
    const response = await send(question, stale, signal)
    // A follower that has not heard from its leader for too long: ask the leader itself.
    const lag = Number(response.headers['x-consul-lastcontact'] ?? 0)
    if (stale && lag > config.max_stale) return understand(await send(question, false, signal), question)
    return understand(response, question)
  }

  async function send(question: Question<unknown>, stale: boolean, signal: AbortSignal): Promise<Response> {
    signal.throwIfAborted()
    tally.asked += 1
    const context = new EventEmitter()
    const cancel = () => context.emit('cancel')
    const limit = patience(question.wait ?? 0, limits)
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
            ...question.query,
            ...(stale && { stale: '' }),
            ...(question.isConsistent && { consistent: '' }),
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
      const why = late ? `no complete answer within ${formatDuration(limit)}` : reasonOf(error)
      throw new UpstreamdError('SOURCE_UNREACHABLE', why)
    } finally {
      clearTimeout(deadline)
      signal.removeEventListener('abort', cancel)
    }
  }

  return { ask, close: () => agent.destroy() }
}

interface RequestLayer {
  readonly _opts: { readonly baseUrl: { hostname: string } }
  _ext(event: 'onRequest', extension: (request: { transport: Transport }, next: () => void) => void): void
  _get(options: object, ...middleware: unknown[]): Promise<Response>
}

interface Transport {
  request(options: http.RequestOptions): http.ClientRequest
}

/**
 * The package waits for `end`, which a connection that breaks inside a body never brings, and collects whatever
 * comes: what is too long, and who falls silent in the middle, is cut off here.
 */
function bound({ silence, bytes }: Limits) {
  return (request: { transport: Transport }, next: () => void) => {
    const { transport } = request
    request.transport = {
      request(options) {
        const sent = transport.request({ ...options, maxHeaderSize: HEADER_BYTES })
        sent.on('response', (response: Response) => {
          response.began = performance.now()
          let length = 0
          let why = 'the connection broke inside the answer'
          function cut(because: string): void {
            why = because
            response.destroy()
          }
          const quiet = setTimeout(
            () => cut(`nothing came for ${formatDuration(silence)} in the middle of the answer`),
            silence,
          )
          response.on('data', chunk => {
            quiet.refresh()
            length += chunk.length
            if (length > bytes) cut(`an answer of more than ${bytes} bytes`)
          })
          response.on('error', () => {}) // comes with the cut, which `close` reports
          response.on('close', () => {
            clearTimeout(quiet)
            if (!response.complete) sent.emit('error', new Error(why))
          })
        })
        return sent
      },
    }
    next()
  }
}

function isAnswer(error: Error | undefined): boolean {
  return error === undefined || 'isResponse' in error
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

/** Given any, nobody else is trusted: not the system's authorities either. */
function trusted({ ca_cert, ca_cert_bytes, ca_path }: ConsulConfig['ssl']): { ca?: string[] } {
  const folder = ca_path === undefined ? [] : filesIn(ca_path)
  const ca = [...(ca_cert ? [read(ca_cert)] : []), ...(ca_cert_bytes ? [ca_cert_bytes] : []), ...folder.map(read)]
  return ca.length > 0 ? { ca } : {}
}

/** The token goes into a header, never into the address, where proxies and logs would keep it. */
function headersOf({ token, token_file, auth, namespace }: ConsulConfig): Record<string, string> {
  const secret = token_file === undefined ? token : read(token_file).trim()
  return {
    ...(namespace && { 'x-consul-namespace': namespace }),
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

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter(entry => !entry.isDirectory())
      .map(({ name }) => join(folder, name))
  } catch (error) {
    throw new UpstreamdError('SOURCE_DENIED', `cannot read ${folder}`, { cause: error })
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new UpstreamdError('SOURCE_DENIED', `cannot read ${path}`, { cause: error })
  }
}
